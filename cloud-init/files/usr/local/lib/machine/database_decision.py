"""What one of two databases, a primary and its replica, should do next: pure decisions, from what is known of all to one action.

No input, no output, no clock: database-agent observes and acts. So every rule can be read here and tried in a test.

The rules, in one breath: the primary is whom the newest record names (primary_record.py), all others are its replicas. Who starts
as the primary first hears from everybody who may have been promoted meanwhile: silence never permits anything. Data that
others lack is never deleted, except by a person.
"""

from dataclasses import dataclass, replace
from enum import Enum

from gtid_set import count_missing, is_worth_copying, missing
from primary_record import Record


@dataclass(frozen=True)
class Database:
    """One database, as its own agent sees it. What isn't known is as nothing."""

    name: str
    position: int = 0  # in the order in which machines are made
    answers: bool = False  # its agent does, and its MySQL
    uuid: str = ""  # under which it writes
    executed: str = ""  # GTID set: every transaction that it has
    purged: str = ""  # GTID set: those that it can't pass on from its log any more
    writable: bool = False
    record: Record = Record()
    handing_over: bool = False  # it is about to make another one the primary
    needs_help: bool = False  # a person has to decide something there
    # the primary's side of replication
    semi_synchronous: bool = False  # a commit waits until a replica has it
    # a replica's side
    source: str = ""  # whom it replicates from: a name, or an address that is nobody's; empty: nobody
    source_password_matches: bool = False
    receiving: str = ""  # Yes, Connecting (the primary is away), No
    applying: str = ""  # Yes, No
    received: str = ""  # GTID set: received since replication began, applied or not
    lag: int | None = None  # seconds behind; None: unknown while the primary is away
    error: str = ""
    awaits_primary = False  # nobody is elected here: a person promotes


class Action(Enum):
    WAIT = "wait"  # something has to happen first
    NOTHING = "nothing"  # all is as it should be
    LEAD = "lead"  # make accounts, then let everybody write
    STEP_BACK = "step back"  # stop accepting writes
    FOLLOW = "follow"  # replicate from the primary
    CLONE = "clone"  # nothing is here, and the primary's log doesn't begin at the beginning, or is long: copy all its data
    RESUME = "resume"  # start replication, which stopped without an error
    ASK = "ask"  # only a person can decide


@dataclass(frozen=True)
class Decision:
    action: Action
    reason: str
    settled: bool = False  # this machine is ready
    founding: bool = False  # it is, though there is no primary yet: those that are made after it are waited for
    outdated: bool = False  # the data here must not be shown to anybody


def known_record(me: Database, peers: list[Database]) -> Record:
    """The newest record of all that answer; of equal ones the primary's own, which knows the members."""
    answering = [me, *(peer for peer in peers if peer.answers)]
    newest = max(answering, key=lambda each: (each.record.term, each.name == each.record.primary)).record
    if newest.term and newest.primary == me.name and me.writable:
        followers = {peer.name for peer in peers if peer.answers and peer.source == me.name}
        return replace(newest, members=tuple(sorted({*newest.members, *followers})))
    return newest


def decide(me: Database, peers: list[Database], first: str, accounts_made: bool) -> Decision:
    """
    The next action of this database.
    @param first the primary as long as no record names one
    """
    if not me.answers:
        return Decision(Action.WAIT, "MySQL is starting")
    if me.handing_over:
        return Decision(Action.WAIT, "handing over the role of primary")
    name = me.record.primary or first
    if name == me.name:
        return decide_primary(me, peers, accounts_made)
    primary = next((peer for peer in peers if peer.name == name), None)
    if primary is None:
        reason = (
            f"the primary was {name}, which is no database of this stack any more. If the data of {me.name} is what you want to go "
            f"on with, run there: database-agent promote --accept-loss"
        )
        return Decision(Action.ASK, reason, outdated=True)
    return decide_replica(me, primary)


def decide_primary(me: Database, peers: list[Database], accounts_made: bool) -> Decision:
    for peer in peers:
        if not peer.answers:
            continue
        unknown = missing(peer.executed, me.executed)
        if me.writable:
            # semi-synchronous: the replica may have what is being committed here right now
            unknown.discard(me.uuid)
        if unknown:
            reason = (
                f"{peer.name} has data that this primary lacks (was its disk replaced?), so nothing is written here. "
                f"To take over the data of {peer.name}, run on {me.name}: database-agent copy-from {peer.name}"
            )
            return Decision(Action.STEP_BACK if me.writable else Action.ASK, reason)
    # An empty one can't know who has data. One with data knows who may have been promoted while it was away.
    silent = [peer for peer in peers if not peer.answers and (peer.name in me.record.members or not me.executed)]
    if silent and not me.writable:
        names = " and ".join(peer.name for peer in silent)
        reason = (
            f"waiting for {names}, which may have been promoted meanwhile or have data; nothing can be written until then. If it "
            f"is lost for good, run on {me.name}: database-agent promote --accept-loss"
        )
        founding = all(peer.position > me.position for peer in silent)
        return Decision(Action.WAIT, reason, settled=founding, founding=founding)
    if not me.writable or not accounts_made:
        return Decision(Action.LEAD, "becoming the primary")
    return Decision(Action.NOTHING, "primary, accepts writes", settled=True)


def decide_replica(me: Database, primary: Database) -> Decision:
    if me.writable:
        return Decision(Action.STEP_BACK, f"{primary.name} was made the primary")
    if primary.answers and missing(me.executed, primary.executed) - {primary.uuid}:
        count = count_missing(me.executed, primary.executed)
        reason = (
            f"{me.name} stays out: it has {count} transactions that the primary {primary.name} lacks (docs/runbooks/replica-errant.md). If "
            f"{primary.name} lost its disk, run on {primary.name}: database-agent copy-from {me.name}; if the data here is of no "
            f"use, run on {me.name}: database-agent copy-from {primary.name}"
        )
        # while nothing can be written there, what is here is the best there is
        return Decision(Action.ASK, reason, outdated=primary.writable)
    if me.source != primary.name or not me.source_password_matches:
        return decide_following(me, primary)
    if me.error and "No" in (me.receiving, me.applying):
        reason = (
            f"replication from {primary.name} is broken: {me.error}. Mend it and START REPLICA, or take over "
            f"everything anew by, on {me.name}: database-agent copy-from {primary.name}"
        )
        return Decision(Action.ASK, reason, outdated=True)
    if "No" in (me.receiving, me.applying):
        return Decision(Action.RESUME, "resuming replication")
    if me.receiving != "Yes":
        return Decision(Action.WAIT, f"connecting to the primary {primary.name}")
    if me.lag is None or me.lag > 1 or not primary.answers or missing(primary.executed, me.executed):
        return Decision(Action.WAIT, f"catching up with {primary.name}")
    return Decision(Action.NOTHING, f"replica of {primary.name}, caught up", settled=True)


def decide_following(me: Database, primary: Database) -> Decision:
    """Nobody is followed here yet, or somebody else."""
    if not primary.writable:
        # machines are made one after the other: a replica may come before its primary does
        founding = not primary.answers and primary.position > me.position
        return Decision(Action.WAIT, f"waiting for the primary {primary.name}", settled=founding, founding=founding)
    gone = missing(primary.purged, me.executed)
    if not me.executed and (gone or is_worth_copying(primary.executed)):
        return Decision(Action.CLONE, f"copying all data of {primary.name}")
    if not gone:
        return Decision(Action.FOLLOW, f"following {primary.name}")
    reason = (
        f"the log of {primary.name} doesn't go back to where the data here ends. To take over everything anew, run on "
        f"{me.name}: database-agent copy-from {primary.name}"
    )
    return Decision(Action.ASK, reason, outdated=True)


def may_be_written(me: Database) -> bool:
    """Whether the write endpoint may send an application here."""
    return me.answers and me.writable and not me.handing_over and me.record.primary == me.name


def may_be_read(me: Database, decision: Decision, maximum_lag: int) -> bool:
    """Whether the read endpoint may send an application here: also to a replica whose primary is merely away."""
    if not me.answers or decision.outdated or not me.executed:
        return False
    if me.writable or me.handing_over:
        return True
    running = me.receiving in ("Yes", "Connecting") and me.applying == "Yes"
    return running and (me.lag is None or me.lag <= maximum_lag)


# ---- by an operator's order


def why_not_handed_over(me: Database, heir: Database, maximum_lag: int) -> str:
    """Why this primary can't make that one the primary in its place now; empty when it can."""
    if not may_be_written(me):
        return f"{me.name} is not the primary, or doesn't accept writes"
    if not heir.answers:
        return f"{heir.name} does not answer"
    if heir.source != me.name or heir.receiving != "Yes" or heir.applying != "Yes":
        return f"{heir.name} does not replicate from {me.name}: {heir.error or 'replication is not running there'}"
    if heir.lag is None or heir.lag > maximum_lag:
        lag = "an unknown time" if heir.lag is None else f"{heir.lag} s"
        return f"{heir.name} lags {lag} behind {me.name}, so writes would have to wait for that long: try again when it has caught up"
    return ""


def why_not_promoted(me: Database, peers: list[Database], primary_answers: bool) -> str:
    """Why this replica can't be made the primary by a promise to accept losses either; empty when it can."""
    primary = me.record.primary
    if not me.answers:
        return "MySQL does not answer here"
    if may_be_written(me):
        return f"{me.name} is the primary"
    if primary_answers and primary != me.name:
        return (
            f"the primary {primary} lives, and two would write. While it works, run there: database-agent hand-over {me.name}; when "
            "it doesn't, stop its machine first"
        )
    newer = [peer for peer in peers if peer.answers and peer.record.term > me.record.term]
    if newer:
        return f"{newer[0].name} knows of a later promotion, that of {newer[0].record.primary}"
    return ""


def losses(me: Database, peers: list[Database], primary_had: Database | None) -> list[str]:
    """
    What is, or may be, lost for good when this one becomes the primary without the old one: a line each, for the operator.
    @param primary_had what the old primary last said of itself; none when this agent hasn't heard from it since it started
    """
    if me.record.primary == me.name:
        silent = " and ".join(peer.name for peer in peers if not peer.answers) or "nobody"
        return [f"everything that was written elsewhere, should {silent} have been promoted while {me.name} was away"]
    old = me.record.primary or "the old primary"
    waiting = count_missing(me.received, me.executed)
    if waiting:
        return [f"{waiting} transactions that {me.name} received from {old} and hasn't applied yet: wait until it has"]
    if primary_had is None:
        return [f"nobody knows how much: what {old} wrote last, and {me.name} hadn't received"]
    lines = []
    count = count_missing(primary_had.executed, me.executed)
    if count:
        lines.append(f"{count} transactions that {old} had when it last answered")
    elif not primary_had.semi_synchronous:
        lines.append(f"nobody knows how much: {old} didn't wait for {me.name} to have what it wrote, see rpl_semi_sync")
    return lines
