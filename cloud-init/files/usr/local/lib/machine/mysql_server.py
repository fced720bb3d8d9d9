"""The MySQL of this machine, as root by its socket, and what a primary has to see to: the accounts."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from gtid_set import HISTORY_TAG

SETTINGS = Path("/etc/machine/database-agent.json")
SECRETS = Path("/var/lib/machine/secrets")
CA_FILE = "/etc/mysql/tls/ca.pem"
ACCOUNTS = {
    "application": "GRANT SELECT, INSERT, UPDATE, DELETE ON application.* TO",
    "migration": "GRANT ALL ON application.* TO",
    "replication": "GRANT REPLICATION SLAVE, BACKUP_ADMIN ON *.* TO",
}


class MysqlError(Exception):
    pass


class Session:
    """A MySQL client that stays open: a poll costs no new process and no new connection."""

    END = "end-of-answer"

    def __init__(self) -> None:
        self.client: subprocess.Popen | None = None

    def rows(self, statement: str) -> list[dict[str, str]]:
        if self.client is None or self.client.poll() is not None:
            self.client = subprocess.Popen(
                ["mysql", "--batch", "--skip-reconnect", "--unbuffered"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
        try:
            self.client.stdin.write(f"{statement};\nSELECT '{self.END}' AS `{self.END}`;\n")
            self.client.stdin.flush()
        except BrokenPipeError:
            raise MysqlError("MySQL does not answer") from None
        lines = []
        while line := self.client.stdout.readline():
            line = line.removesuffix("\n")
            if line == self.END:
                self.client.stdout.readline()  # the value below the heading
                header, *rows = [each.split("\t") for each in lines] or [[]]
                return [dict(zip(header, row, strict=True)) for row in rows]
            lines.append(line)
        raise MysqlError("MySQL does not answer")


def run(statements: str, *options: str, timeout: float | None = None) -> str:
    """Runs statements in a process of their own, which may take its time (seconds). They go by stdin: arguments can be seen."""
    command = ["mysql", *options]
    try:
        done = subprocess.run(command, input=statements, capture_output=True, text=True, check=False, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise MysqlError(f"no answer within {timeout:g} s") from None
    if done.returncode:
        raise MysqlError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "mysql failed")
    return done.stdout


def value(statement: str) -> str:
    """The only value of the only row."""
    return run(statement, "--batch", "--skip-column-names", "--raw").removesuffix("\n")


def first_logged_error(since: float) -> str:
    """The first error that MySQL has logged since (seconds since 1970), without time and number: what statements refer people to."""
    command = ["journalctl", "--unit=mysql", "--output=cat", f"--since=@{since:.6f}", "--grep=\\[ERROR\\]"]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return lines[0].rpartition("] ")[2].strip("'") if lines else ""


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Waits until it holds; no, when that takes longer."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def password_of(account: str) -> str:
    return (SECRETS / f"database-{account}-password").read_text().strip()


def mark_history(again: bool = False) -> None:
    """
    Names the history of the data by an empty transaction that every copy of it will have: backups of data that was begun
    anew, or that went on `again` without what others had, may use the same transaction ids for other transactions.
    """
    if again or f":{HISTORY_TAG}:" not in run("SELECT @@gtid_executed"):
        run(
            f"""SET SESSION gtid_next = CONCAT(@@server_uuid, ':{HISTORY_TAG}:', UNIX_TIMESTAMP());
            BEGIN;
            COMMIT;
            SET SESSION gtid_next = AUTOMATIC"""
        )


def make_accounts() -> None:
    """
    The application's database and all accounts, with the passwords of this stack: on the primary, which passes them on. Each is
    for the machines that have a use for it, and for this program, which looks whether the password is still the right one.
    """
    hosts = json.loads(SETTINGS.read_text())["accounts"]
    names = {account: [f"'{account}'@'{host}'" for host in ("127.0.0.1", *hosts[account])] for account in ACCOUNTS}
    wanted = [f"{name} IDENTIFIED BY {quoted(password_of(account))}" for account in ACCOUNTS for name in names[account]]
    statements = [
        "CREATE DATABASE IF NOT EXISTS application CHARACTER SET utf8mb4",
        f"CREATE USER IF NOT EXISTS {', '.join(wanted)} REQUIRE SSL",
        *(f"{grant} {', '.join(names[account])}" for account, grant in ACCOUNTS.items()),
        # the exporter, by the socket, as the system's user of that name; there is none in a stack without a monitor
        "CREATE USER IF NOT EXISTS 'prometheus'@'localhost' IDENTIFIED WITH auth_socket WITH MAX_USER_CONNECTIONS 3",
        "GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'prometheus'@'localhost'",
        "GRANT SELECT ON performance_schema.* TO 'prometheus'@'localhost'",
    ]
    run(";\n".join(statements))
    known = run(
        "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user "
        f"WHERE user IN ({', '.join(quoted(account) for account in ACCOUNTS)})",
        "--batch", "--skip-column-names", "--raw",
    ).splitlines()  # fmt: skip
    strangers = set(known) - {name for account in ACCOUNTS for name in names[account]}
    if strangers:
        print(f"removing the accounts of machines that have no use for them: {', '.join(sorted(strangers))}", flush=True)
        run(f"DROP USER {', '.join(sorted(strangers))}")
    mark_history()
    for account in ACCOUNTS:
        if not can_sign_in(account):
            print(f"the password of {account} changed", flush=True)
            password = quoted(password_of(account))
            run(f"ALTER USER {', '.join(f'{name} IDENTIFIED BY {password}' for name in names[account])} REQUIRE SSL")


def can_sign_in(account: str) -> bool:
    # the settings come by stdin, so that the password is in no file and no argument
    settings = f"[client]\nuser={account}\npassword={password_of(account)}\nhost=127.0.0.1\nprotocol=tcp\n"
    command = ["mysqladmin", "--defaults-file=/dev/stdin", f"--ssl-ca={CA_FILE}", "--ssl-mode=VERIFY_CA", "status"]
    return subprocess.run(command, input=settings, capture_output=True, text=True, check=False).returncode == 0


def clone(address: str, port: int) -> None:
    """Replaces all data here by that of another database, with MySQL's clone plugin; MySQL restarts itself at the end."""
    # read-only for everybody but us: a clone is a write as well
    run(
        f"""SET GLOBAL read_only = ON;
        SET GLOBAL super_read_only = OFF;
        SET GLOBAL clone_valid_donor_list = '{address}:{port}';
        SET GLOBAL clone_ssl_ca = '{CA_FILE}';
        CLONE INSTANCE FROM 'replication'@'{address}':{port}
          IDENTIFIED BY {quoted(password_of("replication"))} REQUIRE SSL"""
    )
