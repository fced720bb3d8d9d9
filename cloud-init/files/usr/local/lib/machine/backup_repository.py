"""The repository of backups: restic's, encrypted, off this machine. All of a stack's machines use the same one."""

import json
import os
import subprocess
from datetime import datetime
from pathlib import Path

from backup_decision import Refused, Snapshot

SETTINGS = Path("/etc/machine/backup.json")
PASSWORD = Path("/var/lib/machine/secrets/backup-password")
# restic's manual, "Scripting": exit codes
NO_REPOSITORY, LOCKED, WRONG_PASSWORD = 10, 11, 12
# What another machine is doing with the repository is waited for this long.
PATIENCE = "5m"


class RepositoryError(Exception):
    pass


def settings() -> dict:
    return json.loads(SETTINGS.read_text())


def environment() -> dict[str, str]:
    own = settings()
    region = {"AWS_DEFAULT_REGION": own["region"]} if "region" in own else {}
    return {
        **os.environ, **region, "TZ": "UTC", "RESTIC_REPOSITORY": own["repository"], "RESTIC_PASSWORD_FILE": str(PASSWORD),
        "RESTIC_CACHE_DIR": "/var/cache/restic", "RESTIC_PROGRESS_FPS": "0.01",
        # one core is enough, and memory is scarce
        "GOMAXPROCS": "1", "GOGC": "20",
    }  # fmt: skip


def start(*arguments: str, patience: str = PATIENCE, **options: object) -> subprocess.Popen:
    command = ["restic", "--retry-lock", patience, *arguments]
    return subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, **options)


def run(*arguments: str, patience: str = PATIENCE) -> str:
    """Output of restic; raises what a person can act on."""
    process = start(*arguments, patience=patience, stdout=subprocess.PIPE)
    output, errors = process.communicate()
    if process.returncode:
        raise problem(process.returncode, errors.decode())
    return output.decode()


def problem(exit_code: int, errors: str) -> RepositoryError:
    where = settings()["repository"]
    lines = [line for line in errors.strip().splitlines() if not line.startswith('{"message_type":"exit_error"')]
    last = lines[-1] if lines else f"restic ended with {exit_code}"
    if exit_code == NO_REPOSITORY:
        return RepositoryError(f"there are no backups at {where}")
    if exit_code == WRONG_PASSWORD:
        return RepositoryError(
            f"the backups at {where} are another stack's, or the password was changed: this stack's password doesn't open them"
        )
    if exit_code == LOCKED:
        return RepositoryError(f"another machine is working on the backups, or died while it did: {last}")
    damaged = ("ciphertext verification failed", "hash does not match", "not loaded", "invalid data", "Load(<", "unexpected EOF")
    if any(words in errors for words in damaged):
        telling = (line.strip() for line in lines if any(words in line for words in damaged))
        return RepositoryError(f"the backups at {where} are damaged: {next(telling, last)}")
    return RepositoryError(f"the backups at {where} can't be used: {last}")


def unlock() -> None:
    """Removes locks of this machine's processes that are gone, and what nobody has renewed for half an hour."""
    run("unlock", "--quiet")


def require() -> None:
    """Refuses when there is no repository, or when it isn't this stack's."""
    run("cat", "config")


def ensure() -> None:
    """Makes the repository where there is none."""
    process = start("cat", "config", stdout=subprocess.DEVNULL)
    _, errors = process.communicate()
    if process.returncode == NO_REPOSITORY:
        run("init")
    elif process.returncode:
        raise problem(process.returncode, errors.decode())


def snapshots() -> list[Snapshot]:
    found = []
    for each in json.loads(run("snapshots", "--json")):
        tags = dict(tag.partition(":")[::2] for tag in each.get("tags", []))
        kind = next((kind for kind in ("full", "logs") if kind in tags), None)
        if kind is None:
            continue
        summary = each.get("summary", {})
        seconds = 0.0
        if "backup_start" in summary:
            seconds = (instant(summary["backup_end"]) - instant(summary["backup_start"])).total_seconds()
        found.append(
            Snapshot(
                id=each["short_id"], kind=kind, time=instant(each["time"]), host=each["hostname"],
                history=tags.get("history", ""), size=summary.get("total_bytes_processed", 0),
                added=summary.get("data_added_packed", 0), seconds=seconds,
            )
        )  # fmt: skip
    return found


def instant(text: str) -> datetime:
    # Python reads six digits of a second, Go writes nine
    head, _, rest = text.partition(".")
    zone = rest.lstrip("0123456789")
    return datetime.fromisoformat(f"{head}{zone}" if rest else text)


def content(snapshot: Snapshot, path: str) -> str:
    """A small file of a snapshot."""
    return run("dump", snapshot.id, path)


def refuse_small_disk(directory: Path, needed: int) -> None:
    stat = os.statvfs(directory)
    free = stat.f_bavail * stat.f_frsize
    if free < needed:
        raise Refused(f"this needs {needed >> 20} MiB free at {directory}, and there are {free >> 20}: see the runbook disk-full")
