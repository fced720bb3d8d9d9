"""By which port the other members of the group reach this one: another one each time it joins.

Who stays in a group knows a member that is gone by its address and port, and has lost patience with those: it looks for answers
from there every ten seconds only (MySQL 9.7, reply_handler_task in xcom_base.cc). So a member that came back by the same port was
let in after 4 to 13 s; by one that nobody knows yet it is after less than one. Four of them, as the last few are remembered.

But only after a join that succeeded. One that was broken off is in the group's communication though it is no member, for 65 s
(NON_MEMBER_EXPEL_TIMEOUT in gcs_xcom_control_interface.cc). By the same port nobody can join beside it ("Old incarnation found").
By another one this machine would be there twice, and two dead ones of four leave no majority.
"""

from pathlib import Path

# With the data, which others may know by the ports that are used up.
NEXT = Path("/var/lib/mysql/group-port")


def port_to_join_by(first: int, last: int) -> int:
    try:
        port = int(NEXT.read_text())
    except (FileNotFoundError, ValueError):
        return first
    return port if first <= port <= last else first


def note_joined(port: int, first: int, last: int) -> None:
    """The next join is by the next port."""
    new = NEXT.with_suffix(".new")
    new.write_text(f"{port + 1 if port < last else first}\n")
    new.replace(NEXT)
