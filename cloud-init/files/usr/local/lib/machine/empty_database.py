"""Begins with an empty database in place of one that MySQL doesn't work with: the agent then takes over the others' data."""

import shutil
import subprocess
from pathlib import Path

DATA = Path("/var/lib/mysql")
INITIALISE = "/usr/local/lib/machine/setup.d/20-mysql"


def begin_empty() -> None:
    # mysqld may hang while it starts with a damaged page, and then obeys no other signal
    subprocess.run(["systemctl", "stop", "--no-block", "mysql"], check=True)
    subprocess.run(["systemctl", "kill", "--signal=KILL", "mysql"], stderr=subprocess.DEVNULL)
    subprocess.run(["systemctl", "stop", "mysql"], check=True)
    for path in DATA.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    subprocess.run([INITIALISE], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["systemctl", "start", "mysql", "database-agent"], check=True)
