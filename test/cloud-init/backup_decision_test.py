"""Who backs up, what a restore begins with, and what is refused: situations and their answers."""

import unittest
from datetime import UTC, datetime, timedelta

from backup_decision import (
    Database, Refused, Snapshot, base_for, first_log, history_of, holder, kept, logs_for, moment, spans,
)  # fmt: skip

NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
A, B = "aaaaaaaa-0000-0000-0000-000000000001", "bbbbbbbb-0000-0000-0000-000000000002"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def full(name: str, minutes: float, history: str = "a") -> Snapshot:
    return Snapshot(name, "full", at(minutes), "web-3", history)


def logs(name: str, minutes: float, history: str = "a") -> Snapshot:
    return Snapshot(name, "logs", at(minutes), "web-3", history)


def database(position: int, readable: bool = True, writable: bool = False) -> Database:
    return Database(f"web-{position}", position, readable, writable)


class Holder(unittest.TestCase):
    def test_the_last_replica_spares_the_primary(self):
        self.assertEqual(holder([database(1, writable=True), database(2), database(3)]), "web-3")
        self.assertEqual(holder([database(1), database(2), database(3, writable=True)]), "web-2")

    def test_a_primary_that_is_alone_does_it(self):
        self.assertEqual(holder([database(1, writable=True), database(2, readable=False)]), "web-1")

    def test_nobody_who_has_no_data_to_be_read(self):
        self.assertIsNone(holder([database(1, readable=False), database(2, readable=False)]))


class Moment(unittest.TestCase):
    def test_takes_utc_offsets_and_the_time_of_today(self):
        self.assertEqual(moment("2026-01-31 11:58:00", NOON), at(-2))
        self.assertEqual(moment("2026-01-31T12:58:00+01:00", NOON), at(-2))
        self.assertEqual(moment("2026-01-31T11:58:00Z", NOON), at(-2))
        self.assertEqual(moment("11:58:00", NOON), at(-2))
        self.assertIsNone(moment("latest", NOON))

    def test_refuses_the_future_and_what_is_no_time(self):
        for text in ("2026-01-31 12:00:01", "yesterday", "2026-02-31", ""):
            with self.assertRaises(Refused):
                moment(text, NOON)


class Choice(unittest.TestCase):
    kept = [full("f1", 0), logs("l1", 1), logs("l2", 5), full("f2", 10), logs("l3", 12), full("f3", 20, "b"), logs("l4", 25, "b")]

    def test_begins_with_the_newest_full_backup_before(self):
        self.assertEqual(base_for(self.kept, at(9)).id, "f1")
        self.assertEqual(base_for(self.kept, at(10)).id, "f2")
        self.assertEqual(base_for(self.kept, None).id, "f3")

    def test_goes_on_with_logs_that_reach_the_moment(self):
        self.assertEqual([each.id for each in logs_for(self.kept, self.kept[0], at(3))], ["l2", "l3"])
        self.assertEqual([each.id for each in logs_for(self.kept, self.kept[3], at(12))], ["l3"])
        self.assertEqual([each.id for each in logs_for(self.kept, self.kept[5], None)], ["l4"])

    def test_refuses_what_is_before_after_and_between_and_says_what_is_kept(self):
        with self.assertRaisesRegex(Refused, "before the oldest full backup.*from 2026-01-31 12:00:00 UTC to 2026-01-31 12:12:00 UTC"):
            base_for(self.kept, at(-1))
        # in history a nothing reaches so far, though logs of history b would
        with self.assertRaisesRegex(Refused, "is not kept"):
            logs_for(self.kept, base_for(self.kept, at(15)), at(15))
        with self.assertRaisesRegex(Refused, "no full backup yet"):
            base_for([logs("l1", 1)], None)

    def test_tells_histories_apart(self):
        self.assertEqual([(name, begin, end) for name, begin, end in spans(self.kept)], [("a", at(0), at(12)), ("b", at(20), at(25))])
        self.assertEqual(kept([]), "Nothing can be restored.")


class Histories(unittest.TestCase):
    def test_are_named_by_their_marks(self):
        self.assertEqual(history_of(f"{A}:1-5"), "")
        self.assertEqual(history_of(f"{A}:1-5:history:1700000000"), f"{A}-1700000000")
        # data that went on without what others had is another history
        forked = history_of(f"{A}:1-5:history:1700000000,{B}:history:1700000001")
        self.assertNotEqual(forked, history_of(f"{A}:1-5:history:1700000000"))

    def test_logs_begin_where_the_full_backup_ends(self):
        files = [{"previous": ""}, {"previous": f"{A}:1-10"}, {"previous": f"{A}:1-20"}]
        manifest = {"files": files, "purged": ""}
        self.assertEqual(first_log(manifest, f"{A}:1-15"), 1)
        self.assertEqual(first_log(manifest, f"{A}:1-20"), 2)
        self.assertEqual(first_log(manifest, ""), 0)
        self.assertIsNone(first_log({"files": files[1:], "purged": f"{A}:1-10"}, f"{A}:1-5"), "transactions 6 to 10 are missing")

    def test_logs_of_a_copied_database_have_nothing_from_before_the_copy(self):
        # as MySQL writes them: its first file says that nothing came before
        manifest = {"files": [{"previous": ""}, {"previous": ""}, {"previous": f"{A}:9-12"}], "purged": f"{A}:1-8"}
        self.assertIsNone(first_log(manifest, f"{A}:1-5"), "transactions 6 to 8 are missing")
        self.assertEqual(first_log(manifest, f"{A}:1-8"), 1)
        self.assertEqual(first_log(manifest, f"{A}:1-12"), 2)


if __name__ == "__main__":
    unittest.main()
