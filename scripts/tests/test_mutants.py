# SPDX-License-Identifier: GPL-2.0-only
"""mp.mutants: headers, laying out, and what an end of a test means."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mp import mutants
from mp.common import REPO, HarnessError
from mp.series import copy_file
from tests.test_programs import load

HEADER = "Breaks: a thing\n that is long.\nHarm: much.\n"
DIFF = ("\n--- a/mm/%s\n+++ b/mm/%s\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n"
        " three\n")
TEXT = "one\ntwo\nthree\n"


class HeaderTest(unittest.TestCase):
    """What a mutant says of itself."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.folder = Path(tmp.name)

    def read(self, header, file="migrate_copy.c"):
        """A mutant with this header."""
        path = self.folder / "01-a.patch"
        path.write_text(header + DIFF % (file, file), encoding="utf-8")
        return mutants.read(path)

    def test_fields_go_on(self):
        mutant = self.read(HEADER + "Caught-by: kunit a_test\n")
        self.assertEqual(mutant.fields["Breaks"], "a thing that is long.")
        self.assertEqual(mutant.name, "01-a")
        self.assertEqual(mutant.files, ["mm/migrate_copy.c"])
        self.assertIsNone(mutant.equivalent)

    def test_named_test_runs_first(self):
        steps = self.read(HEADER + "Caught-by: content x\n").steps()
        self.assertEqual(steps[:2], ["content", "kunit"])
        self.assertEqual(sorted(steps), sorted({*steps}))
        self.assertNotIn(mutants.MODEL, steps)

    def test_only_the_model_runs_in_user_space(self):
        steps = self.read(HEADER + "Caught-by: model x\n",
                          "migrate_policy.c").steps()
        self.assertEqual(steps[:2], ["model", "kunit"])

    def test_refused(self):
        for header in ("Harm: a\nCaught-by: kunit\n", HEADER,
                       "Breaks: a\nCaught-by: kunit\n",
                       HEADER + "Caught-by: chance\n",
                       HEADER + "Caught-by: kunit\nEquivalent: no\n",
                       HEADER + "Caught-by: kunit\nOther: x\n"):
            with self.assertRaises(HarnessError, msg=header):
                self.read(header)

    def test_equivalent_needs_a_reason(self):
        self.assertEqual(self.read(HEADER + "Equivalent: so\n").equivalent,
                         "so")


class LayOutTest(unittest.TestCase):
    """Changed files in a folder of their own."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tree, self.build = Path(tmp.name) / "src", Path(tmp.name) / "obj"
        self.patch = Path(tmp.name) / "01-a.patch"
        for name in ("a.c", "a.h", "b.c"):
            path = self.tree / "mm" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(TEXT, encoding="utf-8")
        patcher = mock.patch.object(mutants, "new_files",
                                    lambda: ["mm/a.c", "mm/a.h", "mm/b.c"])
        patcher.start()
        self.addCleanup(patcher.stop)

    def lay_out(self, file):
        """Lay a mutant of one file out; returns the names."""
        self.patch.write_text(HEADER + "Caught-by: kunit\n"
                              + DIFF % (file, file), encoding="utf-8")
        return mutants.lay_out(mutants.read(self.patch), self.tree, self.build)

    def read(self, folder, name):
        """A file's text."""
        return (folder / "mm" / name).read_text(encoding="utf-8")

    def test_one_source(self):
        self.assertEqual(self.lay_out("a.c"), ["mm/a.c"])
        self.assertEqual(self.read(self.build, "a.c"), "one\n2\nthree\n")
        self.assertEqual(self.read(self.tree, "a.c"), TEXT)
        self.assertFalse((self.build / "mm/b.c").exists())

    def test_a_header_takes_its_users_along(self):
        (self.tree / "mm/migrate.c").write_text(TEXT, encoding="utf-8")
        self.assertEqual(self.lay_out("a.h"), ["mm/a.c", "mm/a.h", "mm/b.c",
                                               "mm/migrate.c"])
        self.assertEqual(self.read(self.build, "a.h"), "one\n2\nthree\n")
        self.assertEqual(self.read(self.build, "b.c"), TEXT)

    def test_what_does_not_fit_is_refused(self):
        (self.tree / "mm/a.c").write_text("other\n", encoding="utf-8")
        with self.assertRaises(HarnessError):
            self.lay_out("a.c")


class JudgeTest(unittest.TestCase):
    """Only a test that failed or a kernel that died has caught a mutant."""

    def judge(self, status, text):
        """The verdict."""
        return mutants.judge("kunit", status, text, 60)

    def caught(self, status, text):
        """What caught it, for good."""
        verdict = self.judge(status, text)
        self.assertFalse(verdict.hung)
        return verdict.caught

    def test_passed(self):
        self.assertEqual(self.caught(0, "1..1\nok 1 - a\n"), "")

    def test_failed(self):
        self.assertEqual(self.caught(1, "1..2\nok 1 - a\nnot ok 2 - b\n"),
                         "kunit: b")

    def test_failed_before_it_hung(self):
        self.assertEqual(self.caught(None, "1..2\nnot ok 1 - b\n"),
                         "kunit: b")

    def test_hung(self):
        for status, text in ((None, "1..1\nok 1 - a\n"), (None, ""),
                             (125, "scripts/boot: the kernel did not boot in "
                              "60 s; its log is /log\n"),
                             (1, "1..1\nnot ok 1 - a: ended with status 124\n")):
            self.assertTrue(self.judge(status, text).hung, text)

    def test_crashed(self):
        text = ("1..2\nok 1 - a\n"
                "scripts/boot: the kernel did not boot: Kernel panic - not "
                "syncing: x; its log is /log\n    tail\n")
        self.assertEqual(self.caught(125, text), "kunit: the kernel did not "
                         "boot: Kernel panic - not syncing: x")

    def test_splat(self):
        text = ("1..1\nok 1 - a\nscripts/boot: the kernel log /log holds a "
                "splat:\n    WARNING: CPU: 1\n    more\n")
        self.assertEqual(self.caught(124, text), "kunit: WARNING: CPU: 1")

    def test_a_broken_harness_catches_nothing(self):
        for status, text in ((0, ""), (3, "1..1\nok 1 - a\n"), (2, ""),
                             (1, "scripts/selftests: they do not build\n"),
                             (125, "scripts/boot: QEMU ended with status 1\n"),
                             (2, "x.c:1: error: no\nmake: *** [x] Error 1\n"),
                             (0, "1..2\nok 1 - a\n")):
            with self.assertRaises(HarnessError, msg=text):
                self.judge(status, text)


class PatienceTest(unittest.TestCase):
    """A busy machine catches nothing."""

    def setUp(self):
        self.program = load("mutants")
        self.hunter = object.__new__(self.program.Run)
        self.hunter.limits = {"kunit": 60}
        self.hunter.original = None

    def hunt(self, *verdicts):
        """What comes of these ends, one after the other."""
        self.hunter.step = mock.Mock(side_effect=[
            mutants.Verdict("x" if hung else "", 1, hung)
            for hung in verdicts])
        with mock.patch.object(self.program, "note"):
            return self.hunter.patiently("kunit", None, None)

    def test_ends(self):
        self.assertFalse(self.hunt(False).hung)
        self.assertEqual(self.hunter.limits["kunit"], 60)

    def test_hangs_where_the_original_does_not(self):
        self.assertTrue(self.hunt(True, False).hung)

    def test_the_original_is_as_slow(self):
        self.assertFalse(self.hunt(True, True, False).hung)
        self.assertEqual(self.hunter.limits["kunit"], 120)

    def test_too_busy(self):
        with self.assertRaises(HarnessError):
            self.hunt(*[True] * 8)


class OurMutantsTest(unittest.TestCase):
    """Those of the repository."""

    def test_they_fit_the_sources(self):
        with tempfile.TemporaryDirectory() as tmp:
            for mutant in mutants.read_all():
                if not all((REPO / name).exists() for name in mutant.files):
                    continue
                folder = Path(tmp) / mutant.name
                for name in mutant.files:
                    copy_file(REPO / name, folder / name)
                mutants.apply_patch(mutant.path, folder)

    def test_there_are_enough(self):
        counted = [mutant for mutant in mutants.read_all()
                   if not mutant.equivalent]
        self.assertGreaterEqual(len(counted), 15)


if __name__ == "__main__":
    unittest.main()
