# SPDX-License-Identifier: GPL-2.0-only
"""The folders of patches/ are in step: what is done to one kernel is done to
all of them."""

import re
import unittest
from collections import Counter

from mp.common import DEFAULT_SERIES
from mp.series import all_series, patch_files, touched

# The newest series needs no backports, an older one may need some.
BACKPORT = re.compile(r"^Upstream-status: backport$", re.MULTILINE)


def read(patch):
    """The header of a patch and the lines that it adds."""
    header, _, body = patch.read_text(encoding="utf-8").partition("\n---\n")
    added = re.findall(r"^\+(?!\+\+ )(.*)$", body, re.MULTILINE)
    return header, added


def calls(lines):
    """How often each function of ours is called in them."""
    return Counter(re.findall(r"\bmigrate_\w+(?=\()", "\n".join(lines)))


class StepTest(unittest.TestCase):
    """Every other series against the default one."""

    def setUp(self):
        self.first = {path.name: path for path in patch_files(DEFAULT_SERIES)}

    def pairs(self):
        """A patch of the default series and the same one of another."""
        for series in all_series():
            for path in patch_files(series):
                if path.name in self.first:
                    yield self.first[path.name], path

    def test_names(self):
        for series in all_series():
            names = {path.name for path in patch_files(series)}
            for name in names ^ set(self.first):
                path = (self.first.get(name) or
                        next(p for p in patch_files(series) if p.name == name))
                self.assertRegex(path.read_text(encoding="utf-8"), BACKPORT,
                                 f"not all series have {name}")

    def test_headers(self):
        for ours, theirs in self.pairs():
            if not BACKPORT.search(read(ours)[0]):
                self.assertEqual(read(ours)[0], read(theirs)[0], theirs)

    def test_files(self):
        for ours, theirs in self.pairs():
            if not BACKPORT.search(read(ours)[0]):
                self.assertEqual(touched(ours), touched(theirs), theirs)

    def test_hooks(self):
        for ours, theirs in self.pairs():
            if not BACKPORT.search(read(ours)[0]):
                self.assertEqual(calls(read(ours)[1]), calls(read(theirs)[1]),
                                 theirs)

    def test_build(self):
        """Options and objects are the same, to the letter."""
        for ours, theirs in self.pairs():
            if "mm/Makefile" in touched(ours):
                self.assertEqual(read(ours)[1], read(theirs)[1], theirs)
