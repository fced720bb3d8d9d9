"""What a member of the database group should do next: pure decisions, from the states of all members to one action.

No input, no output, no clock: database-agent observes and acts. So every rule can be read here and tried in a test.

The rules, in one breath: who isn't in the group joins it when there is one. When there is none, only the most advanced of
all members founds it (again), and only while every member answers: silence never permits anything. One exception: who was the
last member when it stopped in order knows that nobody has newer data, and begins without the others.
"""

from dataclasses import dataclass
from enum import Enum

from group_state import FULL, Member, working_primary
from gtid_set import is_worth_copying, missing, sources

# Clocks this far apart, in seconds, mix up the order of what people wrote, and make certificates look not valid yet.
CLOCK_TOLERANCE = 5
# MiB. With less space than this a database gives the role of primary away.
LOW = 128
# Seconds that the primary's agent may be silent, in which nobody writes there; a group that lost its machine elects another one sooner.
SILENCE_TOLERANCE = 8
# Seconds for which a member may be ahead of its primary, which commits last of all when its disk is slow.
AHEAD_TOLERANCE = 30


class Action(Enum):
    WAIT = "wait"  # something has to happen first
    NOTHING = "nothing"  # all is as it should be
    FOUND = "found"  # begin the group, with the data of this machine
    CLONE = "clone"  # copy all data of a member of the group that there is
    JOIN = "join"  # become a member of it
    LEAVE = "leave"  # end what is left of a membership in a group that was lost
    LEAD = "lead"  # the new primary sees to the accounts
    HAND_OVER = "hand over"  # let another member be the primary
    STEP_OUT = "step out"  # end MySQL here, so that the group goes on without it
    ASK = "ask"  # only a person can decide


@dataclass(frozen=True)
class Decision:
    action: Action
    reason: str
    settled: bool = False  # this machine is ready
    founding: bool = False  # it is, though there is no group yet: it has no data that it could serve
    joins: bool = False  # now, or when its turn comes
    heir: str = ""  # UUID of the member that is to be the primary
    donor: str = ""  # name of the member whose data is copied


def decide(me: Member, others: list[Member], was_settled: bool) -> Decision:
    """The next action of this member. """
    if not me.answers:
        # with a full disk it starts for as long as the disk is full
        return Decision(Action.WAIT, f"MySQL is starting; {short_of_space(me)}" if me.space < LOW else "MySQL is starting")
    for other in others:
        # none: it isn't a member of a group yet, but one of two databases
        if other.answers and other.group and other.group != me.group:
            reason = (
                f"the database at the address of {other.name} belongs to another stack, or to another topology: two stacks use the "
                "same addresses. Give one of them another addressRange"
            )
            return Decision(Action.ASK, reason)
    if me.in_group:
        return decide_inside(me, others, was_settled)
    primary = working_primary(others)
    if primary:
        return decide_joining(me, others, primary)
    return decide_without_group(me, others)


def decide_inside(me: Member, others: list[Member], was_settled: bool) -> Decision:
    if not me.quorum:
        return Decision(Action.WAIT, "this member sees no more than half of its group: nothing can be written here")
    if me.space < LOW:
        return decide_short_of_space(me, others)
    if me.state == "RECOVERING":
        return Decision(Action.WAIT, f"catching up with the group: {me.queue} transactions to go")
    if me.role == "PRIMARY" and not me.leads:
        return Decision(Action.LEAD, "becoming the primary")
    if me.role == "SECONDARY" and is_heir_of_silent_primary(me, others):
        reason = f"the database agent of {me.primary}, the primary, is silent, so nobody may write there: becoming the primary"
        return Decision(Action.HAND_OVER, reason, settled=was_settled, heir=me.uuid)
    if me.ahead > AHEAD_TOLERANCE:
        reason = f"the data here has transactions that {me.primary}, the primary of this group, lacks: docs/runbooks/replica-errant.md"
        return Decision(Action.ASK, reason)
    if was_settled:
        return Decision(Action.NOTHING, standing(me), settled=True)
    # the first time only: later, the troubles of others are no reason to call this machine unready
    for other in others:
        if other.answers and abs(other.clock_ahead) > CLOCK_TOLERANCE:
            reason = (
                f"the clock here is {abs(other.clock_ahead):.0f} s {'ahead of' if other.clock_ahead > 0 else 'behind'} that of "
                f"{other.name}: set both by NTP (timedatectl set-ntp true)"
            )
            return Decision(Action.WAIT, reason)
        if other.answers and other.group and not other.needs_help and other.state != "ONLINE":
            return Decision(Action.WAIT, f"waiting for {other.name}, which is joining the group")
    return Decision(Action.NOTHING, standing(me), settled=True)


def decide_short_of_space(me: Member, others: list[Member]) -> Decision:
    """Nobody waits for a disk: not for the primary's, and not for that of a member which says it has what it can't store."""
    reason = short_of_space(me)
    able = [other for other in others if other.serves and other.space >= LOW]
    # who ends without goodbye counts as lost: the rest has to be more than half of the group without it
    if me.space < FULL and len(able) * 2 > len(me.view):
        return Decision(Action.STEP_OUT, f"{reason}. Until then the group goes on without this database")
    if me.role == "PRIMARY" and me.space >= FULL and able:
        return Decision(Action.HAND_OVER, f"{reason}. {able[0].name} is to be the primary", heir=able[0].uuid)
    return Decision(Action.WAIT, reason)


def short_of_space(me: Member) -> str:
    return f"the disk is nearly full, {me.space} MiB are free: make room, or give it a larger volume"


def is_heir_of_silent_primary(me: Member, others: list[Member]) -> bool:
    if not any(other.name == me.primary and other.silent > SILENCE_TOLERANCE for other in others):
        return False
    able = [each for each in (me, *others) if each.serves and each.role == "SECONDARY" and each.space >= LOW]
    return min(able, key=lambda each: each.position, default=None) is me


def standing(me: Member) -> str:
    return "primary, accepts writes" if me.role == "PRIMARY" else f"secondary, the primary is {me.primary or 'being elected'}"


def decide_joining(me: Member, others: list[Member], primary: Member) -> Decision:
    if missing(me.executed, primary.executed):
        reason = (
            f"the data here has transactions that the group of {primary.name} lacks, so this machine doesn't join. Nothing was "
            f"changed. If they are of no use, take over the group's data: run on {me.name}: database-agent copy-from {primary.name}"
        )
        return Decision(Action.ASK, reason)
    if me.space < LOW:
        return Decision(Action.WAIT, f"not joining the group: {me.space} MiB are free on the disk, at least {LOW} are needed")
    if not primary.leads:
        return Decision(Action.WAIT, f"{primary.name} is becoming the primary", joins=True)
    if me.name in primary.view:
        # it would count twice there, dead and alive (group_port.py)
        return Decision(Action.WAIT, f"the group of {primary.name} hasn't noticed yet that this member was gone")
    # one that has data was away, and lacks the latest only
    if not me.executed and is_worth_copying(primary.executed):
        donor = next((other for other in others if other.serves and other.role == "SECONDARY"), primary)
        return Decision(Action.CLONE, f"new and empty: copying the data of {donor.name}", donor=donor.name)
    # of two that join at once MySQL takes one, and the other one tries again after five seconds
    first = next((other for other in others if other.joins and not other.in_group and other.position < me.position), None)
    if first:
        return Decision(Action.WAIT, f"{first.name} joins the group first", joins=True)
    return Decision(Action.JOIN, f"joining the group of {primary.name}", joins=True)


def decide_without_group(me: Member, others: list[Member]) -> Decision:
    if me.state == "ERROR":
        # Its communication goes on for half a minute. Seen: a write that it couldn't agree on there reached the next group, whose
        # members could neither apply it nor start again.
        return Decision(Action.LEAVE, "leaving what is left of a lost group")
    inside = [other.name for other in others if other.in_group]
    if inside:
        return Decision(Action.WAIT, f"there is no primary, but {listed(inside)} may be about to elect one")
    if me.executed and me.group not in sources(me.executed):
        return decide_growing(me, others)
    silent = [other.name for other in others if not other.answers]
    if silent:
        if me.stopped_last and not any(missing(other.executed, me.executed) for other in others):
            return Decision(Action.FOUND, "this machine was the last to stop, so nobody has newer data: beginning the group")
        if not me.executed and not any(other.executed for other in others):
            reason = f"new and empty: waiting for {listed(silent)} to begin the group with; nothing can be written until then"
            # where machines are made one after the other, who isn't there yet comes later, and who came before is missed
            founding = all(other.answers or other.position > me.position for other in others)
            return Decision(Action.WAIT, reason, settled=founding, founding=founding)
        reason = (
            f"no group runs, and there is no answer from {listed(silent)}, where newer data may be. Start what is down; if a machine "
            "is lost for good, run on the one with the newest data: database-agent force-bootstrap"
        )
        return Decision(Action.WAIT, reason)
    return decide_founding(me, others)


def decide_growing(me: Member, others: list[Member]) -> Decision:
    """The data is from before there was a group: its primary, and nobody else, begins the group with it."""
    newest = max((me, *(other for other in others if other.answers)), key=lambda each: each.record.term).record
    primary = next((each for each in (me, *others) if each.name == newest.primary), None)
    if primary is None:
        reason = (
            "the data here wasn't written by this stack's group, nor by a primary that is part of it: it comes from another stack, or "
            "from another topology. Nothing was changed. To go on with it, run on "
            f"{me.name}: database-agent force-bootstrap; else empty its volume"
        )
        return Decision(Action.ASK, reason)
    # who was never a replica can't have been promoted
    asked = [other for other in others if other.name in newest.members]
    silent = [other for other in asked if not other.answers]
    if primary is not me or silent:
        names = listed([other.name for other in silent]) or primary.name
        founding = all(other.position > me.position for other in silent)
        reason = f"waiting for {names}: {primary.name}, the primary so far, begins the group"
        return Decision(Action.WAIT, reason, settled=founding, founding=founding)
    ahead = [other.name for other in others if missing(other.executed, me.executed)]
    if ahead:
        reason = (
            f"{listed(ahead)} has transactions that {me.name}, the primary so far, lacks, so no group is begun. Decide whose data is "
            "to be kept; there run: database-agent force-bootstrap"
        )
        return Decision(Action.ASK, reason)
    return Decision(Action.FOUND, "the primary so far, with all data: beginning the group")


def decide_founding(me: Member, others: list[Member]) -> Decision:
    """Every member answers and none is in a group: the most advanced one begins it, of equal ones the first made."""
    ahead = [other for other in others if missing(other.executed, me.executed)]
    torn = [other.name for other in ahead if missing(me.executed, other.executed)]
    if torn:
        reason = (
            f"{me.name} and {listed(torn)} each have transactions that the other lacks, so no group is begun. Decide whose "
            "data is to be kept; there run: database-agent force-bootstrap"
        )
        return Decision(Action.ASK, reason)
    if ahead:
        return Decision(Action.WAIT, f"waiting for newer data to begin the group: that of {listed([other.name for other in ahead])}")
    leaving = [other.name for other in others if other.state == "ERROR"]
    if leaving:
        return Decision(Action.WAIT, f"waiting for {listed(leaving)} to leave what is left of a lost group")
    for other in others:
        if not missing(me.executed, other.executed) and other.position < me.position:
            return Decision(Action.WAIT, f"{other.name} has the same data, and begins the group")
    return Decision(Action.FOUND, "every member answers, none is in a group, none has newer data: beginning the group")


def listed(names: list[str]) -> str:
    return " and ".join(names)
