"""A database with a fixed role, primary or replica: observing it, and doing what database_decision.py decides."""

from dataclasses import replace

from database_decision import Action, Database, Decision, decide, may_be_read, may_be_written
from mysql_server import CA_FILE, Session, make_accounts, password_of, quoted, run


class PrimaryReplica:
    # what the others have when they are asked, this database has had time to get when it is looked at
    OTHERS_FIRST = True

    def __init__(self, settings: dict) -> None:
        self.settings = settings
        self.addresses = {peer["name"]: peer["address"] for peer in settings["peers"]}
        self.roles = {each["name"]: each["role"] for each in (settings, *settings["peers"])}
        self.accounts_made = False

    def unknown(self, name: str) -> Database:
        return Database(name, self.roles[name])

    def from_state(self, state: dict, _clock_ahead: float) -> Database:
        return Database(**state)

    def observe(self, session: Session) -> Database:
        variables = session.rows(
            "SELECT @@server_uuid AS uuid, @@gtid_executed AS executed, @@read_only OR @@super_read_only AS read_only"
        )[0]
        me = replace(
            self.unknown(self.settings["name"]), answers=True, uuid=variables["uuid"],
            executed=variables["executed"].replace("\\n", ""), writable=variables["read_only"] == "0",
        )  # fmt: skip
        replication = session.rows("SHOW REPLICA STATUS")
        if not replication:
            return me
        status = replication[0]
        stored = session.rows("SELECT User_password AS password FROM mysql.slave_master_info")[0]
        lag = status["Seconds_Behind_Source"]
        return replace(
            me,
            source=status["Source_Host"],
            source_password_matches=stored["password"] == password_of("replication"),
            receiving=status["Replica_IO_Running"],
            applying=status["Replica_SQL_Running"],
            lag=None if lag == "NULL" else int(lag),
            error=status["Last_SQL_Error"] or status["Last_IO_Error"],
        )

    def decide(self, me: Database, others: list[Database], _was_settled: bool) -> Decision:
        return decide(me, others, self.addresses, self.accounts_made)

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
        elif decision.action is Action.FOLLOW:
            self.follow()
        elif decision.action is Action.RESUME:
            run("START REPLICA")

    def lead(self) -> None:
        # root may write now, applications may not until everything is there
        run("STOP REPLICA; RESET REPLICA ALL; SET GLOBAL super_read_only = OFF")
        make_accounts()
        run("SET GLOBAL read_only = OFF")
        self.accounts_made = True

    def follow(self) -> None:
        primary = next(peer for peer in self.settings["peers"] if peer["role"] == "primary")
        run(
            f"""STOP REPLICA;
            SET GLOBAL super_read_only = ON;
            CHANGE REPLICATION SOURCE TO
              SOURCE_HOST = {quoted(primary["address"])}, SOURCE_PORT = {self.settings["databasePort"]},
              SOURCE_USER = 'replication', SOURCE_PASSWORD = {quoted(password_of("replication"))},
              SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 0,
              SOURCE_HEARTBEAT_PERIOD = 1,
              SOURCE_SSL = 1, SOURCE_SSL_CA = {quoted(CA_FILE)}, SOURCE_SSL_VERIFY_SERVER_CERT = 1;
            START REPLICA"""
        )

    def stop_replication(self) -> None:
        run("STOP REPLICA")
