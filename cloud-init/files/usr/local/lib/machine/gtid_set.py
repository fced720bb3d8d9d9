"""Sets of global transaction ids, as MySQL writes them: `uuid:1-5:7:tag:1-3, …`. Pure."""

import re

# Tag of the empty transactions that mark where the data, or another fork of it, began.
HISTORY_TAG = "history"
# From so many transactions on an empty database copies all data of another one (ten seconds, and more by its size) rather than
# repeat them one by one (measured: a thousand a second).
MANY = 10_000

Intervals = list[tuple[int, int]]


def missing(theirs: str, mine: str) -> set[str]:
    """The sources (UUIDs) of whose transactions `theirs` has some that `mine` lacks."""
    have = parse(mine)
    return {
        source.split(":")[0]
        for source, intervals in parse(theirs).items()
        for first, last in intervals
        if not any(low <= first and last <= high for low, high in have.get(source, []))
    }


def count_missing(theirs: str, mine: str) -> int:
    """How many transactions `theirs` has that `mine` lacks."""
    have = parse(mine)
    lacking = 0
    for source, intervals in parse(theirs).items():
        for first, last in intervals:
            shared = ((max(first, low), min(last, high)) for low, high in have.get(source, []))
            lacking += last - first + 1 - sum(max(0, high - low + 1) for low, high in shared)
    return lacking


def is_worth_copying(executed: str) -> bool:
    return count_missing(executed, "") > MANY


def sources(text: str) -> set[str]:
    """The UUIDs of all that wrote."""
    return {source.split(":")[0] for source in parse(text)}


def parse(text: str) -> dict[str, Intervals]:
    """Intervals by `uuid` and `uuid:tag`, sorted, neighbours made one. A set may be several, joined by commas."""
    found: dict[str, Intervals] = {}
    for entry in filter(None, re.split(r"[,\s]+", text)):
        uuid, *parts = entry.split(":")
        source = uuid
        for part in parts:
            if part[0].isdigit():
                first, _, last = part.partition("-")
                found.setdefault(source, []).append((int(first), int(last or first)))
            else:
                source = f"{uuid}:{part}"
    return {source: merged(intervals) for source, intervals in found.items()}


def merged(intervals: Intervals) -> Intervals:
    result: Intervals = []
    for first, last in sorted(intervals):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result
