# SPDX-License-Identifier: GPL-2.0-only
"""mp.series: applying, applying again, refusing, refreshing, removing."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mp import series
from mp.common import HarnessError

BASE = "".join(f"line {n}\n" for n in range(1, 41))
HEADER = "From: A B <a@b>\nSubject: [PATCH] %s\n\nWhy.\n"


def write(path, text):
    """A file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class SmallRepository(unittest.TestCase):
    """A small repository and a small tree, both real."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.repo, self.root = Path(tmp.name) / "repo", Path(tmp.name) / "tree"
        write(self.root / "mm/migrate.c", BASE)
        write(self.root / "mm/Makefile", "obj-y += migrate.o\n")
        write(self.repo / "mm/new.c", "new\n")
        self.patch("0001-a.patch", {"mm/migrate.c": ("line 5\n",
                                                     "line five\n")})
        self.patch("0002-b.patch", {"mm/migrate.c": ("line 30\n", "line 30b\n"),
                                    "mm/Makefile": ("migrate.o", "new.o")})
        patcher = mock.patch.object(series, "REPO", self.repo)
        patcher.start()
        self.addCleanup(patcher.stop)

    def patch(self, name, changes):
        """Write a patch of the series that replaces text."""
        with tempfile.TemporaryDirectory() as tmp:
            for path, (old, new) in changes.items():
                text = (self.root / path).read_text(encoding="utf-8")
                write(Path(tmp) / "a" / path, text)
                write(Path(tmp) / "b" / path, text.replace(old, new, 1))
            diff = series.difference(list(changes), Path(tmp))
            text = (HEADER % name + "---\n" + series.stat(diff, Path(tmp))
                    + "\n" + diff)
        write(self.repo / "patches/6.12" / name, text)

    def apply(self, **kwargs):
        """Apply; returns what changed."""
        return series.Tree(self.root).apply("6.12", **kwargs)

    def read(self, name):
        """A file of the tree."""
        return (self.root / name).read_text(encoding="utf-8")


class SeriesTest(SmallRepository):
    """What is done to the tree and what is refused."""

    def test_apply(self):
        self.assertEqual(self.apply(), ["mm/Makefile", "mm/migrate.c",
                                        "mm/new.c"])
        self.assertIn("line five\n", self.read("mm/migrate.c"))
        self.assertIn("line 30b\n", self.read("mm/migrate.c"))
        self.assertEqual(self.read("mm/new.c"), "new\n")

    def test_apply_again_touches_nothing(self):
        self.apply()
        os.utime(self.root / "mm/migrate.c", (1, 1))
        self.assertEqual(self.apply(), [])
        self.assertEqual((self.root / "mm/migrate.c").stat().st_mtime, 1)

    def test_only_what_changed_is_written(self):
        self.apply()
        write(self.repo / "mm/new.c", "newer\n")
        self.assertEqual(self.apply(), ["mm/new.c"])

    def test_dropped_patch_is_undone(self):
        self.apply()
        (self.repo / "patches/6.12/0002-b.patch").unlink()
        self.assertEqual(sorted(self.apply()), ["mm/Makefile", "mm/migrate.c"])
        self.assertEqual(self.read("mm/Makefile"), "obj-y += migrate.o\n")

    def test_offset_is_fine(self):
        write(self.root / "mm/migrate.c", "more\nmore\n" + BASE)
        self.apply()
        self.assertIn("line five\n", self.read("mm/migrate.c"))

    def test_fuzz_is_refused_and_named(self):
        text = BASE.replace("line 28\n", "other\n")
        write(self.root / "mm/migrate.c", text)
        with self.assertRaisesRegex(
                HarnessError, r"0002-b.patch does not apply: hunk 1 of "
                r"mm/migrate.c \(line \d+\)"):
            self.apply()
        self.assertEqual(self.read("mm/migrate.c"), text)
        self.assertFalse((self.root / "mm/new.c").exists())

    def test_edit_is_not_overwritten(self):
        self.apply()
        write(self.root / "mm/new.c", "edited\n")
        with self.assertRaisesRegex(HarnessError, "edited since"):
            self.apply()
        self.apply(force=True)
        self.assertEqual(self.read("mm/new.c"), "new\n")

    def test_kernel_has_the_file_already(self):
        write(self.root / "mm/new.c", "theirs\n")
        with self.assertRaisesRegex(HarnessError, "of its own"):
            self.apply()

    def test_no_tree(self):
        with self.assertRaisesRegex(HarnessError, "no kernel source tree"):
            series.Tree(self.repo)

    def test_remove(self):
        self.apply()
        series.Tree(self.root).remove()
        self.assertEqual(self.read("mm/migrate.c"), BASE)
        self.assertFalse((self.root / "mm/new.c").exists())
        self.assertFalse((self.root / series.STATE).exists())

    def test_refresh_without_edits_changes_nothing(self):
        self.apply()
        self.assertEqual(series.Tree(self.root).refresh("6.12"), [])

    def test_refresh(self):
        self.apply()
        write(self.root / "mm/new.c", "edited\n")
        text = self.read("mm/migrate.c").replace("line 35\n", "line 35c\n")
        write(self.root / "mm/migrate.c", text)
        changes = series.Tree(self.root).refresh("6.12")
        self.assertEqual(changes, ["mm/new.c",
                                   "patches/6.12/0002-b.patch"])
        patch = (self.repo / "patches/6.12/0002-b.patch").read_text()
        self.assertTrue(patch.startswith(HEADER % "0002-b.patch"))
        self.assertIn("+line 35c\n", patch)
        self.assertNotIn("line five", patch.split("@@")[0])
        series.Tree(self.root).remove()
        self.apply()
        self.assertEqual(self.read("mm/migrate.c"), text)

    def test_refresh_refuses_a_second_change(self):
        self.apply()
        write(self.root / "mm/new.c", "edited\n")
        write(self.repo / "mm/new.c", "edited here\n")
        with self.assertRaisesRegex(HarnessError, "both here and in"):
            series.Tree(self.root).refresh("6.12")

    def test_register(self):
        write(self.root / "mm/Kconfig", "config MIGRATION\n")
        self.apply()
        series.Tree(self.root).register("0001-a.patch", ["mm/Kconfig"])
        write(self.root / "mm/Kconfig", "config MIGRATION\nconfig NEW\n")
        self.assertEqual(series.Tree(self.root).refresh("6.12"),
                         ["patches/6.12/0001-a.patch"])
        self.assertIn("+config NEW\n", (self.repo / "patches/6.12"
                                        / "0001-a.patch").read_text())

    def test_interrupted_apply_is_finished(self):
        with mock.patch.object(series, "copy_file", side_effect=[
                None] * 2 + [KeyboardInterrupt]):
            with self.assertRaises((KeyboardInterrupt, HarnessError)):
                self.apply()
        self.apply()
        self.assertIn("line five\n", self.read("mm/migrate.c"))
        series.Tree(self.root).remove()
        self.assertEqual(self.read("mm/migrate.c"), BASE)
