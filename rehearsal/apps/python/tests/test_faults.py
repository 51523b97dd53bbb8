import json
import os
import tempfile
import unittest

from langgraph_service.faults import Faults


class FaultsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "fault.json")
        self.faults = Faults(self.path)
        self.generation = 0

    def set(self, text: str) -> None:
        with open(self.path, "w", encoding="utf8") as file:
            file.write(text)
        self.generation += 1
        os.utime(self.path, ns=(self.generation, self.generation))

    def test_follows_the_file(self) -> None:
        self.assertEqual(self.faults.current().kind, "none")
        self.set('{"kind":"slow","share":1}')
        self.assertEqual(self.faults.hits("slow"), "slow")
        self.assertIsNone(self.faults.hits("5xx"))
        self.set('{"kind":"5xx"}')
        self.assertEqual(self.faults.hits("slow", "5xx"), "5xx")
        os.unlink(self.path)
        self.assertIsNone(self.faults.hits("5xx"))

    def test_keeps_the_last_one_while_the_file_is_being_written(self) -> None:
        self.set('{"kind":"slow","share":1}')
        self.assertEqual(self.faults.hits("slow"), "slow")
        self.set('{"kind":')
        self.assertEqual(self.faults.hits("slow"), "slow")

    def test_hits_the_share(self) -> None:
        self.set(json.dumps({"kind": "5xx", "share": 0.2}))
        hits = sum(self.faults.hits("5xx") is not None for _ in range(5000))
        self.assertAlmostEqual(hits / 5000, 0.2, delta=0.02)
