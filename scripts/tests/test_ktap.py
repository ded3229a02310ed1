# SPDX-License-Identifier: GPL-2.0-only
"""mp.ktap: what counts, and that nothing missing counts as passed."""

import unittest

from mp.ktap import figures, parse

KUNIT = """\
[    0.912345] KTAP version 1
[    0.912399] 1..1
[    0.912500]     KTAP version 1
[    0.912501]     # Subtest: migrate_policy
[    0.912502]     1..2
[    0.912503]     ok 1 defaults
[    0.912504] random: crng init done
[    0.912505]         KTAP version 1
[    0.912506]         # Subtest: values
[    0.912507]         ok 1 0
[    0.912508]         ok 2 1
[    0.912509]     # values: pass:2 fail:0 skip:0 total:2
[    0.912510]     %s 2 values
[    0.912511] # migrate_policy: pass:2 fail:0 skip:0 total:2
[    0.912512] ok 1 migrate_policy
"""


def counts(text):
    """How many passed, failed, were skipped."""
    tests = parse(text)
    return tuple(sum(test.status == status for test in tests)
                 for status in ("passed", "failed", "skipped"))


class FiguresTest(unittest.TestCase):
    """What a section says about how much it has checked."""

    def test_added_up_by_name(self):
        self.assertEqual(figures("# figure pages: 12\nok 1 - a\n"
                                 "    # figure pages: 30\n"
                                 "# figure faults injected: 1\n"),
                         {"pages": 42, "faults injected": 1})

    def test_other_remarks_are_none(self):
        self.assertEqual(figures("# figure pages: many\n# pages: 1\n"
                                 "no # figure pages: 1\n"), {})


class KtapTest(unittest.TestCase):
    """One stream each."""

    def test_flat(self):
        self.assertEqual(counts("TAP version 13\n1..2\nok 1 - a\n"
                                "not ok 2 - b\n"), (1, 1, 0))

    def test_names_and_reasons(self):
        tests = parse("KTAP version 1\n1..1\nok 1 - a b # SKIP no node 1\n")
        self.assertEqual((tests[0].name, tests[0].status, tests[0].detail),
                         ("a b", "skipped", "SKIP no node 1"))

    def test_several_documents(self):
        doc = "TAP version 13\n1..1\nok 1 - a\n# ok - suite\n"
        self.assertEqual(counts(doc + "  CC x.o\n" + doc), (2, 0, 0))

    def test_plan_without_version(self):
        self.assertEqual(counts("1..1\nok 1 - a\n1..1\nok 1 - b\n"), (2, 0, 0))

    def test_plan_behind(self):
        self.assertEqual(counts("ok 1 - a\nok 2 - b\n1..2\n"), (2, 0, 0))

    def test_missing_result_fails(self):
        self.assertEqual(counts("1..3\nok 1 - a\nok 2 - b\n"), (2, 1, 0))

    def test_missing_plan_fails(self):
        self.assertEqual(counts("TAP version 13\nok 1 - a\n"), (1, 1, 0))

    def test_too_many_results_fail(self):
        self.assertEqual(counts("1..1\nok 1 - a\nok 2 - b\n"), (2, 1, 0))

    def test_bail_out_fails(self):
        self.assertEqual(counts("1..1\nok 1 - a\nBail out! no memory\n"),
                         (1, 1, 0))

    def test_no_results(self):
        self.assertEqual(parse("hello\nok then\n"), [])

    def test_kunit_leaves(self):
        # KUnit's parameters have no plan in 6.12: their test's result ends
        # them.
        self.assertEqual(counts(KUNIT % "ok"), (3, 0, 0))

    def test_failed_parent_of_passed(self):
        self.assertEqual(counts(KUNIT % "not ok"), (3, 1, 0))

    def test_crash_in_the_middle(self):
        text = "".join(KUNIT.splitlines(True)[:6])
        passed, failed, _ = counts(text)
        self.assertEqual(passed, 1)
        self.assertGreaterEqual(failed, 1)

    def test_nested_names(self):
        names = [test.name for test in parse(KUNIT % "ok")]
        self.assertEqual(names[1], "migrate_policy: values: 0")
