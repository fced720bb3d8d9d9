"""
Restoring: the data as it was at a point in time is put together beside the site, in a MySQL of its own (backup_scratch.py),
compared with the present data, and only then brought in through the primary: loaded under other names, checked, and exchanged
for the present tables by one statement. Every other database gets it by replication, as anything else that is written.
"""

import json
import os
import subprocess
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import backup_dump
import backup_repository as repository
from backup_decision import Refused, base_for, history_of, logs_for, moment, shown
from backup_dump import identifier
from backup_scratch import Scratch, logs_that_fit, programs
from gtid_set import count_missing, missing
from mysql_server import MysqlError, quoted, run

STAGED, REPLACED = "restoring__", "replaced__"
# How long the exchange waits for transactions under way, in seconds.
LOCK_SECONDS = 30
MIGRATIONS = "application-migrate.service"
# How long the other databases get to have it, in seconds
FOLLOW_SECONDS = 300


def say(text: str) -> None:
    print(text, flush=True)


def restore(at_text: str, table: str | None, confirmed: callable, agent: dict, host: str) -> None:
    """
    @param at_text a point in time: everything that was committed before that second is there again
    @param table `database.table` to bring back alone
    @param confirmed asked with what will be lost, before anything is touched
    """
    at = moment(at_text, backup_dump.now() + timedelta(seconds=1))
    repository.require()
    begun = time.monotonic()
    # what was written until now belongs to what can be restored
    if at is not None and at >= backup_dump.now():
        time.sleep(1.1)
    backup_dump.logs(host, backup_dump.log_position())
    snapshots = repository.snapshots()
    base = base_for(snapshots, at)
    logs, manifest = logs_that_fit(logs_for(snapshots, base, at), base)
    say(f"putting together the data of {shown(at) if at else 'the end of the logs'} from the full backup {base.id} ({shown(base.time)})")
    with Scratch(base.size) as scratch:
        scratch.load(base)
        if logs:
            scratch.replay(logs, manifest, at)
        say(f"done after {time.monotonic() - begun:.1f} s; nothing was touched so far")
        tables = chosen(scratch, table)
        live = backup_dump.transactions("executed")
        confirmed(losses(scratch, tables, table, live))
        safety = backup_dump.full(host, "before-restore")
        say(f"the present data is safe in the full backup {safety.id}")
        switched = bring_in(scratch, tables, table)
    follow(agent)
    migrate()
    say(f"restored in {time.monotonic() - begun:.1f} s. The tables were exchanged at {shown(switched)}; to undo it:")
    only = f" --table {'.'.join(tables[0])}" if table else ""
    say(f"  npm run restore -- --at '{switched:%Y-%m-%d %H:%M:%S}'{only}      (on AWS: machine-backup restore --at …)")


def chosen(scratch: Scratch, table: str | None) -> list[tuple[str, str]]:
    """The tables that are brought back, as (database, table)."""
    found = base_tables(scratch.options)
    if table is None:
        if not found:
            raise Refused("there was no table then")
        return found
    database, _, name = table.rpartition(".")
    wanted = (database or "application", name)
    if wanted not in found:
        raise Refused(f"there was no table {'.'.join(wanted)} then. There were: {', '.join('.'.join(each) for each in found)}")
    keys = (
        "SELECT COUNT(*) FROM information_schema.key_column_usage WHERE referenced_table_name IS NOT NULL AND "
        f"({quoted(wanted[0])} IN (table_schema, referenced_table_schema)) AND {quoted(wanted[1])} IN (table_name, referenced_table_name)"
    )
    for options in ((), scratch.options):
        if int(run(keys, "-NB", *options)):
            raise Refused(f"{'.'.join(wanted)} is tied to other tables by foreign keys: restore everything, or copy by hand")
    return [wanted]


def base_tables(options: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    found = run(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' ORDER BY 1, 2", "-NB", *options
    )
    pairs = [tuple(line.split("\t")) for line in found.splitlines()]
    own = backup_dump.databases(*options)
    return [pair for pair in pairs if pair[0] in own]


def losses(scratch: Scratch, tables: list[tuple[str, str]], table: str | None, live: str) -> list[str]:
    """What the restore changes, a line each: for the person who decides."""
    executed = scratch.executed()
    lines = []
    if history_of(live) == history_of(executed):
        lines.append(f"{count_missing(live, executed)} transactions were committed since then:")
    present = base_tables()
    affected = [table_ for table_ in present if table is None and table_[0] in {each[0] for each in tables}]
    for name in sorted({*tables, *affected}):
        now = rows(name) if name in present else "no table"
        then = rows(name, scratch.options) if name in tables else "no table"
        lines.append(f"  {'.'.join(name)}: {now} now, {then} then{', not the same ones' if differs(scratch, name, now, then) else ''}")
    return lines


def differs(scratch: Scratch, table: tuple[str, str], now: str, then: str) -> bool:
    """Whether as many rows hide that there are others."""
    return now == then and checksum(*table) != scratch.checksum(*table)


def rows(table: tuple[str, str], options: tuple[str, ...] = ()) -> str:
    return run(f"SELECT COUNT(*) FROM {identifier(*table)}", "-NB", *options).strip() + " rows"


def bring_in(scratch: Scratch, tables: list[tuple[str, str]], only: str | None):
    """Loads the tables under other names, checks them, exchanges all of them by one statement, and puts the rest in place."""
    names = sorted({database for database, _ in tables})
    scope = only and tables[0][1]
    discard(names)
    try:
        for database in names:
            created = run(f"SHOW CREATE DATABASE {identifier(database)}", "-NB", "--raw", *scratch.options).split("\t", 1)[1].strip()
            run(created.replace(identifier(database), identifier(STAGED + database), 1))
            run(f"CREATE DATABASE {identifier(REPLACED + database)}; CREATE DATABASE IF NOT EXISTS {identifier(database)}")
            scratch.copy(database, [table for owner, table in tables if owner == database], STAGED + database)
        for database, table in tables:
            compare((database, table), scratch.checksum(database, table), checksum(STAGED + database, table))
        before = {database: programs(database, scope) for database in names}
        after = {database: programs(database, scope, scratch.options) for database in names}
    except (MysqlError, Refused):
        discard(names)
        raise
    say("the restored tables are there, checked, under other names; exchanging them")
    present = base_tables()
    leaving = [each for each in present if (each in tables if only else each[0] in names)]
    renames = [f"{identifier(*each)} TO {identifier(REPLACED + each[0], each[1])}" for each in leaving]
    renames += [f"{identifier(STAGED + database, table)} TO {identifier(database, table)}" for database, table in tables]
    try:
        # a table with triggers can't change its database
        run(f"SET lock_wait_timeout = {LOCK_SECONDS};\n{''.join(drop_programs(names, scope))}RENAME TABLE {', '.join(renames)}")
    except MysqlError as error:
        put(before)
        discard(names)
        raise Refused(f"the tables could not be exchanged: {error}. The present data is as it was") from None
    switched = backup_dump.now()
    try:
        put(after)
        discard(names)
    except MysqlError as error:
        say(f"The tables were exchanged, but not all of their triggers, routines, events and views are there again: {error}")
    return switched


def put(statements: dict[str, str]) -> None:
    for database, text in statements.items():
        run(text, database)


def drop_programs(names: list[str], table: str | None) -> list[str]:
    """Statements that remove what isn't data: triggers always, with everything also views, routines and events."""
    kinds = {"TRIGGER": ("triggers", "trigger_schema", "trigger_name", "")}
    if table is None:
        kinds |= {
            "VIEW": ("views", "table_schema", "table_name", ""),
            "PROCEDURE": ("routines", "routine_schema", "routine_name", " AND routine_type = 'PROCEDURE'"),
            "FUNCTION": ("routines", "routine_schema", "routine_name", " AND routine_type = 'FUNCTION'"),
            "EVENT": ("events", "event_schema", "event_name", ""),
        }
    drops = []
    for kind, (where, schema, name, more) in kinds.items():
        wanted = ", ".join(quoted(each) for each in names)
        if table:
            more = f" AND event_object_table = {quoted(table)}"
        found = run(f"SELECT {schema}, {name} FROM information_schema.{where} WHERE {schema} IN ({wanted}){more}", "-NB")
        drops += [f"DROP {kind} {identifier(*line.split(chr(9)))};\n" for line in found.splitlines()]
    return drops


def discard(names: list[str]) -> None:
    for database in names:
        run(f"DROP DATABASE IF EXISTS {identifier(STAGED + database)}; DROP DATABASE IF EXISTS {identifier(REPLACED + database)}")


def checksum(database: str, table: str) -> str:
    return run(f"CHECKSUM TABLE {identifier(database, table)}", "-NB").split("\t")[1].strip()


def compare(name: tuple[str, str], expected: str, found: str) -> None:
    if expected != found:
        raise Refused(f"{'.'.join(name)} isn't on the primary as it was restored: the exchange was not made")


def follow(agent: dict) -> None:
    """Waits until the other databases have what was written here."""
    executed = backup_dump.transactions("executed")
    waiting = {peer["name"]: peer["address"] for peer in agent["peers"]}
    deadline = time.monotonic() + FOLLOW_SECONDS
    silent = set()
    while waiting and time.monotonic() < deadline:
        for name, address in list(waiting.items()):
            try:
                with urllib.request.urlopen(f"http://{address}:{agent['port']}/state", timeout=2) as answer:
                    state = json.load(answer)["database"]
            except (OSError, ValueError, KeyError):
                silent.add(name)
                del waiting[name]
                continue
            if not missing(executed, state.get("executed", "")):
                say(f"{name} has it too")
                del waiting[name]
        time.sleep(0.5)
    for name in sorted(silent | waiting.keys()):
        say(f"{name} doesn't have it yet: it will when it replicates again")


def migrate() -> None:
    """An older schema may lack what the present application needs."""
    if not Path(f"/etc/systemd/system/{MIGRATIONS}").exists():
        say(f"if the application has newer migrations, on an application machine: systemctl restart {MIGRATIONS}")
        return
    subprocess.run(["systemctl", "restart", MIGRATIONS], check=False, env={**os.environ, "SYSTEMD_PAGER": ""})
    say("the application's migrations were run")
