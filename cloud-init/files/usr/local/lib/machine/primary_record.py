"""Who is the primary, where no group elects it: written down beside the data, because it is the data's state, not the program's.

Each promotion makes a new record with the next term. Of two records the one with the higher term holds, so an old primary that
comes back learns from any other machine that it isn't the primary any more.
"""

import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path("/var/lib/mysql/primary-record.json")
LOCK = Path("/run/primary-record.lock")


@dataclass(frozen=True)
class Record:
    term: int = 0  # 0: nothing is written down yet
    primary: str = ""  # name of the machine
    # all that may be promoted, because they have (had) the primary's data: it asks them when it starts again
    members: tuple[str, ...] = ()


def record_from(state: dict | None) -> Record:
    """What another agent tells of its record; an agent of another version may tell none."""
    if not state:
        return Record()
    return Record(state["term"], state["primary"], tuple(state["members"]))


def read() -> Record:
    try:
        return record_from(json.loads(FILE.read_text()))
    except FileNotFoundError:
        return Record()


def write(record: Record) -> None:
    """All of it or nothing, whatever happens meanwhile; and never an older one over a newer one."""
    LOCK.touch(mode=0o600)
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if read().term <= record.term:
            replace_file(record)


def replace_file(record: Record) -> None:
    new = FILE.with_suffix(".new")
    with new.open("w") as file:
        json.dump(asdict(record), file)
        file.flush()
        os.fsync(file.fileno())
    shutil.chown(new, "mysql", "mysql")
    new.replace(FILE)
