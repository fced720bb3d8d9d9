"""GTID sets. Run by agent.test.ts, in the machine image."""

import unittest

from gtid_set import count_missing, missing, sources

A = "aaaaaaaa-0000-0000-0000-000000000001"
B = "bbbbbbbb-0000-0000-0000-000000000002"


class GtidSets(unittest.TestCase):
    def test_what_one_set_has_and_another_lacks(self):
        for theirs, mine, lacking, count in [
            ("", "", set(), 0),
            (f"{A}:1-5", f"{A}:1-5", set(), 0),
            (f"{A}:1-5", f"{A}:1-4", {A}, 1),
            (f"{A}:3", f"{A}:1-2:4-9", {A}, 1),
            (f"{A}:2:5", f"{A}:1-2:4-9", set(), 0),
            (f"{A}:1-5,\n{B}:1", f"{A}:1-5", {B}, 1),
            (f"{A}:1-9", f"{A}:2-3:6", {A}, 6),
            (f"{A}:1:tag:1-3", f"{A}:1-9", {A}, 3),
            (f"{A}:1:tag:1-3", f"{A}:1-9:tag:1-3", set(), 0),
            # what was executed and what was only received, as one set
            (f"{A}:1-9", f"{A}:1-5,{A}:6-9", set(), 0),
            (f"{A}:1-9", f"{A}:4-9,{A}:1-5", set(), 0),
            (f"{A}:1-9", f"{A}:1-5,{A}:7-9", {A}, 1),
        ]:
            self.assertEqual(missing(theirs, mine), lacking, (theirs, mine))
            self.assertEqual(count_missing(theirs, mine), count, (theirs, mine))

    def test_who_wrote(self):
        self.assertEqual(sources(f"{A}:1-5:tag:1,{B}:7"), {A, B})
        self.assertEqual(sources(""), set())


if __name__ == "__main__":
    unittest.main()
