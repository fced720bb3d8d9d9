"""The rules of group_decision.py and group_state.py, one situation after the other. Run by agent.test.ts, in the machine image."""

import unittest
from dataclasses import replace
from unittest.mock import patch

from group_decision import Action, decide
from group_force import losses, why_not_forced
from group_member import GroupMember
from group_state import Member, confirmed, has_older_data, may_be_read, may_be_written
from primary_record import Record

G = "11111111-0000-8000-8000-000000000000"  # this stack's group
X = "99999999-0000-8000-8000-000000000000"  # another's

# Each machine in the states that it can be in; "db" and the number of the machine.
empty = [Member(f"db-{n}", n, group=G, answers=True, uuid=f"{n}") for n in (1, 2, 3)]
joining = [replace(each, joins=True) for each in empty]
silent = [Member(f"db-{n}", n) for n in (1, 2, 3)]
out = [replace(each, executed=f"{G}:1-10") for each in empty]
behind = [replace(each, executed=f"{G}:1-7") for each in empty]
failed = [replace(each, state="ERROR") for each in out]
secondary = [replace(each, state="ONLINE", role="SECONDARY", quorum=True, primary="db-1") for each in out]
primary = [replace(each, state="ONLINE", role="PRIMARY", quorum=True, writable=True, leads=True) for each in out]
recovering = [replace(each, state="RECOVERING", role="SECONDARY", quorum=True) for each in out]
isolated = [replace(each, quorum=False) for each in primary]
foreign = [replace(each, executed=f"{X}:1-5") for each in empty]
last = [replace(each, stopped_last=True) for each in out]
# the last one that it acknowledged reached nobody: possible only by an operator's hand
torn = [replace(each, executed=f"{G}:1-7,{X}:1") for each in empty]
# from the time when db-1 was the primary and db-2 its replica; "fixed" still is a machine of that time
before = [replace(each, executed="1:1-10", record=Record(1, "db-1", ("db-1", "db-2"))) for each in empty]
before_late = replace(before[1], executed="1:1-8")
fixed = [replace(each, group="") for each in before]
moved = Record(2, "db-2", ("db-1", "db-2"))
one, two, three = 0, 1, 2

# a disk that is nearly full, and one that is
low = [replace(each, space=100, view=("db-1", "db-2", "db-3")) for each in primary]
full = [replace(each, space=0, view=("db-1", "db-2", "db-3")) for each in primary]
full_secondary = [replace(each, space=0, view=("db-1", "db-2", "db-3")) for each in secondary]
# its agent crashes at each start: nobody knows what its MySQL is good for
mute = replace(silent[one], silent=9)
# after some hours or years
full_of_data = [replace(each, executed=f"{G}:1-30000") for each in primary]
CLONE, HAND_OVER, STEP_OUT = Action.CLONE, Action.HAND_OVER, Action.STEP_OUT
FOUND, JOIN, LEAVE, LEAD = Action.FOUND, Action.JOIN, Action.LEAVE, Action.LEAD
WAIT, NOTHING, ASK = Action.WAIT, Action.NOTHING, Action.ASK

# who, the other two, what it does, and a part of why
SITUATIONS = [
    # ---- first boot, one machine after the other
    ("MySQL isn't there yet", silent[one], silent[two], silent[three], WAIT, "starting"),
    ("first machine, alone", empty[one], silent[two], silent[three], WAIT, "waiting for db-2 and db-3"),
    ("second machine", empty[two], empty[one], silent[three], WAIT, "waiting for db-3"),
    ("all are there: the first begins", empty[one], empty[two], empty[three], FOUND, "every member answers"),
    ("all are there: the others wait for it", empty[two], empty[one], empty[three], WAIT, "db-1 has the same data"),
    ("the first has begun, and makes accounts", empty[two], replace(primary[one], leads=False), empty[three], WAIT, "becoming"),
    ("the first has begun", empty[three], primary[one], empty[two], JOIN, "group of db-1"),
    ("back before the group noticed", out[three], replace(primary[one], view=("db-1", "db-2", "db-3")), secondary[two], WAIT, "noticed"),
    ("back when it has", out[three], replace(primary[one], view=("db-1", "db-2")), secondary[two], JOIN, "group of db-1"),
    ("one joins at a time", empty[three], primary[one], joining[two], WAIT, "db-2 joins the group first"),
    ("the one before goes ahead", joining[two], primary[one], joining[three], JOIN, "group of db-1"),
    ("who has joined, and catches up, is in nobody's way", empty[three], primary[one], replace(recovering[two], joins=True), JOIN, "group of db-1"),
    ("who tries in vain is in nobody's way", empty[three], primary[one], failed[two], JOIN, "group of db-1"),
    ("no second beginning while one runs", empty[two], primary[one], silent[three], JOIN, "group of db-1"),
    # ---- a disk that was lost
    ("wiped, the others are down", empty[one], silent[two], silent[three], WAIT, "nothing can be written until then"),
    ("wiped, one of the others is down", empty[one], out[two], silent[three], WAIT, "no answer from db-3"),
    ("wiped, the others are out of a group", empty[one], out[two], out[three], WAIT, "that of db-2 and db-3"),
    ("wiped, the others go on", empty[one], primary[two], secondary[three], JOIN, "group of db-2"),
    ("wiped, and there is much to repeat: a secondary's data", empty[one], full_of_data[two], secondary[three], CLONE, "the data of db-3"),
    ("wiped, and only the primary is left", empty[one], full_of_data[two], silent[three], CLONE, "the data of db-2"),
    ("was away, and missed much", out[one], full_of_data[two], secondary[three], JOIN, "group of db-2"),
    # ---- after a full outage
    ("one of three is back", out[one], silent[two], silent[three], WAIT, "database-agent force-bootstrap"),
    ("two of three are back", out[one], out[two], silent[three], WAIT, "no answer from db-3"),
    ("all are back, all the same", out[one], out[two], out[three], FOUND, "none has newer data"),
    ("all are back, all the same: the second waits", out[two], out[one], out[three], WAIT, "db-1 has the same data"),
    ("the first was away before the end", behind[one], out[two], out[three], WAIT, "that of db-2 and db-3"),
    ("the first was away: the second begins", out[two], behind[one], out[three], FOUND, "none has newer data"),
    ("all failed at once, none stopped", failed[one], failed[two], failed[three], LEAVE, "lost group"),
    ("one hasn't left the lost group yet", out[one], out[two], failed[three], WAIT, "for db-3 to leave"),
    ("and it does, whoever has newer data", replace(behind[three], state="ERROR"), out[one], out[two], LEAVE, "lost group"),
    ("one has what nobody else has, two the same", torn[one], out[two], out[three], ASK, "each have transactions"),
    ("the last to stop begins alone", last[one], silent[two], silent[three], FOUND, "the last to stop"),
    ("the last to stop, with an older one there", last[one], behind[two], silent[three], FOUND, "the last to stop"),
    ("the last to stop, but somebody was forced to go on", last[one], torn[two], silent[three], WAIT, "no answer from db-3"),
    ("the last to stop joins a group that goes on", last[one], primary[two], secondary[three], JOIN, "group of db-2"),
    # ---- a disk that fills
    ("the primary's disk is nearly full", low[one], secondary[two], secondary[three], HAND_OVER, "db-2 is to be the primary"),
    ("and the first other one's, too", low[one], full_secondary[two], secondary[three], HAND_OVER, "db-3 is to be the primary"),
    ("all disks are nearly full", low[one], full_secondary[two], full_secondary[three], WAIT, "make room"),
    ("the primary's disk is full", full[one], secondary[two], secondary[three], STEP_OUT, "goes on without"),
    ("a secondary's disk is full", full_secondary[one], primary[two], secondary[three], STEP_OUT, "goes on without"),
    ("full, but the rest would be no majority", full_secondary[one], primary[two], silent[three], WAIT, "make room"),
    ("two are full: one more must not go", full[one], full_secondary[two], secondary[three], WAIT, "make room"),
    ("no room to join", replace(out[one], space=100), primary[two], secondary[three], WAIT, "not joining"),
    ("no room to start", replace(silent[one], space=0), primary[two], secondary[three], WAIT, "starting; the disk is nearly full, 0 MiB"),
    # ---- one that comes back to a group that goes on
    ("restarted", out[one], primary[two], secondary[three], JOIN, "group of db-2"),
    ("expelled", failed[one], primary[two], secondary[three], JOIN, "group of db-2"),
    ("the group is electing", out[one], secondary[two], secondary[three], WAIT, "may be about to elect"),
    ("the rest of the group has no quorum", out[one], isolated[two], silent[three], WAIT, "may be about to elect"),
    ("it has what the group lacks", torn[one], primary[two], secondary[three], ASK, "copy-from db-2"),
    # ---- in the group
    ("a new primary sees to the accounts", replace(primary[one], leads=False), secondary[two], secondary[three], LEAD, ""),
    ("all is well, on the primary", primary[one], secondary[two], secondary[three], NOTHING, "primary"),
    ("all is well, on a secondary", secondary[two], primary[one], secondary[three], NOTHING, "primary is db-1"),
    ("others being away is no trouble of this machine", primary[one], silent[two], secondary[three], NOTHING, "primary"),
    # ---- a primary whose agent is silent, though its MySQL is in the group
    ("a silence of the primary's agent: the first other one takes over", secondary[two], mute, secondary[three], HAND_OVER, "is silent"),
    ("and nobody else does", secondary[three], mute, secondary[two], NOTHING, "primary is db-1"),
    ("but the next where the first has no room", secondary[three], mute, full_secondary[two], HAND_OVER, "becoming the primary"),
    ("a short silence", secondary[two], replace(mute, silent=5), secondary[three], NOTHING, "primary is db-1"),
    ("a silence of somebody else", secondary[two], primary[one], replace(silent[three], silent=99), NOTHING, "primary is db-1"),
    ("catching up", recovering[two], primary[one], secondary[three], WAIT, "catching up"),
    ("ready only when who can be is in the group", secondary[three], primary[one], out[two], WAIT, "waiting for db-2"),
    ("who needs help isn't waited for", secondary[three], primary[one], replace(out[two], needs_help=True), NOTHING, ""),
    ("cut off from the others", isolated[one], silent[two], silent[three], WAIT, "nothing can be written here"),
    # ---- what isn't this stack's
    ("data of another stack", foreign[one], foreign[two], foreign[three], ASK, "another stack, or from another topology"),
    ("data of another stack, before the others are there", foreign[one], silent[two], silent[three], ASK, "force-bootstrap"),
    ("data of another stack among empty ones", foreign[one], empty[two], empty[three], ASK, "empty its volume"),
    ("data of another stack, the group goes on", foreign[one], primary[two], secondary[three], ASK, "copy-from db-2"),
    ("another stack at the same addresses", empty[one], replace(out[two], group=X), silent[three], ASK, "addressRange"),
    # ---- growing from one or two databases to a group
    ("grown: the primary so far begins", before[one], fixed[two], silent[three], FOUND, "the primary so far"),
    ("grown: the replica joins", before_late, replace(primary[one], executed=f"1:1-10,{G}:1"), silent[three], JOIN, "db-1"),
    ("grown: the old replica is no reason to wait", primary[one], fixed[two], silent[three], NOTHING, "primary"),
    ("grown: the replica comes first", before[one], replace(fixed[two], record=moved), silent[three], WAIT, "db-2, the primary so far"),
    ("grown: then the primary begins", replace(before[two], record=moved), before[one], silent[three], FOUND, "the primary so far"),
    ("grown from one: nobody else is asked", replace(before[one], record=Record(1, "db-1", ("db-1",))), silent[two], silent[three], FOUND, ""),
    ("grown: the replica may have been promoted", before[one], silent[two], empty[three], WAIT, "waiting for db-2"),
    ("grown: the replica has more", before[one], replace(fixed[two], executed="1:1-11"), silent[three], ASK, "Decide whose data"),
    ("grown: an empty one waits", empty[three], before[one], before[two], WAIT, "newer data"),
    # ---- an id more, or another one for the same transaction
    ("ahead of the primary for a moment", replace(secondary[two], ahead=5), primary[one], secondary[three], NOTHING, "secondary"),
    ("ahead of the primary for good", replace(secondary[two], ahead=31), primary[one], secondary[three], ASK, "the primary of this group, lacks"),
    ("a clock that is ahead", secondary[two], replace(primary[one], clock_ahead=42), secondary[three], WAIT, "42 s ahead of"),
    ("a clock that is behind", secondary[two], replace(primary[one], clock_ahead=-42), secondary[three], WAIT, "42 s behind"),
]


class Situations(unittest.TestCase):
    def test_each(self):
        for title, me, other, another, action, reason in SITUATIONS:
            with self.subTest(title):
                decision = decide(me, [other, another], was_settled=False)
                self.assertIs(decision.action, action, decision.reason)
                self.assertIn(reason, decision.reason)

    def test_ahead_of_the_primary_counts_while_it_lasts(self):
        peers = [{"name": "db-1", "address": "1", "position": 1}, {"name": "db-3", "address": "3", "position": 3}]
        member = GroupMember({"name": "db-2", "address": "2", "position": 2, "peers": peers})
        ahead = replace(secondary[two], executed=f"{G}:1-11")
        for now, me, seconds in [(100, ahead, 0), (131, ahead, 31), (132, secondary[two], 0), (140, ahead, 0), (141, ahead, 1)]:
            with patch("group_member.time.monotonic", return_value=float(now)):
                self.assertEqual(member.seconds_ahead(me, [primary[one], secondary[three]]), seconds)

    def test_a_machine_made_before_the_primary_so_far_is_ready_without_it(self):
        late_primary = replace(before[one], record=moved)
        self.assertTrue(decide(late_primary, [silent[two], silent[three]], False).founding)
        self.assertTrue(decide(late_primary, [replace(fixed[two], record=moved), silent[three]], False).founding)

    def test_only_one_of_three_ever_begins_a_group(self):
        kinds = [empty, silent, out, behind, failed, secondary, primary, recovering, isolated, foreign, torn, before, fixed]
        for first in kinds:
            for second in kinds:
                for third in kinds:
                    members = [first[one], second[two], third[three]]
                    begin = [
                        me for me in members
                        if decide(me, [each for each in members if each is not me], False).action is FOUND
                    ]  # fmt: skip
                    self.assertLessEqual(len(begin), 1, members)
                    # who was never a replica needn't be there for a group to be begun with a primary's data
                    if begin and not begin[0].record.term:
                        self.assertTrue(all(each.answers and not each.in_group for each in members), members)


class Readiness(unittest.TestCase):
    def settled(self, me, *others, was_settled=False):
        return decide(me, list(others), was_settled).settled

    def test_the_first_machines_are_ready_alone_and_the_last_is_not(self):
        self.assertTrue(self.settled(empty[one], silent[two], silent[three]))
        self.assertTrue(self.settled(empty[two], empty[one], silent[three]))
        self.assertFalse(self.settled(empty[three], empty[one], empty[two]))
        self.assertFalse(self.settled(empty[three], silent[one], empty[two]))
        self.assertFalse(self.settled(empty[two], silent[one], silent[three]))

    def test_a_machine_with_data_is_ready_in_a_group_that_can_decide_only(self):
        self.assertFalse(self.settled(out[one], silent[two], silent[three]))
        self.assertFalse(self.settled(isolated[one], silent[two], silent[three], was_settled=True))
        self.assertTrue(self.settled(primary[one], silent[two], secondary[three]))

    def test_what_was_ready_stays_so_whatever_happens_to_others(self):
        late = replace(primary[one], clock_ahead=42)
        self.assertTrue(self.settled(secondary[three], late, out[two], was_settled=True))


class Answers(unittest.TestCase):
    def test_writes_go_to_a_primary_with_a_quorum_only(self):
        self.assertTrue(may_be_written(primary[one]))
        for other in (isolated[one], secondary[one], failed[one], silent[one], replace(primary[one], writable=False)):
            self.assertFalse(may_be_written(other), other)

    def test_the_answer_about_the_primary_waits_while_one_is_elected(self):
        just_elected = replace(primary[one], writable=False)
        for member in (replace(secondary[two], primary=""), just_elected):
            self.assertTrue(member.awaits_primary, member)
        for other in (primary[one], secondary[two], isolated[one], recovering[one], out[one], failed[one], silent[one]):
            self.assertFalse(other.awaits_primary, other)

    def test_reads_go_to_members_of_a_group_that_can_decide(self):
        for member in (primary[one], secondary[one]):
            self.assertTrue(may_be_read(member), member)
        for other in (isolated[one], recovering[one], out[one], failed[one], silent[one]):
            self.assertFalse(may_be_read(other), other)

    def test_a_full_disk_gets_nothing_newer_and_is_not_read(self):
        self.assertTrue(may_be_read(replace(secondary[one], space=100)))
        self.assertFalse(may_be_read(full_secondary[one]))

    def test_a_primary_that_stood_still_asks_the_others(self):
        me = replace(primary[one], view=("db-1", "db-2", "db-3"))
        with_another = [replace(primary[two], primary="db-2"), replace(secondary[three], primary="db-2")]
        for others in (with_another, [silent[two], silent[three]], [isolated[two], silent[three]]):
            self.assertFalse(confirmed(me, others), others)
        self.assertTrue(confirmed(me, [secondary[two], silent[three]]))
        self.assertTrue(confirmed(secondary[one], [silent[two], silent[three]]))
        self.assertTrue(confirmed(replace(me, view=("db-1",)), [silent[two], silent[three]]), "the others left in order")

    def test_when_there_is_none_older_data_is_better_than_nothing(self):
        for member in (isolated[one], out[one], failed[one]):
            self.assertTrue(has_older_data(member, [isolated[two], silent[three]]), member)
            self.assertFalse(has_older_data(member, [silent[two], secondary[three]]), "another one has it all")
        for other in (empty[one], silent[one]):
            self.assertFalse(has_older_data(other, [silent[two], silent[three]]), other)


class Operator(unittest.TestCase):
    def test_is_told_what_forcing_a_group_gives_up(self):
        lines = losses(behind[one], [out[two], silent[three]])
        self.assertEqual(len(lines), 2)
        self.assertIn("db-2 has 3 transactions that db-1 lacks", lines[0])
        self.assertIn("db-3 does not answer", lines[1])
        self.assertEqual(losses(out[one], [out[two], behind[three]]), [])

    def test_cannot_force_a_second_group_beside_one_that_works(self):
        self.assertIn("db-2 is a member", why_not_forced(out[one], [secondary[two], silent[three]]))
        self.assertIn("db-1 is a member", why_not_forced(primary[one], [silent[two], silent[three]]))
        self.assertIn("MySQL", why_not_forced(silent[one], [silent[two], silent[three]]))
        self.assertEqual(why_not_forced(isolated[one], [silent[two], silent[three]]), "")


if __name__ == "__main__":
    unittest.main()
