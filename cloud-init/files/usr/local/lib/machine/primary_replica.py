"""One of two databases, primary or replica: observing it, and doing what database_decision.py decides."""

import json
import sys
import time
import urllib.request
from dataclasses import asdict, fields, replace

import primary_record
from database_decision import (
    Action, Database, Decision, decide, known_record, losses, may_be_read, may_be_written, why_not_handed_over, why_not_promoted,
)  # fmt: skip
from gtid_set import missing
from hand_over import BUSY_SECONDS, NOTICE_SECONDS, handing_over, is_handing_over, wait_until_idle
from mysql_server import CA_FILE, Session, clone, make_accounts, password_of, quoted, run, value, within

# How long a planned promotion waits for the replica to have everything, and then for it to accept writes.
CATCH_UP_SECONDS = 10
LEAD_SECONDS = 20


class PrimaryReplica:
    # what the others have when they are asked, this database has had time to get when it is looked at
    OTHERS_FIRST = True

    def __init__(self, settings: dict) -> None:
        self.settings = settings
        self.addresses = {peer["name"]: peer["address"] for peer in settings["peers"]}
        self.names = {address: name for name, address in self.addresses.items()}
        self.positions = {each["name"]: each["position"] for each in (settings, *settings["peers"])}
        # the first one made is the primary, until a record says otherwise
        self.first = min(self.positions, key=self.positions.get)
        self.record = primary_record.Record()
        self.primary_had: Database | None = None
        self.accounts_made = False

    def unknown(self, name: str, _silent: float = 0.0) -> Database:
        return Database(name, self.positions[name])

    def unanswered(self) -> Database:
        return self.unknown(self.settings["name"])

    def from_state(self, state: dict, _clock_ahead: float) -> Database:
        # an agent of another version may know more or less; a member of a group writes under the name of the group
        known = {field.name for field in fields(Database)} & state.keys()
        told = Database(**{key: state[key] for key in known})
        return replace(told, record=primary_record.record_from(state.get("record")), uuid=state.get("group") or told.uuid)

    def observe(self, session: Session) -> Database:
        server = session.rows(
            "SELECT @@server_uuid AS uuid, @@gtid_executed AS executed, @@gtid_purged AS purged, "
            "@@read_only OR @@super_read_only AS read_only"
        )[0]
        semi_synchronous = session.rows("SHOW STATUS LIKE 'Rpl_semi_sync_source_status'")
        me = replace(
            self.unknown(self.settings["name"]), answers=True, uuid=server["uuid"], executed=plain(server["executed"]),
            purged=plain(server["purged"]), writable=server["read_only"] == "0", record=primary_record.read(),
            handing_over=is_handing_over(), semi_synchronous=[row["Value"] for row in semi_synchronous] == ["ON"],
        )  # fmt: skip
        replication = session.rows("SHOW REPLICA STATUS")
        if not replication:
            return me
        status = replication[0]
        stored = session.rows("SELECT User_password AS password FROM mysql.slave_master_info")[0]
        lag = status["Seconds_Behind_Source"]
        return replace(
            me,
            source=self.names.get(status["Source_Host"], status["Source_Host"]),
            source_password_matches=stored["password"] == password_of("replication"),
            receiving=status["Replica_IO_Running"],
            applying=status["Replica_SQL_Running"],
            received=plain(status["Retrieved_Gtid_Set"]),
            lag=None if lag == "NULL" else int(lag),
            error=status["Last_SQL_Error"] or status["Last_IO_Error"],
        )

    def decide(self, me: Database, others: list[Database], _was_settled: bool) -> Decision:
        self.record = known_record(me, others)
        if me.answers and self.record != me.record:
            self.remember(self.record)
        for other in others:
            if other.answers and other.name == self.record.primary:
                self.primary_had = other
        return decide(replace(me, record=self.record), others, self.first, self.accounts_made)

    def knows(self) -> dict:
        return {"primary_had": asdict(self.primary_had)} if self.primary_had else {}

    def remember(self, record: primary_record.Record) -> None:
        primary_record.write(record)
        print(f"term {record.term}: the primary is {record.primary}, of {', '.join(record.members)}", flush=True)

    def confirmed(self, _me: Database, _others: list[Database]) -> bool:
        return True

    def answers(self, me: Database, decision: Decision) -> dict[str, bool]:
        return {
            "/primary": may_be_written(me),
            "/replica": may_be_read(me, decision, self.settings["maximumLag"]),
        }

    def act(self, decision: Decision) -> None:
        if decision.action is Action.LEAD:
            self.lead()
        elif decision.action is Action.STEP_BACK:
            run("SET GLOBAL super_read_only = ON")
            self.accounts_made = False
        elif decision.action is Action.FOLLOW:
            self.follow()
        elif decision.action is Action.CLONE:
            clone(self.addresses[self.record.primary or self.first], self.settings["databasePort"])
        elif decision.action is Action.RESUME:
            run("START REPLICA")

    def lead(self) -> None:
        # root may write now, applications may not until everything is there
        run("STOP REPLICA; RESET REPLICA ALL; SET GLOBAL super_read_only = OFF")
        make_accounts()
        if not self.record.term:
            self.remember(primary_record.Record(1, self.settings["name"], (self.settings["name"],)))
        run("SET GLOBAL read_only = OFF")
        self.accounts_made = True

    def follow(self) -> None:
        run(
            f"""STOP REPLICA;
            SET GLOBAL super_read_only = ON;
            CHANGE REPLICATION SOURCE TO
              SOURCE_HOST = {quoted(self.addresses[self.record.primary or self.first])},
              SOURCE_PORT = {self.settings["databasePort"]},
              SOURCE_USER = 'replication', SOURCE_PASSWORD = {quoted(password_of("replication"))},
              SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 0,
              SOURCE_HEARTBEAT_PERIOD = 1,
              SOURCE_SSL = 1, SOURCE_SSL_CA = {quoted(CA_FILE)}, SOURCE_SSL_VERIFY_SERVER_CERT = 1;
            START REPLICA"""
        )

    def stop_replication(self) -> None:
        run("STOP REPLICA")

    # ---- by an operator's order, in a process of their own beside the agent

    def state_of(self, name: str) -> dict | None:
        """What the agent of a machine says, which may be this one; none when it doesn't answer."""
        address = self.addresses.get(name, "127.0.0.1")
        try:
            with urllib.request.urlopen(f"http://{address}:{self.settings['port']}/state", timeout=2) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def database_at(self, name: str) -> Database:
        state = self.state_of(name)
        return self.from_state(state["database"], 0) if state else self.unknown(name)

    def hand_over(self, name: str) -> str:
        """Makes another database the primary while this one lives: nothing acknowledged is lost, writes wait for a moment."""
        here = self.settings["name"]
        if not name:
            with handing_over():
                time.sleep(NOTICE_SECONDS)
                wait_until_idle(BUSY_SECONDS)
            return "where there are two databases, the role of primary moves by order only: it stays as it is"
        if name not in self.addresses:
            sys.exit(f"{name} is no other database machine. There are: {', '.join(self.addresses)}. Nothing was changed.")
        refusal = why_not_handed_over(self.database_at(here), self.database_at(name), self.settings["maximumLag"])
        if refusal:
            sys.exit(f"{refusal}. Nothing was changed.")
        with handing_over():
            # by then every HAProxy has asked the agent once more
            time.sleep(NOTICE_SECONDS)
            wait_until_idle(BUSY_SECONDS)
            run("SET GLOBAL super_read_only = ON")
            mine = plain(value("SELECT @@gtid_executed"))
            if not within(CATCH_UP_SECONDS, lambda: not missing(mine, self.database_at(name).executed)):
                run("SET GLOBAL read_only = OFF")
                sys.exit(f"{name} did not get everything within {CATCH_UP_SECONDS} s, so {here} stays the primary.")
            record = primary_record.read()
            primary_record.write(replace(record, term=record.term + 1, primary=name))
            if not within(LEAD_SECONDS, lambda: may_be_written(self.database_at(name))):
                sys.exit(f"{name} is to be the primary, but doesn't accept writes yet: see there, /usr/local/sbin/machine-ready")
        return f"{name} is the primary now"

    def promote(self, accept_loss: bool) -> str:
        """Makes this database the primary without the old one."""
        here = self.settings["name"]
        state = self.state_of(here) or sys.exit("The agent here does not answer. Nothing was changed.")
        me = self.from_state(state["database"], 0)
        peers = [self.database_at(name) for name in self.addresses]
        old = me.record.primary or self.first
        refusal = why_not_promoted(me, peers, old in self.addresses and self.state_of(old) is not None)
        if refusal:
            sys.exit(f"{refusal}. Nothing was changed.")
        had = state.get("primary_had")
        lost = losses(me, peers, self.from_state(had, 0) if had else None)
        if lost and not accept_loss:
            lines = "".join(f"\n  {line}" for line in lost)
            sys.exit(f"This would lose:{lines}\nNothing was changed. To go on all the same, add --accept-loss.")
        alive = {here, *(peer.name for peer in peers if peer.answers)}
        members = tuple(name for name in {*me.record.members, here} if name in alive)
        primary_record.write(primary_record.Record(me.record.term + 1, here, members))
        if not within(LEAD_SECONDS, lambda: may_be_written(self.database_at(here))):
            sys.exit(f"{here} is to be the primary, but doesn't accept writes yet: see /usr/local/sbin/machine-ready")
        return "\n".join([*(f"given up: {line}" for line in lost), f"{here} is the primary now"])


def plain(gtids: str) -> str:
    """A set is written over several lines, which the client shows as such."""
    return gtids.replace("\\n", "").replace("\n", "")
