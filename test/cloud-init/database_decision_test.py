"""The rules of database_decision.py, one situation after the other. Run by agent.test.ts, in the machine image."""

import unittest
from dataclasses import replace

from database_decision import Action, Database, decide, may_be_read, may_be_written

A = "aaaaaaaa-0000-0000-0000-000000000001"
B = "bbbbbbbb-0000-0000-0000-000000000002"
ADDRESSES = {"db-1": "10.0.0.1", "db-2": "10.0.0.2"}

absent_primary = Database("db-1", "primary")
absent_replica = Database("db-2", "replica")
primary = Database("db-1", "primary", answers=True, uuid=A, executed=f"{A}:1-10", writable=True)
booted_primary = replace(primary, writable=False)
replica = Database(
    "db-2", "replica", answers=True, uuid=B, executed=f"{A}:1-10",
    source="10.0.0.1", source_password_matches=True, receiving="Yes", applying="Yes", lag=0,
)  # fmt: skip
fresh_replica = Database("db-2", "replica", answers=True, uuid=B)


class Primary(unittest.TestCase):
    def decide(self, me, peer, accounts_made=True):
        return decide(me, [peer], {"db-2": ADDRESSES["db-2"]}, accounts_made)

    def test_waits_for_its_own_mysql(self):
        self.assertIs(self.decide(absent_primary, replica).action, Action.WAIT)

    def test_founds_when_both_are_empty_and_the_replica_is_not_there_yet(self):
        empty = replace(booted_primary, executed="")
        self.assertIs(self.decide(empty, absent_replica).action, Action.LEAD)

    def test_leads_again_after_a_restart(self):
        self.assertIs(self.decide(booted_primary, replica).action, Action.LEAD)

    def test_leads_again_while_the_replica_is_away(self):
        self.assertIs(self.decide(booted_primary, absent_replica).action, Action.LEAD)

    def test_an_agent_that_starts_again_sees_to_the_accounts_once_more(self):
        self.assertIs(self.decide(primary, replica, accounts_made=False).action, Action.LEAD)

    def test_is_settled_when_it_accepts_writes(self):
        decision = self.decide(primary, replica)
        self.assertEqual((decision.action, decision.settled), (Action.NOTHING, True))

    def test_with_a_wiped_disk_asks_a_person_instead_of_accepting_writes(self):
        decision = self.decide(replace(booted_primary, uuid=B, executed=""), replica)
        self.assertIs(decision.action, Action.ASK)
        self.assertIn("run on db-1: database-agent copy-from db-2", decision.reason)

    def test_with_an_old_copy_of_its_disk_asks_too(self):
        decision = self.decide(replace(booted_primary, executed=f"{A}:1-7"), replica)
        self.assertIs(decision.action, Action.ASK)

    def test_steps_back_when_a_replica_with_other_data_turns_up_later(self):
        founded_anew = replace(primary, uuid=B, executed=f"{B}:1-5")
        decision = self.decide(founded_anew, replica)
        self.assertIs(decision.action, Action.STEP_BACK)

    def test_a_replica_that_has_the_transaction_being_committed_is_no_reason_to_step_back(self):
        ahead = replace(replica, executed=f"{A}:1-11")
        self.assertIs(self.decide(primary, ahead).action, Action.NOTHING)


class Replica(unittest.TestCase):
    def decide(self, me, peer):
        return decide(me, [peer], {"db-1": ADDRESSES["db-1"]}, False)

    def test_waits_for_a_primary_that_accepts_writes(self):
        for peer in (absent_primary, booted_primary):
            self.assertIs(self.decide(fresh_replica, peer).action, Action.WAIT)

    def test_follows_the_primary(self):
        self.assertIs(self.decide(fresh_replica, primary).action, Action.FOLLOW)

    def test_follows_anew_when_the_primary_has_another_address_or_password(self):
        self.assertIs(self.decide(replace(replica, source="10.0.0.9"), primary).action, Action.FOLLOW)
        self.assertIs(self.decide(replace(replica, source_password_matches=False), primary).action, Action.FOLLOW)

    def test_is_settled_when_it_has_everything(self):
        decision = self.decide(replica, primary)
        self.assertEqual((decision.action, decision.settled), (Action.NOTHING, True))

    def test_is_not_settled_before(self):
        behind = [
            replace(replica, executed=f"{A}:1-9"),
            replace(replica, lag=7),
            replace(replica, lag=None),
            replace(replica, receiving="Connecting", lag=None),
        ]
        for me in behind:
            self.assertFalse(self.decide(me, primary).settled, me)
        self.assertFalse(self.decide(replica, absent_primary).settled)

    def test_resumes_replication_that_somebody_stopped(self):
        self.assertIs(self.decide(replace(replica, applying="No"), primary).action, Action.RESUME)

    def test_asks_a_person_when_replication_is_broken(self):
        decision = self.decide(replace(replica, applying="No", error="Duplicate entry"), primary)
        self.assertIs(decision.action, Action.ASK)
        self.assertIn("Duplicate entry", decision.reason)

    def test_does_not_follow_a_primary_that_lost_its_data(self):
        wiped = replace(booted_primary, uuid=B, executed="")
        self.assertIs(self.decide(replica, wiped).action, Action.ASK)


class Answers(unittest.TestCase):
    def readable(self, me, peer=primary):
        return may_be_read(me, decide(me, [peer], ADDRESSES, True), maximum_lag=10)

    def test_writes_go_to_a_writable_primary_only(self):
        self.assertTrue(may_be_written(primary))
        for other in (booted_primary, absent_primary, replace(replica, writable=True)):
            self.assertFalse(may_be_written(other), other)

    def test_reads_go_to_primary_and_replica(self):
        self.assertTrue(self.readable(primary, replica))
        self.assertTrue(self.readable(replica))

    def test_a_replica_whose_primary_is_away_can_be_read(self):
        alone = replace(replica, receiving="Connecting", lag=None)
        self.assertTrue(self.readable(alone, absent_primary))

    def test_a_replica_whose_primary_lost_its_data_can_be_read_until_that_one_accepts_writes(self):
        wiped = replace(booted_primary, uuid=B, executed="")
        self.assertTrue(self.readable(replica, wiped))
        self.assertFalse(self.readable(replica, replace(wiped, executed=f"{B}:1-3", writable=True)))

    def test_nobody_reads_what_is_broken_late_empty_or_away(self):
        unfit = [
            replace(replica, applying="No", error="Duplicate entry"),
            replace(replica, receiving="No", error="purged binary logs"),
            replace(replica, lag=11),
            replace(replica, executed=""),
            replace(fresh_replica, executed=f"{A}:1-3"),
            absent_replica,
        ]
        for me in unfit:
            self.assertFalse(self.readable(me), me)
        self.assertFalse(self.readable(booted_primary, replica))


if __name__ == "__main__":
    unittest.main()
