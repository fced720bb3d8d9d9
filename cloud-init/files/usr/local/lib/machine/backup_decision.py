"""Who backs up, what is due, and what a restore is put together from: pure decisions, no input, no output, no clock.

A *full* backup is a dump of all databases. The *logs* are a copy of one machine's binary logs: what was written since. A
*history* is the life of the data from its founding on: the same transaction id means the same transaction within one history
only, so a restore never mixes two.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from gtid_set import HISTORY_TAG, missing, parse


class Refused(Exception):
    """What was asked for isn't done, and nothing was touched; the message says why."""


@dataclass(frozen=True)
class Database:
    """A database machine, as its agent answers."""

    name: str
    position: int  # in the order in which machines are made
    readable: bool
    writable: bool


@dataclass(frozen=True)
class Snapshot:
    """Something in the repository."""

    id: str
    kind: str  # "full" or "logs"
    # a full backup holds nothing that was committed later than this; logs hold all that was committed earlier
    time: datetime
    host: str
    history: str
    size: int = 0  # bytes
    added: int = 0  # bytes by which the repository grew
    seconds: float = 0.0


def holder(databases: list[Database]) -> str | None:
    """Who backs up now: all have the same data, so one is enough. A replica, to spare the primary; the last one made."""
    able = [each for each in databases if each.readable or each.writable]
    ranked = sorted(able, key=lambda each: (not each.writable, each.position))
    return ranked[-1].name if ranked else None


def history_of(executed: str) -> str:
    """Name of the history that a GTID set belongs to; empty before it began."""
    marks = [
        f"{source.removesuffix(f':{HISTORY_TAG}')}-{low if low == high else f'{low}-{high}'}"
        for source, intervals in parse(executed).items()
        if source.endswith(f":{HISTORY_TAG}")
        for low, high in intervals
    ]
    return "+".join(sorted(marks))


def moment(text: str, now: datetime) -> datetime | None:
    """A point in time as a person writes it: date and time, or the time of today; UTC unless it says otherwise. None: latest."""
    if text == "latest":
        return None
    try:
        at = datetime.fromisoformat(f"{now:%Y-%m-%d} {text}" if "-" not in text[:5] else text)
    except ValueError:
        raise Refused(f'"{text}" is no time: use "2026-01-31 23:59:58" (UTC), or with an offset such as +02:00, or latest') from None
    at = (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)).replace(microsecond=0)
    if at > now:
        raise Refused(f"{shown(at)} is in the future: it is {shown(now)} now")
    return at


def base_for(snapshots: list[Snapshot], at: datetime | None) -> Snapshot:
    """The full backup that a restore begins with."""
    fulls = sorted((each for each in snapshots if each.kind == "full"), key=lambda each: each.time)
    if not fulls:
        raise Refused("there is no full backup yet")
    early = [each for each in fulls if at is None or each.time <= at]
    if not early:
        raise Refused(f"{shown(at)} is before the oldest full backup that is kept. {kept(snapshots)}")
    return early[-1]


def logs_for(snapshots: list[Snapshot], base: Snapshot, at: datetime | None) -> list[Snapshot]:
    """Copies of the binary logs that may lead from the full backup to the point in time, the best first; one will do."""
    logs = sorted(
        (each for each in snapshots if each.kind == "logs" and each.history == base.history and each.time >= base.time),
        key=lambda each: each.time,
    )
    if at is None:
        return logs[::-1]
    late = [each for each in logs if each.time >= at]
    if not late:
        raise Refused(f"what was written until {shown(at)} is not kept. {kept(snapshots)}")
    return late


def first_log(manifest: dict, contained: str) -> int | None:
    """Index of the log file to begin with, when this is already there; None: something is missing in between."""
    # What isn't in any file. The files of a database that was copied from another one say that nothing came before them.
    if missing(manifest.get("purged", ""), contained):
        return None
    files = manifest["files"]
    for index in reversed(range(len(files))):
        if not missing(files[index]["previous"], contained):
            return index
    return None


def spans(snapshots: list[Snapshot]) -> list[tuple[str, datetime, datetime]]:
    """History, beginning and end of what can be restored to the second, oldest first."""
    found = []
    for history in {each.history for each in snapshots}:
        own = [each for each in snapshots if each.history == history]
        fulls = [each.time for each in own if each.kind == "full"]
        if fulls:
            found.append((history, min(fulls), max(each.time for each in own if each.time >= min(fulls))))
    return sorted(found, key=lambda span: span[1])


def kept(snapshots: list[Snapshot]) -> str:
    lines = [f"from {shown(begin)} to {shown(end)}" for _, begin, end in spans(snapshots)]
    return f"Any second can be restored {', or '.join(lines)}." if lines else "Nothing can be restored."


def shown(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
