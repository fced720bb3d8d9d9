"""An operator's order to begin the group though the rules say no: when it is refused, and what it gives up."""

from group_state import Member
from gtid_set import count_missing


def why_not_forced(me: Member, others: list[Member]) -> str:
    """Why an operator can't force this member to begin the group; empty when they can."""
    if not me.answers:
        return "MySQL does not answer here"
    working = next((member for member in (me, *others) if member.serves), None)
    if working is None:
        return ""
    return f"{working.name} is a member of a group that works: the others join it by themselves"


def losses(me: Member, others: list[Member]) -> list[str]:
    """What is given up when this member begins the group: a line each, for the operator."""
    lines = []
    for other in others:
        count = count_missing(other.executed, me.executed)
        if not other.answers:
            lines.append(f"{other.name} does not answer: transactions that only it has are given up")
        elif count:
            lines.append(f"{other.name} has {count} transactions that {me.name} lacks: they are given up")
    return lines
