"""A MySQL of its own, beside the site's, in which the data of a point in time is put together. Nobody else reaches it."""

import json
import os
import shutil
import subprocess
import time
from datetime import datetime
from functools import cache
from pathlib import Path

import backup_dump
import backup_repository as repository
from backup_decision import Refused, Snapshot, first_log, shown
from backup_repository import RepositoryError
from mysql_server import MysqlError, quoted, run

# Outside the site's data, and where MySQL's AppArmor profile lets it write.
DIRECTORY = Path("/var/lib/mysql-files/restore")
# How much larger data is as tables than as a dump, with the logs beside it; and what an empty MySQL takes, in bytes.
GROWTH, EMPTY = 3, 300 << 20
START_SECONDS = 60
OPTIONS = (
    "--no-defaults", "--user=mysql", "--skip-networking", "--mysqlx=OFF", "--disable-log-bin", "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON", "--event-scheduler=OFF", "--performance-schema=OFF", "--innodb-buffer-pool-size=64M",
    # a crash costs a new attempt, not data
    "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=OFF", "--max-allowed-packet=1G",
    "--log-bin-trust-function-creators=ON",
)  # fmt: skip

DUMP_OPTIONS = ("--set-gtid-purged=OFF", "--no-tablespaces", "--hex-blob", "--skip-lock-tables", "--max-allowed-packet=1G")


class Scratch:
    def __init__(self, size: int) -> None:
        self.size = size
        self.socket = str(DIRECTORY / "socket")
        self.options = (f"--socket={self.socket}", "--user=root", "--skip-password", "--protocol=socket")
        self.server: subprocess.Popen | None = None

    def __enter__(self) -> "Scratch":
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        repository.refuse_small_disk(DIRECTORY.parent, self.size * GROWTH + EMPTY)
        DIRECTORY.mkdir(mode=0o700)
        shutil.chown(DIRECTORY, "mysql", "mysql")
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self) -> None:
        common = [f"--datadir={DIRECTORY / 'data'}", f"--log-error={DIRECTORY / 'log'}"]
        subprocess.run(["mysqld", *OPTIONS, *common, "--initialize-insecure"], check=False)
        self.server = subprocess.Popen(
            ["mysqld", *OPTIONS, *common, f"--socket={self.socket}", f"--pid-file={DIRECTORY / 'pid'}"], start_new_session=True
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                run("SELECT 1", *self.options)
                return
            except MysqlError:
                if self.server.poll() is not None or time.monotonic() > deadline:
                    log = DIRECTORY / "log"
                    end = log.read_text().splitlines()[-3:] if log.exists() else []
                    raise Refused("the MySQL to restore in didn't start: " + " ".join(end)) from None
                time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        if self.server:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(DIRECTORY, ignore_errors=True)

    # ---- putting together

    def load(self, base: Snapshot) -> None:
        dump = repository.start("dump", base.id, backup_dump.DUMP, stdout=subprocess.PIPE)
        self.feed(dump, "the full backup", RepositoryError)
        run(f"RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged = {quoted(backup_dump.executed_in(base))}", *self.options)

    def replay(self, logs: Snapshot, manifest: dict, at: datetime | None) -> None:
        names = [each["name"] for each in manifest["files"]]
        target = DIRECTORY / "logs"
        paths = [str(backup_dump.DATA / name) for name in names]
        repository.run("restore", logs.id, "--target", str(target), *(word for path in paths for word in ("--include", path)))
        files = [str(target) + path for path in paths]
        # the last one was being written to when it was copied
        os.truncate(files[-1], manifest["position"])
        until = [f"--stop-datetime={at:%Y-%m-%d %H:%M:%S}"] if at else []
        # The server would skip what the full backup has already, but not the USE before it, of a database that is gone by now.
        contained = f"--exclude-gtids={self.executed()}"
        events = subprocess.Popen(
            ["mysqlbinlog", "--verify-binlog-checksum", contained, *until, *files],
            env={**os.environ, "TZ": "UTC"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.feed(events, "the binary logs", Refused)

    def feed(self, source: subprocess.Popen, what: str, problem: type[Exception]) -> None:
        """Pours statements into this MySQL; what the source says of itself counts first."""
        target = subprocess.Popen(
            ["mysql", "--binary-mode", "--max-allowed-packet=1G", *self.options], stdin=source.stdout,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        source.stdout.close()
        refused = target.communicate()[1].decode().strip()
        errors = source.stderr.read().decode()
        status = source.wait()
        if target.returncode:
            # the source ended because nobody listened any more
            raise Refused(f"{what} can't be put together: {refused}")
        if status:
            if problem is RepositoryError:
                raise repository.problem(status, errors)
            raise Refused(f"{what} can't be read: {errors.strip()}")

    # ---- looking at it, and taking it over

    def executed(self) -> str:
        return run("SELECT @@gtid_executed", "-NB", "--raw", *self.options).replace("\n", "")

    # what was put together doesn't change, and all of a table is read for it
    @cache
    def checksum(self, database: str, table: str) -> str:
        return run(f"CHECKSUM TABLE {backup_dump.identifier(database, table)}", "-NB", *self.options).split("\t")[1].strip()

    def copy(self, database: str, tables: list[str], target: str) -> None:
        """Tables with their rows, into the site's MySQL: in statements of 1 MB at most, each a transaction."""
        arguments = [*self.options, *DUMP_OPTIONS, "--single-transaction", "--skip-triggers", "--skip-add-locks", database, *tables]
        dump = subprocess.Popen(["mysqldump", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        command = ["mysql", "--binary-mode", "--max-allowed-packet=1G", target]
        done = subprocess.run(command, stdin=dump.stdout, capture_output=True, check=False)
        dump.stdout.close()
        errors = dump.stderr.read().decode().strip()
        if dump.wait() or done.returncode:
            raise MysqlError(done.stderr.decode().strip() or errors)


def programs(database: str, table: str | None, options: tuple[str, ...] = ()) -> str:
    """Statements that make what isn't data: the triggers of a table, or all triggers, routines, events and views."""
    kinds = ["--triggers", database, table] if table else ["--triggers", "--routines", "--events", database]
    text = dumped(["--no-data", "--no-create-info", "--ignore-views", *kinds], options)
    broken = backup_dump.broken_views([database], *options)
    views = [view.split(".", 1)[1] for view in backup_dump.views([database], *options) if view not in broken]
    return text + (dumped(["--no-data", "--skip-triggers", database, *views], options) if views and not table else "")


def dumped(arguments: list[str], options: tuple[str, ...]) -> str:
    done = subprocess.run(["mysqldump", *options, *DUMP_OPTIONS, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MysqlError(done.stderr.strip())
    return done.stdout


def logs_that_fit(candidates: list[Snapshot], base: Snapshot) -> tuple[Snapshot | None, dict]:
    """Logs that begin where the full backup ends, or earlier; with the list of files from there on."""
    contained = backup_dump.executed_in(base)
    for logs in candidates:
        manifest = json.loads(repository.content(logs, str(backup_dump.MANIFEST)))
        begin = first_log(manifest, contained)
        if begin is not None:
            return logs, {**manifest, "files": manifest["files"][begin:]}
    if candidates:
        raise Refused(f"the logs that are kept don't reach back to the full backup of {shown(base.time)}: take an earlier or a later time")
    return None, {}
