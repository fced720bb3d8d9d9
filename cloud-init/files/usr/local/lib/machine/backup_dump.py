"""Backing up: a dump of all databases (mysqldump, consistent, without stopping writes), and copies of the binary logs."""

import json
import re
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import backup_repository as repository
from backup_decision import Refused, Snapshot, history_of
from backup_repository import RepositoryError
from mysql_server import quoted, run

DATA = Path("/var/lib/mysql")
DUMP = "/all.sql"
MANIFEST = Path("/var/lib/machine/backup/manifest.json")
# MySQL's own; everything else is a person's
SYSTEM_DATABASES = ("information_schema", "mysql", "performance_schema", "sys")
CHUNK = 1 << 20
# The set of transactions stands at the top of a dump.
HEAD = CHUNK
CLEAN_PATIENCE = "20s"
GTID_PURGED = re.compile(rb"GTID_PURGED=(?:/\*!80000 '\+'\*/ )?'\+?([^']*)'")


def value(statement: str) -> str:
    return run(statement, "--batch", "--skip-column-names", "--raw").strip()


def identifier(*names: str) -> str:
    return ".".join(f"`{name.replace('`', '``')}`" for name in names)


def databases(*options: str) -> list[str]:
    names = run("SHOW DATABASES", "--batch", "--skip-column-names", *options).split("\n")
    # what a restore that was interrupted left is no data
    own = [name for name in names if name and name not in SYSTEM_DATABASES]
    return [name for name in own if not name.startswith(("restoring__", "replaced__"))]


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def restic_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def views(names: list[str], *options: str) -> list[str]:
    wanted = ", ".join(quoted(name) for name in names)
    found = f"SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.views WHERE table_schema IN ({wanted})"
    return run(found, "-NB", *options).splitlines() if names else []


def broken_views(names: list[str], *options: str) -> list[str]:
    """Views of what isn't there any more: mysqldump would fail because of them, just when a table was dropped by mistake."""
    present = views(names, *options)
    if not present:
        return []
    checked = run("CHECK TABLE " + ", ".join(identifier(*view.split(".", 1)) for view in present), "-NB", *options)
    return sorted({line.split("\t")[0] for line in checked.splitlines() if line.split("\t")[2].lower() == "error"})


def dump_command(names: list[str]) -> list[str]:
    # Accounts belong to a dump because the logs may change them. Not those of the system, which every MySQL has.
    people = "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE user NOT LIKE 'mysql.%' AND plugin <> 'auth_socket'"
    accounts = [f"--include-user={account}" for account in run(people, "-NB", "--raw").splitlines()]
    return [
        "mysqldump", "--single-transaction", "--set-gtid-purged=COMMENTED", "--routines", "--events", "--triggers", "--hex-blob",
        "--no-tablespaces", "--max-allowed-packet=1G", "--skip-lock-tables", *(["--users"] if accounts else []), *accounts,
        *(f"--ignore-table={view}" for view in broken_views(names)), "--databases", *names,
    ]  # fmt: skip


def full(host: str, *tags: str) -> Snapshot:
    """Backs up everything; returns what the repository has now."""
    repository.ensure()
    dump = subprocess.Popen(dump_command(databases()), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    archive = None
    try:
        head = b""
        while len(head) < HEAD and not GTID_PURGED.search(head):
            chunk = dump.stdout.read1(CHUNK)
            if not chunk:
                break
            head += chunk
        found = GTID_PURGED.search(head)
        if not found:
            dump.kill()
            raise RepositoryError(f"mysqldump failed: {complaint(dump)}")
        # from here on the dump is of a moment that has passed; restic takes whole seconds
        moment = now() + timedelta(seconds=1)
        labels = ",".join(["full", f"history:{history_of(found[1].decode())}", *tags])
        archive = repository.start(
            "backup", "--quiet", "--stdin", "--stdin-filename", DUMP, "--host", host, "--tag", labels,
            "--time", restic_time(moment), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        pour(head, dump, archive)
        # a dump that broke off is never stored: restic gets no end of its input before this is known
        if dump.wait():
            raise RepositoryError(f"mysqldump failed: {complaint(dump)}")
        archive.stdin.close()
        errors = archive.stderr.read().decode()
        if archive.wait():
            raise repository.problem(archive.returncode, errors)
    finally:
        for process in (dump, archive):
            if process and process.poll() is None:
                process.kill()
        if archive:
            with suppress(BrokenPipeError):
                archive.stdin.close()
    taken = [each for each in repository.snapshots() if each.kind == "full" and each.host == host and each.time == moment]
    return taken[-1]


def complaint(dump: subprocess.Popen) -> str:
    lines = [line for line in dump.stderr.read().decode().splitlines() if not line.startswith("Warning:")]
    return " ".join(lines) or "it says nothing about its transactions"


def pour(head: bytes, dump: subprocess.Popen, archive: subprocess.Popen) -> None:
    try:
        archive.stdin.write(head)
        while chunk := dump.stdout.read(CHUNK):
            archive.stdin.write(chunk)
    except BrokenPipeError:
        raise repository.problem(archive.wait(), archive.stderr.read().decode()) from None


def executed_in(base: Snapshot) -> str:
    """The set of transactions that a full backup has."""
    dump = repository.start("dump", base.id, DUMP, stdout=subprocess.PIPE)
    head = b""
    while chunk := dump.stdout.read1(CHUNK):
        head += chunk
        if (found := GTID_PURGED.search(head)) or len(head) > HEAD:
            break
    else:
        found = None
    dump.kill()
    errors = dump.stderr.read().decode()
    status = dump.wait()
    if not found:
        raise repository.problem(status, errors) if errors else Refused(f"{base.id} is no backup of this project")
    return found[1].decode().replace("\n", "")


def transactions(kind: str) -> str:
    """@param kind "executed": all that this database has; "purged": those of them that its logs don't have"""
    return value(f"SELECT @@gtid_{kind}").replace("\n", "")


def log_position() -> dict:
    """Where this machine's binary log ends: everything up to there was committed before `time`, or shortly after."""
    taken = now()
    status = run("SHOW BINARY LOG STATUS", "--batch", "--skip-column-names", "--raw")
    file, position, *_ = status.split("\t")
    return {"time": taken.isoformat(), "file": file, "position": int(position)}


def log_manifest(position: dict) -> dict:
    """What a restore has to know of the logs: which transactions came before each file."""
    files = []
    for line in run("SHOW BINARY LOGS", "--batch", "--skip-column-names").splitlines():
        name, size, *_ = line.split("\t")
        events = run(f"SHOW BINLOG EVENTS IN '{name}' LIMIT 2", "--batch", "--skip-column-names", "--raw")
        # the second event of each file; a set of several sources has line ends in it
        previous = events.partition("\tPrevious_gtids\t")[2].split("\t", 2)[-1].replace("\n", "")
        files.append({"name": name, "size": int(size), "previous": previous})
        if name == position["file"]:
            break
    return {**position, "uuid": value("SELECT @@server_uuid"), "executed": transactions("executed"), "purged": transactions("purged"), "files": files}


def logs(host: str, position: dict) -> None:
    """Copies this machine's binary logs: restic stores only what is new."""
    repository.ensure()
    manifest = log_manifest(position)
    MANIFEST.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    MANIFEST.write_text(json.dumps(manifest))
    paths = [str(DATA / each["name"]) for each in manifest["files"]]
    labels = f"logs,history:{history_of(manifest['executed'])}"
    moment = datetime.fromisoformat(position["time"])
    # compared with this machine's copy before, whatever files there were: what didn't change isn't read again
    repository.run(
        "backup", "--quiet", "--host", host, "--tag", labels, "--group-by", "host", "--time", restic_time(moment),
        str(MANIFEST), *paths,
    )  # fmt: skip


def clean(days: int) -> None:
    """Removes what is older than it has to be kept. It needs the repository for itself, and the next minute's logs can't wait."""
    repository.unlock()
    forget = ("forget", "--quiet", "--tag")
    repository.run(*forget, "full", "--group-by", "", "--keep-last", "1", "--keep-within", f"{days}d", patience=CLEAN_PATIENCE)
    # each copy holds all logs that the server still has: of older ones, the last of a day will do
    repository.run(
        *forget, "logs", "--group-by", "host,tags", "--keep-last", "1", "--keep-within", "1d", "--keep-within-daily", f"{days}d",
        patience=CLEAN_PATIENCE,
    )  # fmt: skip
    repository.run("prune", "--quiet", patience=CLEAN_PATIENCE)


def check(part: int = 0, parts: int = 0) -> None:
    """Reads the structure of the repository and a part of the data in it, or everything."""
    subset = f"--read-data-subset={part}/{parts}" if parts else "--read-data"
    repository.run("check", "--quiet", subset)


def next_due(schedule: str, after: datetime) -> datetime:
    """When a full backup is due next, by a calendar expression of systemd."""
    command = ["systemd-analyze", "calendar", f"--base-time=@{int(after.timestamp())}", schedule]
    done = subprocess.run(command, env={"TZ": "UTC", "PATH": "/usr/bin"}, capture_output=True, text=True, check=False)
    found = re.search(r"(?:Next elapse|From now): \w+ ([\d-]+ [\d:]+) UTC", done.stdout)
    if not found:
        raise RepositoryError(f'"{schedule}" is no calendar expression of systemd: {done.stderr.strip()}')
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
