"""A member of the database group: observing it, and doing what group_decision.py decides."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import primary_record
from group_decision import Action, Decision, decide
from group_port import note_joined, port_to_join_by
from group_state import Member, confirmed, has_older_data, may_be_read, may_be_written, working_primary
from gtid_set import missing
from hand_over import BUSY_SECONDS, DRAINING, NOTICE_SECONDS, handing_over, wait_until_idle
from mysql_server import MysqlError, Session, clone, first_logged_error, make_accounts, mark_history, password_of, quoted, run, value, within

GROUP = "performance_schema.replication_group_members"
# The GTID set of a member that stopped in order when no other was left. It stays with the data.
DATA = Path("/var/lib/mysql")
LAST_MEMBER = DATA / "stopped-as-last-member"
# Seconds: a member that has a majority has left after one or two.
LEAVE_SECONDS = 3
# How long MySQL may take to be back, in seconds: it recovers what it had not written.
RESTART_SECONDS = 60
# How long an orderly hand-over waits for the new primary.
ELECTION_SECONDS = 10


def free_space() -> int:
    return shutil.disk_usage(DATA).free >> 20


class GroupMember:
    # who isn't in the group stands still: what the others have is to be newer than what is here, never older
    OTHERS_FIRST = False

    def __init__(self, settings: dict) -> None:
        self.settings = settings
        # what was heard of them last
        self.others: list[Member] = []
        self.names = {each["address"]: each["name"] for each in (settings, *settings["peers"])}
        self.positions = {each["name"]: each["position"] for each in (settings, *settings["peers"])}
        self.state = ""
        self.leads = False
        self.joins = False
        self.failed_to_join = False
        self.ahead_since = 0.0

    def unknown(self, name: str, silent: float = 0.0) -> Member:
        return Member(name, self.positions[name], silent=silent)

    def unanswered(self) -> Member:
        """This one, when its MySQL says nothing: a full disk may be why."""
        return replace(self.unknown(self.settings["name"]), space=free_space())

    def from_state(self, state: dict, clock_ahead: float) -> Member:
        # an agent of another version may know more or less
        known = {field.name for field in fields(Member)}
        told = Member(**{key: state[key] for key in known & state.keys()})
        return replace(told, view=tuple(told.view), clock_ahead=clock_ahead, record=primary_record.record_from(state.get("record")))

    def observe(self, session: Session) -> Member:
        server = session.rows(
            "SELECT @@server_uuid AS uuid, @@gtid_executed AS executed, @@super_read_only AS read_only, "
            "@@group_replication_group_name AS group_name, @@group_replication_local_address AS local_address"
        )[0]
        received = session.rows(
            "SELECT RECEIVED_TRANSACTION_SET AS received FROM performance_schema.replication_connection_status "
            "WHERE CHANNEL_NAME = 'group_replication_applier'"
        )
        # waits until START GROUP_REPLICATION has returned, a second after it has made this one a member: nobody hears of it sooner
        queue = session.rows(
            "SELECT COUNT_TRANSACTIONS_REMOTE_IN_APPLIER_QUEUE AS queue, "
            # the age of the oldest transaction that is being applied; none, no lag
            "(SELECT TIMESTAMPDIFF(SECOND, MIN(APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP), NOW(6)) "
            "FROM performance_schema.replication_applier_status_by_worker "
            "WHERE CHANNEL_NAME = 'group_replication_applier' AND APPLYING_TRANSACTION <> '') AS behind "
            "FROM performance_schema.replication_group_member_stats WHERE MEMBER_ID = @@server_uuid"
        )
        seen = session.rows(f"SELECT MEMBER_ID AS id, MEMBER_HOST AS host, MEMBER_STATE AS state, MEMBER_ROLE AS role FROM {GROUP}")
        mine = next((member for member in seen if member["id"] == server["uuid"]), {"state": "OFFLINE", "role": ""})
        alive = [member for member in seen if member["state"] in ("ONLINE", "RECOVERING")]
        # one that isn't heard of keeps its role until it is expelled
        primary = next((member["host"] for member in seen if member["role"] == "PRIMARY" and member["state"] == "ONLINE"), "")
        self.state = mine["state"]
        self.leads = self.leads and mine["role"] == "PRIMARY"
        gtids = [server["executed"], *(row["received"] for row in received)]
        executed = ",".join(filter(None, gtids)).replace("\\n", "")
        return replace(
            self.unknown(self.settings["name"]), group=server["group_name"], answers=True, uuid=server["uuid"],
            state=mine["state"], role=mine["role"], quorum=len(alive) * 2 > len(seen),
            writable=server["read_only"] == "0", leads=self.leads, joins=self.joins, primary=self.names.get(primary, ""),
            executed=executed, queue=int(queue[0]["queue"]) if queue else 0,
            lag=int(queue[0]["behind"]) if queue and queue[0]["behind"] != "NULL" else 0,
            view=tuple(self.names.get(member["host"], member["host"]) for member in seen if member["host"]),
            port=int(server["local_address"].partition(":")[2] or 0),
            space=free_space(), stopped_last=stopped_last(executed), record=primary_record.read(),
        )  # fmt: skip

    def decide(self, me: Member, others: list[Member], was_settled: bool) -> Decision:
        self.others = others
        return decide(replace(me, ahead=self.seconds_ahead(me, others)), others, was_settled)

    def seconds_ahead(self, me: Member, others: list[Member]) -> float:
        """What others have was asked for later, so a primary that is well has at least what this member has."""
        primary = working_primary(others)
        if primary is None or not me.serves or not missing(me.executed, primary.executed):
            self.ahead_since = 0.0
            return 0.0
        self.ahead_since = self.ahead_since or time.monotonic()
        return time.monotonic() - self.ahead_since

    def confirmed(self, me: Member, others: list[Member]) -> bool:
        return confirmed(me, others)

    def answers(self, me: Member, _decision: Decision) -> dict[str, bool]:
        return {"/primary": may_be_written(me), "/replica": may_be_read(me), "/older": has_older_data(me, self.others)}

    def act(self, decision: Decision) -> None:
        # the others wait for it, but not for who tries in vain
        self.joins = decision.joins and not self.failed_to_join
        if decision.action in (Action.FOUND, Action.CLONE, Action.JOIN) and not self.is_rid_of_lost_group():
            return
        if decision.action is Action.FOUND:
            self.begin_group()
            # at once: the others wait for the accounts, to join
            self.lead()
        elif decision.action is Action.CLONE:
            # before it joins, so that the group doesn't notice the restart with which a copy ends
            [donor] = [peer for peer in self.settings["peers"] if peer["name"] == decision.donor]
            clone(donor["address"], self.settings["databasePort"])
        elif decision.action is Action.JOIN:
            self.failed_to_join = True
            self.start_replication()
            self.failed_to_join = False
        elif decision.action is Action.LEAVE:
            self.is_rid_of_lost_group()
        elif decision.action is Action.LEAD:
            self.lead()
        elif decision.action is Action.HAND_OVER:
            run(f"SELECT group_replication_set_as_primary('{decision.heir}', {ELECTION_SECONDS})", timeout=2 * ELECTION_SECONDS)
        elif decision.action is Action.STEP_OUT:
            # commits wait for space, and an orderly end would wait for them
            restart_mysql("the disk is full")

    def is_rid_of_lost_group(self) -> bool:
        """
        Ends what is left of a membership. After a lost majority MySQL's group communication waits half a minute for an agreement
        with nobody: then MySQL begins anew, and this says no.
        """
        if self.state == "OFFLINE":
            return True
        try:
            run("STOP GROUP_REPLICATION", timeout=LEAVE_SECONDS)
        except MysqlError as problem:
            restart_mysql(f"it doesn't leave its lost group: {problem}")
            return False
        return True

    def has_left(self) -> bool:
        """Whether MySQL answers, and isn't what is left of a lost group."""
        try:
            return self.observe(Session()).state != "ERROR"
        except MysqlError:
            return False

    def lead(self) -> None:
        make_accounts()
        self.leads = True

    def begin_group(self) -> None:
        try:
            self.start_replication("ON")
        finally:
            run("SET GLOBAL group_replication_bootstrap_group = OFF")
        LAST_MEMBER.unlink(missing_ok=True)

    def force_group(self) -> None:
        """
        Begins the group by an operator's order. Should another member go on with its own data likewise, both would use the same
        transaction ids for different transactions; an empty one, under this server's own name, tells their data apart for ever.
        """
        # a member that lost its majority refuses every commit until it has left
        if not self.is_rid_of_lost_group() and not within(RESTART_SECONDS, mysql_answers):
            raise MysqlError(f"it isn't back {RESTART_SECONDS} s after its restart")
        run("SET GLOBAL super_read_only = OFF")
        mark_history(again=True)
        run("SET GLOBAL super_read_only = ON")
        self.begin_group()

    def start_replication(self, bootstrap: str = "OFF") -> None:
        if value("SELECT COUNT(*) FROM mysql.slave_master_info WHERE Channel_name = ''") != "0":
            # from the time when this was the replica of another database
            run("STOP REPLICA FOR CHANNEL ''; RESET REPLICA ALL FOR CHANNEL ''")
        # "OFF" as well: an agent that was killed while it began a group has left it on, and this would begin another one
        run(f"SET GLOBAL group_replication_bootstrap_group = {bootstrap}")
        ports = self.settings["groupPorts"]
        port = port_to_join_by(**ports)
        seeds = ",".join(f"{each['address']}:{self.port_of(each['name'])}" for each in self.settings["peers"])
        run(
            f"SET GLOBAL group_replication_local_address = '{self.settings['address']}:{port}';"
            f"SET GLOBAL group_replication_group_seeds = '{seeds}'"
        )
        begun = time.time()
        try:
            # the account to fetch from another member what is missing here, needed in this moment only
            run(f"START GROUP_REPLICATION USER = 'replication', PASSWORD = {quoted(password_of('replication'))}")
        except MysqlError as problem:
            raise MysqlError(first_logged_error(begun) or problem) from None
        note_joined(port, **ports)

    def port_of(self, peer: str) -> int:
        """By which a member is reached; agents of an older version don't tell, and always use the first."""
        return next((other.port for other in self.others if other.name == peer and other.port), self.settings["groupPorts"]["first"])

    def knows(self) -> dict:
        return {}

    def stop_replication(self) -> None:
        run("STOP GROUP_REPLICATION")


def restart_mysql(reason: str) -> None:
    """At once: only writes are lost that nobody acknowledged. systemd starts it again."""
    print(f"restarting MySQL: {reason}", flush=True)
    subprocess.run(["systemctl", "kill", "--signal=KILL", "mysql.service"], check=False)


def mysql_answers() -> bool:
    try:
        return bool(run("SELECT 1"))
    except MysqlError:
        return False


def stopped_last(executed: str) -> bool:
    """Whether this member was the last to stop, in order, and nothing was written here since."""
    try:
        then = LAST_MEMBER.read_text()
    except FileNotFoundError:
        return False
    return bool(then) and not missing(then, executed) and not missing(executed, then)


def hand_over(addresses: dict[str, str], name: str) -> str:
    """
    Lets the work of applications here end, and gives the role of primary to another member. Returns what happened, for the log.
    @param addresses of the other members, by name
    @param name the member that gets the role; empty: whoever is the best
    """
    with handing_over():
        # by then every HAProxy has asked the agent once more
        time.sleep(NOTICE_SECONDS)
        wait_until_idle(BUSY_SECONDS)
        return give_role_away(addresses, name)


def give_role_away(addresses: dict[str, str], name: str) -> str:
    heirs = json.loads(
        value(
            "SELECT JSON_ARRAYAGG(JSON_OBJECT('id', MEMBER_ID, 'host', MEMBER_HOST, 'state', MEMBER_STATE, 'role', MEMBER_ROLE, "
            f"'me', MEMBER_ID = @@server_uuid)) FROM {GROUP}"
        )
    )
    me = next((member for member in heirs if member["me"]), None)
    if me is None or me["role"] != "PRIMARY":
        if name:
            sys.exit("This machine is not the primary. Nothing was changed.")
        return "not the primary: nothing to hand over"
    others = sorted((each for each in heirs if not each["me"] and each["state"] == "ONLINE"), key=lambda each: each["host"])
    if len(heirs) == 1 and DRAINING.exists():
        # from here on nothing can be written any more, here or elsewhere: what is here is all there is
        run("SET GLOBAL super_read_only = ON")
        LAST_MEMBER.write_text(value("SELECT @@gtid_executed").replace("\n", ""))
        shutil.chown(LAST_MEMBER, "mysql", "mysql")
        return "the last member: it may begin the group again without the others"
    # the first, as rolling changes go through the machines in order: it has been through, and won't have to hand over again
    heir = next((each for each in others if not name or each["host"] == addresses[name]), None)
    if heir is None:
        if name:
            sys.exit("That machine is not an online member of the group. Nothing was changed.")
        return "no other member is there to become the primary"
    run(f"SELECT group_replication_set_as_primary('{heir['id']}', {ELECTION_SECONDS})")
    names = {address: other for other, address in addresses.items()}
    # a member that came while the machines are changed one by one isn't known here yet
    return f"{names.get(heir['host'], heir['host'])} is the primary now"
