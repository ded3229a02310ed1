# SPDX-License-Identifier: GPL-2.0-only
"""mp.compare: what counts as the same result."""

import unittest

from mp.compare import EXIT, Outcome, programs, results


def outcome(stock, ours):
    """Runs of one result each, which a letter stands for."""
    words = {"p": "passed", "f": "failed", "s": "skipped"}
    return Outcome([{"x": words[c]} if c in words else {} for c in stock],
                   [{"x": words[c]} if c in words else {} for c in ours])


class CompareTest(unittest.TestCase):
    """Reading and comparing."""

    def test_results(self):
        found = results(
            "TAP version 13\n1..5\n# [RUN] a\nok 1 5MB mremap, 0x7f00 \n"
            "not ok 2 - b\nok 3 c # SKIP no node\n# ok 1 nested\n"
            "not ok 4 d # SKIP\n"
            "Testing UFFDIO_ZEROPAGE on anon... done\n"
            "Testing move on shmem... skipped [reason: feature missing]\n", 0)
        self.assertEqual(found, {
            "1 NMB mremap, N": "passed", "2 b": "failed", "3 c": "skipped",
            "1 nested": "passed", "4 d": "failed",
            "UFFDIO_ZEROPAGE on anon": "passed", "move on shmem": "skipped",
            EXIT: "passed"})

    def test_repeated_names(self):
        found = results("ok 1 a\nnot ok 1 a\nok 1 a\n", 0)
        self.assertEqual(list(found), ["1 a", "1 a@1", "1 a@2", EXIT])

    def test_steps(self):
        found = results(
            "Save settings... \x1b[32mOK\x1b[0m\nRun test: a (anon)\n"
            "Allocate... \x1b[32mOK\x1b[0m\nRun test: b (anon)\n"
            "Swapout... \x1b[31mFail\x1b[0m\n", 1)
        self.assertEqual(found, {"a (anon)": "passed", "b (anon)": "failed",
                                 EXIT: "failed"})

    def test_exits(self):
        for status, word in ((0, "passed"), (4, "skipped"), (1, "failed"),
                             (124, "stopped"), (139, "failed")):
            self.assertEqual(results("", status), {EXIT: word})

    def test_programs(self):
        found = programs("# program a\nok 1 x\n# program a ended with status "
                         "0\n# program a\n# program a ended with status 1\n"
                         "# copied x 1\n# program b\nok 1 x\n")
        self.assertEqual(found, [("a", {"1 x": "passed", EXIT: "passed"}),
                                 ("a", {EXIT: "failed"})])

    def test_alike(self):
        for stock, ours in (("p", "p"), ("f", "f"), ("s", "s"), ("pf", "p"),
                            ("pf", "pf"), ("pf", "fp"), ("ffffp", "fp")):
            self.assertEqual(outcome(stock, ours).differences(), [],
                             (stock, ours))

    def test_different(self):
        for stock, ours in (("p", "f"), ("p", "s"), ("f", "p"), ("pp", "pf"),
                            ("pf", "f"), ("pf", "s"), ("p", "-"), ("-", "p")):
            self.assertEqual(len(outcome(stock, ours).differences()), 1,
                             (stock, ours))

    def test_nothing_told(self):
        self.assertTrue(outcome("p", "p").told())
        for stock, ours in (("s", "s"), ("f", "f"), ("p", "s"), ("-", "-")):
            self.assertFalse(outcome(stock, ours).told(), (stock, ours))

    def test_unsteady(self):
        self.assertEqual(outcome("pf", "p").unsteady(), ["x"])
        self.assertEqual(outcome("pp", "p").unsteady(), [])
