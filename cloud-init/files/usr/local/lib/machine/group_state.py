"""What is known of a member of the database group, and what it is good for now. No input, no output, no clock."""

from dataclasses import dataclass

from primary_record import Record

# MiB. With less space than this a database can't commit any more, and MySQL waits for somebody to make room, which nobody else should
# have to wait for.
FULL = 2


@dataclass(frozen=True)
class Member:
    """One database, as its own agent sees it. What isn't known is as nothing."""

    name: str
    position: int = 0  # in the order in which machines are made
    group: str = ""  # name (UUID) of the group that it belongs to
    answers: bool = False  # its agent does, and its MySQL
    uuid: str = ""
    state: str = "OFFLINE"  # Group Replication's words: OFFLINE, RECOVERING, ONLINE, ERROR
    role: str = ""  # PRIMARY or SECONDARY
    quorum: bool = False  # it sees more than half of its group
    writable: bool = False
    leads: bool = False  # the primary, and it has seen to the accounts
    primary: str = ""  # name of the primary, while it hears of it
    executed: str = ""  # GTID set: every transaction that it has, applied or only received
    queue: int = 0  # transactions received and not applied yet
    view: tuple[str, ...] = ()  # names of the members that it sees in its group, itself among them
    port: int = 0  # of its group's communication
    space: int = 1 << 30  # MiB that are free where the data is
    lag: int = 0  # seconds since the oldest of those was committed at the primary
    clock_ahead: float = 0.0  # seconds; the clock of who asked this member, before its own
    ahead: float = 0.0  # seconds for which it has had transactions that the primary of its group lacks
    silent: float = 0.0  # seconds since its agent last answered who asked
    needs_help: bool = False  # a person has to decide something there
    joins: bool = False  # it is joining the group or about to, and didn't fail the last time
    stopped_last: bool = False  # it stopped in order as the only member left, with just the data that it has now
    record: Record = Record()  # who was the primary before there was a group

    @property
    def in_group(self) -> bool:
        return self.answers and self.state in ("ONLINE", "RECOVERING")

    @property
    def serves(self) -> bool:
        """It is part of a group that can decide."""
        return self.answers and self.state == "ONLINE" and self.quorum

    @property
    def awaits_primary(self) -> bool:
        """Its group is about to elect one, or has elected this one just now."""
        return self.serves and not (self.writable if self.role == "PRIMARY" else self.primary)


def working_primary(others: list[Member]) -> Member | None:
    return next((other for other in others if other.serves and other.role == "PRIMARY"), None)


def may_be_written(me: Member) -> bool:
    """Whether the write endpoint may send an application here."""
    return me.serves and me.role == "PRIMARY" and me.writable


def may_be_read(me: Member) -> bool:
    """Whether the read endpoint may send an application here: not where the disk is full, as nothing newer gets there."""
    return me.serves and me.space >= FULL


def confirmed(me: Member, others: list[Member]) -> bool:
    """
    Whether most members, asked now, take this one for the primary. Asked after this machine stood still for a while: until
    MySQL notices that the group went on without it, it sees itself as the primary, and would show data that are out of date.
    """
    if me.role != "PRIMARY" or len(me.view) == 1:
        return True
    agreeing = [other for other in others if other.serves and other.primary == me.name]
    return (len(agreeing) + 1) * 2 > len(others) + 1


def has_older_data(me: Member, others: list[Member]) -> bool:
    """Whether an application may read here though it may be out of date: only where nobody is heard of who has it all."""
    return me.answers and bool(me.executed) and not any(may_be_read(other) for other in others)
