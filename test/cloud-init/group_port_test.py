"""By which port a member joins. Run by agent.test.ts, in the machine image."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import group_port

PORTS = {"first": 33061, "last": 33064}


class PortTest(unittest.TestCase):
    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.file = Path(directory.name) / "group-port"
        patcher = patch.object(group_port, "NEXT", self.file)
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_is_the_next_one_after_each_join_and_then_the_first_again(self):
        used = []
        for _ in range(5):
            used.append(group_port.port_to_join_by(**PORTS))
            group_port.note_joined(used[-1], **PORTS)
        self.assertEqual(used, [33061, 33062, 33063, 33064, 33061])

    def test_stays_the_same_until_a_join_has_succeeded(self):
        group_port.note_joined(33061, **PORTS)
        self.assertEqual([group_port.port_to_join_by(**PORTS) for _ in range(2)], [33062, 33062])

    def test_is_the_first_when_the_file_says_nothing_of_use(self):
        for text in ("", "none\n", "3306\n"):
            self.file.write_text(text)
            self.assertEqual(group_port.port_to_join_by(**PORTS), 33061, text)
