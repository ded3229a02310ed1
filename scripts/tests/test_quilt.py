# SPDX-License-Identifier: GPL-2.0-only
"""mp.quilt: patches for a distribution's package that make the tested tree."""

import tempfile
from pathlib import Path
from unittest import mock

from mp import quilt, series
from mp.common import HarnessError

from .test_series import SmallRepository, write


class QuiltTest(SmallRepository):
    """The small repository of the tests of mp.series, as such patches."""

    def setUp(self):
        super().setUp()
        for module, name, value in ((quilt, "REPO", self.repo),
                                    (series, "NEW_FILES", ("mm",))):
            patcher = mock.patch.object(module, name, value)
            patcher.start()
            self.addCleanup(patcher.stop)
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = Path(tmp.name)
        self.out = self.tmp / "out"

    def differing(self):
        """What is not as in the tested tree."""
        with tempfile.TemporaryDirectory(dir=self.tmp) as tmp:
            return quilt.differing(series.Tree(self.root), "6.12", self.out,
                                   Path(tmp))

    def test_new_files_come_first(self):
        """The first patch is ours, the rest is the series in its order."""
        names = quilt.write("6.12", self.out)
        self.assertEqual(names, [f"{quilt.FOLDER}/{quilt.FIRST}"] + [
            f"{quilt.FOLDER}/{path.name}"
            for path in series.patch_files("6.12")])
        self.assertEqual((self.out / "series").read_text().split(), names)

    def test_they_make_the_tested_tree(self):
        """In a tree that has nothing of the project, and in one that has."""
        quilt.write("6.12", self.out)
        self.assertEqual(self.differing(), [])
        self.apply()
        self.assertEqual(self.differing(), [])

    def test_a_difference_is_seen(self):
        """A new file that is not what the patch creates."""
        quilt.write("6.12", self.out)
        name = series.new_files()[0]
        write(self.repo / name, "something else\n")
        self.assertEqual(self.differing(), [name])

    def test_a_patch_that_does_not_apply(self):
        """Is named."""
        quilt.write("6.12", self.out)
        write(self.root / "mm/migrate.c", "another kernel\n")
        with self.assertRaisesRegex(HarnessError, "does not apply"):
            self.differing()
