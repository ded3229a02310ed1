# SPDX-License-Identifier: GPL-2.0-only
"""mp.export: files divided into mails, mails that give the tree again."""

import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mp import export, series
from mp.common import HarnessError

from .test_series import SmallRepository, write

MAILS = (
    export.Mail("first", ("mm/*.c",)),
    export.Mail("0002", ("mm/Makefile",)),
    export.Mail("last", ("MAINTAINERS",)),
)


class ExportTest(SmallRepository):
    """The small repository of the tests of mp.series, as mails."""

    def setUp(self):
        super().setUp()
        write(self.root / "MAINTAINERS", "MM\nF:\tmm/\n\nEND\n")
        self.patch("0002-b.patch", {"mm/Makefile": ("migrate.o", "new.o")})
        self.patch("0003-c.patch", {"MAINTAINERS": (
            "END\n", "MEMORY MANAGEMENT - MIGRATION POLICY\nF:\tmm/new*\n\n"
            "END\n")})
        for patch in series.patch_files("6.12"):
            text = patch.read_text()
            patch.write_text(text.replace(
                "From: A B <a@b>\n", "From: A B <a@b>\n"
                "Date: Mon, 23 Nov 2026 12:00:00 +0000\n"))
        for name in ("first", "last"):
            write(self.repo / f"messages/{name}.txt",
                  f"# licence\nmm: {name}\n\nWhy.\n")
        write(self.repo / "messages/cover.txt",
              "# licence\nmm: all\n\n@TABLES@\n\nWired by @WIRED@.\n")
        write(self.repo / export.GUIDE,
              "Text.\n\nMeasured\n========\n\nMore.\n\nOn a day:\n\n"
              "==  ==\na   b\n==  ==\nx   1\n==  ==\n\nc is.\n\nElsewhere:\n\n"
              "==  ==\ny   2\n==  ==\n\nd is.\n\nNext\n====\n\n==  ==\n")
        for name, value in (("MESSAGES", self.repo / "messages"),
                            ("REPO", self.repo), ("MAILS", MAILS),
                            ("WIRED", "0002")):
            patcher = mock.patch.object(export, name, value)
            patcher.start()
            self.addCleanup(patcher.stop)
        patcher = mock.patch.object(series, "NEW_FILES", ("mm",))
        patcher.start()
        self.addCleanup(patcher.stop)
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = Path(tmp.name)

    def export(self):
        """Apply, then write the mails."""
        self.apply()
        return export.export(self.root, "6.12", self.tmp / "out", self.tmp)

    def test_order_and_subjects(self):
        parts, mails = self.export()
        self.assertEqual([names for _, names in parts],
                         [["mm/migrate.c", "mm/new.c"], ["mm/Makefile"],
                          ["MAINTAINERS"]])
        subjects = [mail.read_text().partition("\nSubject: ")[2].split("\n")[0]
                    for mail in mails]
        self.assertEqual(subjects, ["[PATCH 1/3] mm: first",
                                    "[PATCH 2/3] 0002-b.patch",
                                    "[PATCH 3/3] mm: last"])
        self.assertIn("\nSigned-off-by: A B <a@b>\n", mails[1].read_text())

    def test_cover(self):
        self.export()
        letter = next((self.tmp / "out").glob("0000-*")).read_text()
        self.assertIn("[PATCH 0/3] mm: all\n", letter)
        self.assertIn("x   1\n", letter)
        for text in ("From: A B <a@b>\n", "On a day:", "c is.", "Elsewhere:",
                     "y   2\n", "d is."):
            self.assertIn(text, letter)
        self.assertNotIn("More.", letter)
        self.assertIn("Wired by 1.", letter)
        self.assertNotIn("***", letter)
        self.assertNotIn("licence", letter)

    def test_same_input_same_mails(self):
        _, mails = self.export()
        before = [mail.read_bytes() for mail in mails]
        for name in ("final", "repository"):
            shutil.rmtree(self.tmp / name)
        _, mails = self.export()
        self.assertEqual(before, [mail.read_bytes() for mail in mails])

    def test_am_gives_the_tree(self):
        _, mails = self.export()
        self.assertEqual(export.check_am(self.root, "6.12", mails, self.tmp),
                         [])

    def test_am_gives_another_tree(self):
        _, mails = self.export()
        write(self.root / "mm/new.c", "not what was exported\n")
        self.assertEqual(export.check_am(self.root, "6.12", mails, self.tmp),
                         ["mm/new.c"])

    def test_mail_is_missing(self):
        _, mails = self.export()
        self.assertIn("MAINTAINERS", export.check_am(
            self.root, "6.12", mails[:2], self.tmp))

    def test_every_file_has_a_mail(self):
        write(self.repo / "mm/new.txt", "new\n")
        self.apply()
        with self.assertRaisesRegex(HarnessError, "no mail .* mm/new.txt"):
            export.export(self.root, "6.12", self.tmp / "out", self.tmp)

    def test_maintainers(self):
        self.apply()
        self.assertEqual(export.patterns(self.root), [])
        (self.root / "mm/new.c").unlink()
        self.assertEqual(export.patterns(self.root), ["mm/new*"])


class WarningsTest(unittest.TestCase):
    """What compilers say."""

    def test_which(self):
        said = ["  CC      mm/a.o", "mm/a.c:3:1: warning: b", "mm/a.c: note: c",
                "../mm/a.c:5: error: d", "WARNING: e"]
        self.assertEqual(export.warnings(said), said[1:2] + said[3:])

    def test_new(self):
        before = ["gcc: mm/a.c:3:1: warning: b"]
        self.assertEqual(export.new_warnings(before, [
            "gcc: mm/a.c:13:1: warning: b", "clang: mm/a.c:3:1: warning: b",
            "gcc: mm/a.c:3:1: warning: c"]),
            ["clang: mm/a.c:3:1: warning: b", "gcc: mm/a.c:3:1: warning: c"])

    def test_clang(self):
        for present, expected in (("clang-19", "clang-19"), ("clang", "clang")):
            with mock.patch("shutil.which", lambda name, there=present:
                            name if name == there else None):
                self.assertEqual(export.compilers(), ["gcc", expected])


class RealMailsTest(unittest.TestCase):
    """The mails of the project itself."""

    def test_messages(self):
        """Each has a text, in lines that a mail can quote."""
        for mail in export.MAILS:
            if mail.text.isdigit():
                continue
            subject, blank, *body = export.message(mail, None).splitlines()
            self.assertLessEqual(len(subject), 72, mail.text)
            self.assertEqual(blank, "")
            self.assertTrue(all(len(line) <= 75 for line in body), mail.text)
