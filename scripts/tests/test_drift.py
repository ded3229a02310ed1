# SPDX-License-Identifier: GPL-2.0-only
"""mp.drift: which hunk no longer fits, and what changed there."""

import contextlib
import io
from unittest import mock

from mp import drift, series

from .test_programs import load
from .test_series import BASE, SmallRepository, write


class DriftTest(SmallRepository):
    """The small repository and tree of the tests of mp.series, drifting."""

    def drifted(self, old, new, name="mm/migrate.c"):
        """What is found when the tree's file has changed like that."""
        text = self.read(name)
        self.assertIn(old, text)
        write(self.root / name, text.replace(old, new, 1))
        return drift.judge(self.root, "6.12")

    def test_none(self):
        self.assertEqual(drift.judge(self.root, "6.12"), [])
        self.assertEqual(self.read("mm/migrate.c"), BASE)

    def test_offset_is_none(self):
        self.assertEqual(self.drifted("line 1\n", "more\nmore\nline 1\n"), [])

    def test_applied_tree_is_judged_by_its_originals(self):
        self.apply()
        self.assertEqual(drift.judge(self.root, "6.12"), [])

    def test_changed_context(self):
        found = self.drifted("line 28\n", "other\n")
        self.assertEqual([one.patch for one in found], ["0002-b.patch"])
        self.assertRegex(found[0].where, "^hunk 1 of mm/migrate.c, made for "
                         r"line 27\b.*; most alike is line 27$")
        self.assertIn("-line 28", found[0].detail)
        self.assertIn("+other", found[0].detail)
        self.assertIn(" line 29", found[0].detail)
        self.assertNotIn("+line 34", found[0].detail)

    def test_moved_and_changed(self):
        write(self.root / "mm/migrate.c", "more\n" * 100 + BASE)
        found = self.drifted("line 28\n", "other\n")
        self.assertRegex(found[0].where, "most alike is line 127$")
        self.assertEqual([line for line in found[0].detail
                          if line[0] != " "], ["-line 28", "+other"])

    def test_hunk_is_wrong_in_itself(self):
        patch = self.repo / "patches/6.12/0002-b.patch"
        patch.write_text(patch.read_text().replace("@@ -27,7 +27,7 @@",
                                                   "@@ -27,6 +27,6 @@")
                         .replace(" line 33\n", ""))
        found = drift.judge(self.root, "6.12")
        self.assertRegex(found[0].where, "its lines are at 27, so its line")

    def test_each_hunk_is_named(self):
        text = BASE.replace("line 6\n", "six\n").replace("line 29\n", "29\n")
        write(self.root / "mm/migrate.c", text)
        found = drift.judge(self.root, "6.12")
        self.assertEqual([one.patch for one in found],
                         ["0001-a.patch", "0002-b.patch"])

    def test_the_second_hunk_has_its_own_number(self):
        self.patch("0003-c.patch", {"mm/migrate.c": (
            "line 12\n", "line 12\nnew 12\n")})
        patch = self.repo / "patches/6.12/0003-c.patch"
        patch.write_text(patch.read_text() + (
            "@@ -20,3 +21,4 @@ int f(void)\n line 20\n line 21\n+new\n"
            " line 22\n"))
        found = self.drifted("line 21\n", "")
        self.assertEqual(len(found), 1)
        self.assertRegex(found[0].where,
                         r"^hunk 2 .*line 20 in int f\(void\); ")

    def test_nothing_left(self):
        write(self.root / "mm/Makefile", "# empty\n")
        found = drift.judge(self.root, "6.12")
        self.assertRegex(found[0].where, "nothing there is like it$")
        self.assertEqual(found[0].detail, ["-obj-y += migrate.o"])

    def test_file_is_gone(self):
        (self.root / "mm/Makefile").unlink()
        self.assertEqual([one.where for one in
                          drift.judge(self.root, "6.12")],
                         ["mm/Makefile is gone"])

    def test_kernel_has_a_file_of_ours(self):
        write(self.root / "mm/new.c", "theirs\n")
        self.assertEqual([one.where for one in
                          drift.judge(self.root, "6.12")],
                         ["the kernel has a mm/new.c of its own"])

    def test_nearest(self):
        """The series that fits best is judged, if none is named."""
        write(self.root / "mm/Makefile", "obj-y += migration.o\n")
        self.patch("../7.3/0002-b.patch",
                   {"mm/Makefile": ("migration.o", "new.o")})
        self.assertEqual(drift.judge_nearest(self.root), ("7.3", []))
        write(self.root / "mm/Makefile", "obj-y += migrate.o\n")
        self.assertEqual(drift.judge_nearest(self.root), ("6.12", []))

    def program(self):
        """The status of the program, and what it prints."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), mock.patch.dict(
                "os.environ", {"SERIES": "6.12"}):
            status = load("drift").main([str(self.root)])
        return status, said.getvalue()

    def test_program(self):
        self.assertEqual(self.program(), (
            0, f"all 2 patches of the series 6.12 apply to {self.root}\n"))
        write(self.root / "mm/migrate.c", BASE.replace("line 28\n", "other\n"))
        status, said = self.program()
        self.assertEqual(status, 1)
        self.assertIn("0002-b.patch: hunk 1 of mm/migrate.c", said)
        self.assertIn("\n    +other\n", said)
        self.assertIn("1 place of", said)

    def test_patch_is_applied_as_far_as_it_goes(self):
        """A hunk that does not fit hides none of the others."""
        write(self.root / "mm/migrate.c", BASE.replace("line 28\n", "other\n"))
        self.assertEqual(series.try_patch(
            self.repo / "patches/6.12/0002-b.patch", self.root),
            [("mm/migrate.c", 1)])
        self.assertEqual(self.read("mm/Makefile"), "obj-y += new.o\n")
