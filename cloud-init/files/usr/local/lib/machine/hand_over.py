"""While the role of primary goes to another database: no new work comes in here, and what is under way ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mysql_server import value, within

# There while this machine is about to stop, see machine-drain.
DRAINING = Path("/run/machine-draining")
# There while MySQL is about to stop, see database-leave.
STOPPING = Path("/run/database-stopping")
# There while this machine is out of balancing, by `machine-drain --stay`.
DRAINED = Path("/var/lib/machine/drained")
# Held by the process that hands over: when that one dies, however it dies, the agent takes its own decisions again.
LOCK = Path("/run/database-hand-over.lock")
# How long an orderly hand-over waits for HAProxy to notice, and for requests under way.
NOTICE_SECONDS = 0.5
BUSY_SECONDS = 3


@contextmanager
def handing_over() -> Iterator[None]:
    # nobody but root may hold it
    LOCK.touch(mode=0o600)
    with LOCK.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_handing_over() -> bool:
    try:
        with LOCK.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def wait_until_idle(seconds: float) -> None:
    within(seconds, lambda: not busy())


def busy() -> bool:
    count = value("SELECT COUNT(*) FROM information_schema.processlist WHERE user IN ('application', 'migration')")
    return int(count) > 0
