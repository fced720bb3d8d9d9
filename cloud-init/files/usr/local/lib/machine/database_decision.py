"""What a database machine with a fixed role should do next: pure decisions, from what is known of all databases to one action.

No input, no output, no clock: database-agent observes and acts. So every rule can be read here and tried in a test.
"""

from dataclasses import dataclass
from enum import Enum

from gtid_set import missing


@dataclass(frozen=True)
class Database:
    """One database, as its own agent sees it."""

    name: str
    role: str  # "primary" or "replica": what the topology wants it to be
    answers: bool = False
    uuid: str = ""
    executed: str = ""  # GTID set: every transaction this database has
    writable: bool = False
    # a replica's side of replication
    source: str = ""  # address it replicates from; empty: from nobody
    source_password_matches: bool = False
    receiving: str = ""  # Yes, Connecting (the primary is away), No
    applying: str = ""  # Yes, No
    lag: int | None = None  # seconds behind; None: unknown while the primary is away
    error: str = ""


class Action(Enum):
    WAIT = "wait"  # something has to happen first
    NOTHING = "nothing"  # all is as it should be
    LEAD = "lead"  # make accounts, then let everybody write
    STEP_BACK = "step back"  # stop accepting writes
    FOLLOW = "follow"  # replicate from the primary
    RESUME = "resume"  # start replication, which stopped without an error
    ASK = "ask"  # only a person can decide


@dataclass(frozen=True)
class Decision:
    action: Action
    reason: str
    settled: bool = False  # this machine is ready
    outdated: bool = False  # the data here must not be shown to anybody


def decide(me: Database, peers: list[Database], address_of: dict[str, str], accounts_made: bool) -> Decision:
    """The next action of this database, by the role that the topology gave it."""
    if not me.answers:
        return Decision(Action.WAIT, "MySQL is starting")
    if me.role == "primary":
        return decide_primary(me, peers, accounts_made)
    primary = next(peer for peer in peers if peer.role == "primary")
    return decide_replica(me, primary, address_of[primary.name])


def decide_primary(me: Database, peers: list[Database], accounts_made: bool) -> Decision:
    for peer in peers:
        if not peer.answers:
            continue  # a first boot, or a replica that is away: a fixed primary doesn't need its consent
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
    if not me.writable or not accounts_made:
        return Decision(Action.LEAD, "becoming the primary")
    return Decision(Action.NOTHING, "primary, accepts writes", settled=True)


def decide_replica(me: Database, primary: Database, primary_address: str) -> Decision:
    if primary.answers and missing(me.executed, primary.executed) - {primary.uuid}:
        reason = (
            f"this replica has data that the primary {primary.name} lacks, so it doesn't follow. If {primary.name} "
            f"lost its disk, run on {primary.name}: database-agent copy-from {me.name}; if the data here is of no use, "
            f"run on {me.name}: database-agent copy-from {primary.name}"
        )
        # while nothing can be written there, what is here is the best there is
        return Decision(Action.ASK, reason, outdated=primary.writable)
    if me.source != primary_address or not me.source_password_matches:
        if not primary.writable:
            return Decision(Action.WAIT, f"waiting for the primary {primary.name}")
        return Decision(Action.FOLLOW, f"following {primary.name}")
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


def may_be_written(me: Database) -> bool:
    """Whether the write endpoint may send an application here."""
    return me.answers and me.role == "primary" and me.writable


def may_be_read(me: Database, decision: Decision, maximum_lag: int) -> bool:
    """Whether the read endpoint may send an application here: also to a replica whose primary is merely away."""
    if not me.answers or decision.outdated:
        return False
    if me.role == "primary":
        return me.writable
    running = me.receiving in ("Yes", "Connecting") and me.applying == "Yes"
    return running and bool(me.executed) and (me.lag is None or me.lag <= maximum_lag)
