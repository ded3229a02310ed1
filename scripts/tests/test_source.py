# SPDX-License-Identifier: GPL-2.0-only
"""mp.archive and mp.source: where another series comes from."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mp import archive, source
from mp.common import HarnessError

LISTED = """\
bookworm Debian http://mirror.example/debian/
bookworm-updates Debian http://mirror.example/debian/
bookworm-security Debian http://mirror.example/debian-security/
nodistro Other http://other.example/
"""


class ArchiveTest(unittest.TestCase):
    """Which archive, which suites, and what apt is told."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.root = Path(tmp.name)
        self.change("release", lambda: "bookworm")

    def change(self, name, value):
        """Another value for a name of the module."""
        patcher = mock.patch.object(archive, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_suites(self):
        self.assertEqual(archive.suites()[:2], ["bookworm-backports",
                                                "trixie-backports"])
        self.change("release", lambda: "trixie")
        self.assertEqual(archive.suites()[0], "trixie-backports")

    def test_archive_of_the_release(self):
        self.assertEqual(archive.configured_archive(LISTED),
                         "http://mirror.example/debian/")

    def test_no_archive(self):
        self.assertIsNone(archive.configured_archive(
            "bookworm Other http://other.example/\n"))

    def test_apt_trusts_the_keyring_alone(self):
        keyring = self.root / "keyring.gpg"
        keyring.touch()
        self.change("KEYRING", keyring)
        self.change("archive", lambda: "http://mirror.example/debian/")
        options = archive.private_apt(self.root, "trixie-backports")
        self.assertEqual((self.root / "sources.list").read_text(),
                         f"deb [signed-by={keyring}] "
                         "http://mirror.example/debian/ trixie-backports "
                         "main\n")
        self.assertIn("Dir::Etc::SourceParts=-", options)
        self.assertIn(f"Dir::State::Lists={self.root}/lists", options)

    def test_no_keyring(self):
        self.change("KEYRING", self.root / "none")
        with self.assertRaisesRegex(HarnessError, "debian-archive-keyring"):
            archive.private_apt(self.root, "trixie-backports")

    def test_nowhere(self):
        """What apt said about each suite is in the one line."""
        self.change("cache_dir", lambda: self.root)
        self.change("note", lambda text: None)
        self.change("private_apt", lambda root, suite: [])
        self.change("run", lambda *args, **kwargs: mock.Mock(
            returncode=100, stdout="Reading\nE: Unable to locate\n"))
        with self.assertRaisesRegex(
                HarnessError, r"trixie-backports: E: Unable to locate"):
            archive.download("linux-source-9.9", self.root)


class ForeignTest(unittest.TestCase):
    """archive: packages of another architecture."""

    def test_apt_is_told_the_architecture(self):
        seen = []

        def run(command, **_):
            seen.append(command)
            return mock.Mock(returncode=0, stdout="")
        with tempfile.TemporaryDirectory() as tmp, \
                mock.patch.multiple(archive, run=run, release=lambda: "trixie",
                                    cache_dir=lambda: Path(tmp),
                                    private_apt=lambda root, suite: [suite]):
            (Path(tmp) / "a_1_arm64.deb").touch()
            (Path(tmp) / "b_1_amd64.deb").touch()
            found = archive.download_foreign(["a"], "arm64", tmp)
        self.assertEqual([path.name for path in found], ["a_1_arm64.deb"])
        self.assertEqual(seen[1][-2:], ["download", "a"])
        for command in seen:
            self.assertEqual(command[1], "trixie")
            self.assertIn("APT::Architecture=arm64", command)

    def test_packages_of_an_architecture(self):
        def wanted(name):
            with mock.patch.object(source, "ARCH", name):
                return [names[0] for names in source.wanted_packages(None)]
        self.assertIn("qemu-system-arm", wanted("arm64"))
        self.assertNotIn("qemu-system-arm", wanted("x86"))


class PackagesTest(unittest.TestCase):
    """source: the kernel package is for the default series alone."""

    def wanted(self, series, kdir):
        """Whether the package of the source is asked for."""
        with mock.patch.object(source, "SERIES", series):
            return any(name[0].startswith("linux-source")
                       for name in source.wanted_packages(kdir))

    def test_kernel_package(self):
        self.assertTrue(self.wanted("6.12", None))
        self.assertFalse(self.wanted("6.12", "/tree"))
        self.assertFalse(self.wanted("7.3", None))


class TreeTest(unittest.TestCase):
    """source: a backported tree is fetched once."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.root = Path(tmp.name)
        patcher = mock.patch.object(source, "cache_dir", lambda: self.root)
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_newest_that_is_there(self):
        for number, name in enumerate(("linux-source-7.3_7.3.9-1",
                                       "linux-source-7.3_7.3.10-1")):
            (self.root / name).mkdir()
            os.utime(self.root / name, (number, number))
        self.assertEqual(source.backported_tree("linux-source-7.3").name,
                         "linux-source-7.3_7.3.10-1")

    def test_name_of_a_version(self):
        self.assertEqual(
            source.tree_of_version("linux-source-7.3", "7.3.4-1~bpo13+1").name,
            "linux-source-7.3_7.3.4-1_bpo13+1")
