"""What the database agent knows, as Prometheus reads it: pure, from a state to a text."""

ABOUT = {
    "database_answers": "whether MySQL answers its agent",
    "database_online": "whether it takes part: in a group with quorum, or as a primary, or as a replica that replicates",
    "database_writable": "whether applications may write here: it is the primary",
    "database_readable": "whether applications may read here",
    "database_members": "how many databases the stack is to have",
    "database_lag_seconds": "how far it is behind the primary",
    "database_queue_transactions": "transactions received and not applied yet",
    "database_needs_help": "whether only a person can decide what happens next",
}


def metrics(state: dict, answers: dict[str, bool], members: int) -> str:
    """
    @param state what the agent answers at /state
    @param answers what it would answer at /primary and /replica
    @param members how many databases the stack has, this one included
    """
    database = state["database"]
    values = {
        "database_answers": database["answers"],
        "database_online": is_online(database, answers),
        "database_writable": answers.get("/primary", False),
        "database_readable": answers.get("/replica", False),
        "database_members": members,
        "database_lag_seconds": database.get("lag"),
        "database_queue_transactions": database.get("queue"),
        "database_needs_help": state.get("action") == "ask",
    }
    lines = []
    for name, value in values.items():
        # what isn't known is absent, not zero
        if value is not None:
            lines += [f"# HELP {name} {ABOUT[name]}", f"# TYPE {name} gauge", f"{name} {int(value)}"]
    return "\n".join(lines) + "\n"


def is_online(database: dict, answers: dict[str, bool]) -> bool:
    if "quorum" in database:
        return database["answers"] and database["state"] == "ONLINE" and database["quorum"]
    return any(answers.get(path, False) for path in ("/primary", "/replica"))
