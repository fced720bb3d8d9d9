"""The rules of database_decision.py, one situation after the other. Run by agent.test.ts, in the machine image."""

import unittest
from dataclasses import replace

from database_decision import (
    Action, Database, decide, known_record, losses, may_be_read, may_be_written, why_not_handed_over, why_not_promoted,
)  # fmt: skip
from primary_record import Record

A = "aaaaaaaa-0000-0000-0000-000000000001"
B = "bbbbbbbb-0000-0000-0000-000000000002"

first = Record(1, "db-1", ("db-1", "db-2"))
promoted = Record(2, "db-2", ("db-1", "db-2"))

absent_primary = Database("db-1", 0)
absent_replica = Database("db-2", 1)
primary = Database(
    "db-1", 0, answers=True, uuid=A, executed=f"{A}:1-10", writable=True, record=first, semi_synchronous=True
)  # fmt: skip
booted_primary = replace(primary, writable=False)
replica = Database(
    "db-2", 1, answers=True, uuid=B, executed=f"{A}:1-10", record=first,
    source="db-1", source_password_matches=True, receiving="Yes", applying="Yes", received=f"{A}:5-10", lag=0,
)  # fmt: skip
fresh_primary = Database("db-1", 0, answers=True, uuid=A)
fresh_replica = Database("db-2", 1, answers=True, uuid=B)


def decided(me, *peers, accounts_made=True):
    """As the agent does: by the newest record of all that answer."""
    return decide(replace(me, record=known_record(me, list(peers))), list(peers), "db-1", accounts_made)


class Primary(unittest.TestCase):
    def test_waits_for_its_own_mysql(self):
        self.assertIs(decided(absent_primary, replica).action, Action.WAIT)

    def test_alone_in_its_topology_leads(self):
        self.assertIs(decided(fresh_primary).action, Action.LEAD)

    def test_empty_it_waits_for_the_replica_which_may_have_data_and_is_ready_meanwhile(self):
        decision = decided(fresh_primary, absent_replica)
        self.assertEqual((decision.action, decision.settled, decision.founding), (Action.WAIT, True, True))

    def test_founds_when_both_are_empty(self):
        self.assertIs(decided(fresh_primary, fresh_replica).action, Action.LEAD)

    def test_leads_again_after_a_restart(self):
        self.assertIs(decided(booted_primary, replica).action, Action.LEAD)

    def test_does_not_lead_again_before_the_replica_says_that_it_was_not_promoted(self):
        decision = decided(booted_primary, absent_replica)
        self.assertIs(decision.action, Action.WAIT)
        self.assertIn("--accept-loss", decision.reason)

    def test_goes_on_when_the_replica_goes_away(self):
        self.assertIs(decided(primary, absent_replica).action, Action.NOTHING)

    def test_growing_from_one_machine_needs_no_consent_of_the_one_that_is_to_come(self):
        alone = replace(booted_primary, record=Record(1, "db-1", ("db-1",)))
        self.assertIs(decided(alone, absent_replica).action, Action.LEAD)

    def test_counts_its_replicas_as_those_that_may_be_promoted(self):
        alone = replace(primary, record=Record(1, "db-1", ("db-1",)))
        self.assertEqual(known_record(alone, [replica]).members, ("db-1", "db-2"))
        self.assertEqual(known_record(alone, [fresh_replica]).members, ("db-1",))

    def test_an_agent_that_starts_again_sees_to_the_accounts_once_more(self):
        self.assertIs(decided(primary, replica, accounts_made=False).action, Action.LEAD)

    def test_is_settled_when_it_accepts_writes(self):
        decision = decided(primary, replica)
        self.assertEqual((decision.action, decision.settled), (Action.NOTHING, True))

    def test_with_a_wiped_disk_asks_a_person_instead_of_accepting_writes(self):
        decision = decided(replace(booted_primary, uuid=B, executed="", record=Record()), replica)
        self.assertIs(decision.action, Action.ASK)
        self.assertIn("run on db-1: database-agent copy-from db-2", decision.reason)

    def test_with_an_old_copy_of_its_disk_asks_too(self):
        decision = decided(replace(booted_primary, executed=f"{A}:1-7"), replica)
        self.assertIs(decision.action, Action.ASK)

    def test_steps_back_when_a_replica_with_other_data_turns_up_later(self):
        founded_anew = replace(primary, uuid=B, executed=f"{B}:1-5")
        self.assertIs(decided(founded_anew, replica).action, Action.STEP_BACK)

    def test_a_replica_that_has_the_transaction_being_committed_is_no_reason_to_step_back(self):
        ahead = replace(replica, executed=f"{A}:1-11")
        self.assertIs(decided(primary, ahead).action, Action.NOTHING)

    def test_decides_nothing_while_it_hands_over(self):
        self.assertIs(decided(replace(booted_primary, handing_over=True), replica).action, Action.WAIT)


class Replica(unittest.TestCase):
    def test_waits_for_a_primary_that_accepts_writes(self):
        for peer in (absent_primary, booted_primary):
            self.assertIs(decided(fresh_replica, peer).action, Action.WAIT)

    def test_follows_the_primary(self):
        self.assertIs(decided(fresh_replica, primary).action, Action.FOLLOW)

    def test_empty_it_copies_all_data_when_the_log_no_longer_begins_at_the_beginning(self):
        old = replace(primary, purged=f"{A}:1-3")
        self.assertIs(decided(fresh_replica, old).action, Action.CLONE)
        late = replace(replica, source="", executed=f"{A}:1-2")
        self.assertIs(decided(late, old).action, Action.ASK)
        self.assertIs(decided(replace(replica, source=""), old).action, Action.FOLLOW)

    def test_empty_it_copies_all_data_when_there_is_much_to_repeat(self):
        long = replace(primary, executed=f"{A}:1-30000")
        self.assertIs(decided(fresh_replica, long).action, Action.CLONE)
        self.assertIs(decided(replace(replica, source=""), long).action, Action.FOLLOW)

    def test_follows_anew_when_the_primary_has_another_address_or_password(self):
        self.assertIs(decided(replace(replica, source="10.0.0.9"), primary).action, Action.FOLLOW)
        self.assertIs(decided(replace(replica, source_password_matches=False), primary).action, Action.FOLLOW)

    def test_is_settled_when_it_has_everything(self):
        decision = decided(replica, primary)
        self.assertEqual((decision.action, decision.settled), (Action.NOTHING, True))

    def test_is_not_settled_before(self):
        behind = [
            replace(replica, executed=f"{A}:1-9"),
            replace(replica, lag=7),
            replace(replica, lag=None),
            replace(replica, receiving="Connecting", lag=None),
        ]
        for me in behind:
            self.assertFalse(decided(me, primary).settled, me)
        self.assertFalse(decided(replica, absent_primary).settled)

    def test_resumes_replication_that_somebody_stopped(self):
        self.assertIs(decided(replace(replica, applying="No"), primary).action, Action.RESUME)

    def test_asks_a_person_when_replication_is_broken(self):
        decision = decided(replace(replica, applying="No", error="Duplicate entry"), primary)
        self.assertIs(decision.action, Action.ASK)
        self.assertIn("Duplicate entry", decision.reason)

    def test_does_not_follow_a_primary_that_lost_its_data(self):
        wiped = replace(booted_primary, uuid=B, executed="", record=Record())
        self.assertIs(decided(replica, wiped).action, Action.ASK)


class Promotion(unittest.TestCase):
    new_primary = replace(replica, writable=True, source="", receiving="", applying="", lag=None, record=promoted)

    def test_who_the_newest_record_names_becomes_the_primary(self):
        self.assertIs(decided(replica, replace(booted_primary, record=promoted)).action, Action.LEAD)

    def test_an_old_primary_that_comes_back_is_a_replica_and_never_writable(self):
        decision = decided(booted_primary, self.new_primary)
        self.assertIs(decision.action, Action.FOLLOW)

    def test_an_old_primary_that_was_cut_off_steps_back_as_soon_as_it_hears_of_it(self):
        self.assertIs(decided(primary, self.new_primary).action, Action.STEP_BACK)

    def test_an_old_primary_with_transactions_that_the_new_one_lacks_stays_out_and_says_how_many(self):
        decision = decided(replace(booted_primary, executed=f"{A}:1-13"), self.new_primary)
        self.assertEqual((decision.action, decision.outdated), (Action.ASK, True))
        self.assertIn("3 transactions", decision.reason)
        self.assertIn("run on db-1: database-agent copy-from db-2", decision.reason)

    def test_an_old_primary_alone_does_not_know_and_waits(self):
        self.assertIs(decided(booted_primary, absent_replica).action, Action.WAIT)

    def test_a_machine_made_before_the_primary_is_ready_without_it(self):
        stopped = replace(booted_primary, record=promoted)
        self.assertTrue(decided(stopped, absent_replica).founding)

    def test_a_primary_that_is_no_machine_of_the_stack_any_more(self):
        gone = replace(booted_primary, record=Record(3, "db-9", ("db-9",)))
        self.assertIs(decided(gone, replica).action, Action.ASK)

    def test_of_a_replica_that_has_everything_loses_nothing(self):
        self.assertEqual(losses(replica, [absent_primary], primary), [])

    def test_tells_what_is_lost_or_may_be(self):
        self.assertIn("2 transactions", losses(replica, [absent_primary], replace(primary, executed=f"{A}:1-12"))[0])
        self.assertIn("hasn't applied", losses(replace(replica, received=f"{A}:5-12"), [absent_primary], primary)[0])
        self.assertIn("didn't wait", losses(replica, [absent_primary], replace(primary, semi_synchronous=False))[0])
        self.assertIn("nobody knows", losses(replica, [absent_primary], None)[0])
        self.assertIn("db-2", losses(booted_primary, [absent_replica], None)[0])

    def test_is_refused_while_the_primary_lives(self):
        self.assertIn("lives", why_not_promoted(replica, [primary], True))
        self.assertIn("lives", why_not_promoted(replica, [replace(primary, answers=False)], True))
        self.assertEqual(why_not_promoted(replica, [absent_primary], False), "")

    def test_is_refused_of_the_primary_and_of_who_missed_another_promotion(self):
        self.assertIn("is the primary", why_not_promoted(primary, [replica], True))
        late = Database("db-3", 2, answers=True, record=promoted)
        self.assertIn("later promotion", why_not_promoted(replica, [absent_primary, late], False))

    def test_planned_it_takes_a_replica_that_keeps_up(self):
        self.assertEqual(why_not_handed_over(primary, replica, 10), "")
        unfit = [absent_replica, fresh_replica, replace(replica, lag=11), replace(replica, lag=None), replace(replica, applying="No")]
        for heir in unfit:
            self.assertNotEqual(why_not_handed_over(primary, heir, 10), "", heir)
        self.assertIn("not the primary", why_not_handed_over(booted_primary, replica, 10))


class Answers(unittest.TestCase):
    def readable(self, me, peer=primary):
        return may_be_read(me, decided(me, peer), maximum_lag=10)

    def test_writes_go_to_a_writable_primary_only(self):
        self.assertTrue(may_be_written(primary))
        for other in (booted_primary, absent_primary, replace(replica, writable=True), replace(primary, record=promoted)):
            self.assertFalse(may_be_written(other), other)

    def test_reads_go_to_primary_and_replica(self):
        self.assertTrue(self.readable(primary, replica))
        self.assertTrue(self.readable(replica))

    def test_a_replica_whose_primary_is_away_can_be_read(self):
        alone = replace(replica, receiving="Connecting", lag=None)
        self.assertTrue(self.readable(alone, absent_primary))

    def test_a_replica_whose_primary_lost_its_data_can_be_read_until_that_one_accepts_writes(self):
        wiped = replace(booted_primary, uuid=B, executed="", record=Record())
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
