# SPDX-License-Identifier: GPL-2.0-only
"""What the programs decide by themselves, without booting anything."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from unittest import mock

from mp.cases import Case
from mp.common import SCRIPTS, SERIES, HarnessError, need_space
from mp.compare import Outcome
from mp.reports import EMULATOR_DIED, Owned


def load(name):
    """A program as a module."""
    loader = SourceFileLoader(name.replace("-", "_"), str(SCRIPTS / name))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class RunTestsTest(unittest.TestCase):
    """run-tests: what a section's end counts for."""

    def setUp(self):
        self.program = load("run-tests")
        self.section = self.program.Section("name", "title", ["true"])

    def counts(self, status, text, own_tree=False):
        """Passed, failed and skipped of a section that ended like this."""
        tests = self.program.judge(self.section, status, text, own_tree)
        return tuple(self.program.count(tests, word)
                     for word in ("passed", "failed", "skipped"))

    def test_passed(self):
        self.assertEqual(self.counts(0, "1..1\nok 1 - a\n"), (1, 0, 0))

    def test_nothing_printed_fails(self):
        self.assertEqual(self.counts(0, "hello\n"), (0, 1, 0))

    def test_unexplained_status_fails(self):
        self.assertEqual(self.counts(1, "1..1\nok 1 - a\n"), (1, 1, 0))

    def test_explained_status_counts_once(self):
        self.assertEqual(self.counts(1, "1..1\nnot ok 1 - a\n"), (0, 1, 0))

    def attempted(self, ends):
        """What a section has said after ends, one for each time it is run."""
        with tempfile.TemporaryDirectory() as tmp:
            log = Path(tmp) / "name.log"

            def execute(_section, path):
                status, text = ends.pop(0)
                path.write_text(text, encoding="ascii")
                return status

            with mock.patch.object(self.program, "execute", execute), \
                 contextlib.redirect_stdout(io.StringIO()) as said:
                result = self.program.attempt(self.section, log)
            kept = sorted(path.name for path in Path(tmp).iterdir())
        return result, kept, said.getvalue()

    def test_a_failure_is_not_tried_again(self):
        ends = [(1, "not ok 1 - a\n"), (0, "ok 1 - a\n")]
        self.assertEqual(self.attempted(ends),
                         ((1, "not ok 1 - a\n"), ["name.log"], ""))

    def test_the_emulator_has_one_more_try(self):
        died = f"scripts/boot: {EMULATOR_DIED}; its log\nnot ok 1 - a\n"
        ends = [(1, died), (0, "ok 1 - a\n"), (0, "")]
        result, kept, said = self.attempted(ends)
        self.assertEqual(result, (0, "ok 1 - a\n"))
        self.assertEqual(kept, ["name.1.log", "name.log"])
        self.assertIn(EMULATOR_DIED, said)
        ends = [(1, died), (1, died), (0, "ok 1 - a\n")]
        self.assertEqual(self.attempted(ends)[0], (1, died))

    def test_timeout_fails(self):
        self.assertEqual(self.counts(None, "1..1\nok 1 - a\n"), (1, 1, 0))

    def test_skip_fails_on_our_own_kernel(self):
        text = "1..1\nok 1 - a # SKIP no node 1\n"
        self.assertEqual(self.counts(0, text), (0, 1, 0))
        self.assertEqual(self.counts(4, text, own_tree=True), (0, 0, 1))

    def test_a_build_has_no_results(self):
        self.section.results = False
        self.assertEqual(self.counts(0, "1..1\nok 1 - a\n"), (0, 0, 0))
        self.assertEqual(self.counts(2, ""), (0, 1, 0))

    def test_all_series(self):
        """Each section once for every kernel, or once in all."""
        chosen = self.program.sections_of_all_series()
        kunit = [s for s in chosen if s.name == "kunit"]
        self.assertEqual([s.series for s in kunit][0], "6.12")
        self.assertIn("7.3", [s.series for s in kunit])
        self.assertEqual(len({s.log for s in kunit}), len(kunit))
        self.assertEqual(sum(s.name == "harness" for s in chosen), 1)

    def test_program_is_told_the_series(self):
        self.section.command = ["sh", "-c", "echo $SERIES"]
        self.section.series = "7.3"
        with tempfile.NamedTemporaryFile("r") as log:
            self.program.execute(self.section, log.name)
            self.assertEqual(log.read(), "7.3\n")

    def test_tree_of_the_user_is_of_one_series(self):
        self.section.command = ["sh", "-c", "echo $KDIR"]
        for series, said in ((SERIES, "/tree\n"), ("1.0", "\n")):
            self.section.series = series
            with tempfile.NamedTemporaryFile("r") as log, \
                 mock.patch.dict("os.environ", KDIR="/tree"):
                self.program.execute(self.section, log.name)
                self.assertEqual(log.read(), said)

    def test_needs_are_sections(self):
        names = {section.name for section in self.program.sections()}
        for section in self.program.sections():
            self.assertLessEqual(set(section.needs), names)


class BootTest(unittest.TestCase):
    """boot: what it makes of its arguments and of a kernel log."""

    def setUp(self):
        self.program = load("boot")

    def test_memory(self):
        self.assertEqual(self.program.parse_mem("2G,512M"),
                         (2 << 30, 512 << 20))
        with self.assertRaises(HarnessError):
            self.program.parse_mem("2G")

    def test_data_races(self):
        race = ("[    1.0] BUG: KCSAN: data-race in {0} / y\n"
                "[    1.0] write to 0x1 of 8 bytes by task 1 on cpu 0:\n"
                "[    1.0]  {0}+0x1/0x2\n"
                "[    1.0] Reported by Kernel Concurrency Sanitizer on:\n")
        functions = Owned({"ours"}, ())
        for log, bad, said in (("x", 0, 1), ("ours", 1, 0)):
            with tempfile.TemporaryDirectory() as tmp, \
                 mock.patch.object(self.program, "owned",
                                   return_value=functions), \
                 mock.patch.object(self.program, "current_tree"), \
                 contextlib.redirect_stderr(io.StringIO()) as stderr:
                args = mock.Mock(log=Path(tmp) / "log", flavour="kcsan")
                args.log.write_text(race.format(log), encoding="ascii")
                self.assertEqual(len(self.program.splats(args)), bad)
            self.assertEqual(stderr.getvalue().count("1 x x / y"), said)

    def test_icount_has_one_cpu(self):
        args = self.program.parse_args(["--icount", "--smp", "4", "--", "x"])
        self.assertEqual(args.smp, 1)

    def test_no_kernel(self):
        result = subprocess.run(
            [SCRIPTS / "boot", "--kernel", "/nonexistent", "--", "true"],
            capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 125)
        self.assertEqual(result.stderr.strip(),
                         "scripts/boot: there is no kernel /nonexistent")


class UmlTest(unittest.TestCase):
    """uml: how a kernel's end is judged, by programs that pose as one."""

    KERNEL = "echo '[ 0.1] ok 1 a'; {}; echo '[ 0.2] reboot: System halted'"

    def end(self, body, *args):
        """The status and the message of a run of such a kernel."""
        with tempfile.TemporaryDirectory() as tmp:
            image = Path(tmp) / "linux"
            image.write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
            image.chmod(0o755)
            program = load("uml")
            stderr = io.StringIO()
            argv = ["uml", "--log", f"{tmp}/log", *args]
            with mock.patch.object(program, "kernel_image",
                                   return_value=image), \
                 mock.patch.object(sys, "argv", argv), \
                 contextlib.redirect_stderr(stderr):
                return program.main(), stderr.getvalue()

    def test_tests_ran(self):
        self.assertEqual(self.end(self.KERNEL.format("true"), "--check-log"),
                         (0, ""))

    def test_kernel_died(self):
        status, said = self.end(self.KERNEL.format("exit 1"))
        self.assertEqual(status, 125)
        self.assertIn("the kernel died", said)

    def test_splat(self):
        body = self.KERNEL.format("echo '[ 0.2] WARNING: CPU: 0 at mm/x.c'")
        self.assertEqual(self.end(body)[0], 0)
        self.assertEqual(self.end(body, "--check-log")[0], 124)

    def test_hangs(self):
        status, said = self.end("sleep 60", "--timeout", "0.2")
        self.assertEqual(status, 125)
        self.assertIn("did not end in 0.2 s", said)

    def test_command(self):
        body = ('for word; do case $word in MP_CONTROL=*) dir=${word#*=} ;; '
                'esac; done\nsh "$dir/command"\necho $? >"$dir/status"')
        self.assertEqual(self.end(body, "--", "sh", "-c", "exit 7")[0], 7)
        self.assertEqual(self.end("true", "--", "true")[0], 125)


class SelftestsTest(unittest.TestCase):
    """selftests: a program that leaves something unsaid has failed."""

    def judged(self, output):
        """What judge() adds to the output of one program, a."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            load("selftests").judge(output, ["a"])
        return said.getvalue().splitlines()[-1:]

    def test_good(self):
        self.assertEqual(self.judged("# program a\n1..1\nok 1 - x\n"
                                     "# program a ended with status 0\n"), [])

    def test_bad_and_said_so(self):
        self.assertEqual(self.judged("# program a\n1..1\nnot ok 1 - x\n"
                                     "# program a ended with status 1\n"), [])

    def test_crash(self):
        self.assertEqual(self.judged("# program a\n1..1\nok 1 - x\n"
                                     "# program a ended with status 139\n"),
                         ["not ok 1 - a: ended with status 139"])

    def test_dead_kernel(self):
        self.assertEqual(self.judged("# program a\n1..2\nok 1 - x\n"),
                         ["not ok 1 - a: did not end"])

    def test_silence(self):
        self.assertEqual(self.judged("# program a\n"
                                     "# program a ended with status 0\n"),
                         ["not ok 1 - a: reported nothing"])


class KernelTestsTest(unittest.TestCase):
    """kernel-tests: when a kernel is booted again, and what that changes."""

    def setUp(self):
        self.program = load("kernel-tests")

    def judged(self, stock, ours):
        """Boot kernels that answer in turn as these texts of letters say, the
        last for ever; returns the boots and whether they ended alike."""
        answers = {"n": list(stock), "y": list(ours)}
        boots = []
        runs = self.program.Runs(Path(), False, "", {"cow": Outcome()})

        def boot(policy, names, _batch=0, repeats=1):
            boots.append(policy)
            self.assertEqual(list(names), ["cow"])
            output, rest = "", answers[policy]
            for _ in range(repeats):
                letter = rest.pop(0) if len(rest) > 1 else rest[0]
                word = {"p": "ok 1 x", "f": "not ok 1 x"}[letter]
                output += (f"# program cow\n{word}\n"
                           "# program cow ended with status 0\n")
            runs.keep(policy, [Case("cow")], output)

        runs.boot = boot
        self.program.compare(runs, (1024, 1))
        return "".join(boots), not runs.differing()

    def test_alike(self):
        self.assertEqual(self.judged("p", "p"), ("nyy", True))

    def test_flaky_without_the_layer(self):
        self.assertEqual(self.judged("pppf", "fp"), ("nyyn", True))

    def test_flaky_with_it_alone(self):
        boots, alike = self.judged("p", "pfp")
        self.assertEqual((boots, alike),
                         ("nyy" + "n" * self.program.ROUNDS, False))

    def test_broken(self):
        self.assertFalse(self.judged("p", "f")[1])

    def test_failing_alike(self):
        boots, alike = self.judged("fp", "f")
        self.assertTrue(boots.startswith("nyy"))
        self.assertTrue(alike)

    def test_needs_a_pass(self):
        boots, alike = self.judged("pf", "f")
        self.assertEqual((boots.count("y") > 2, alike), (True, False))


class IcountTest(unittest.TestCase):
    """check-icount: the statistics."""

    def test_compare(self):
        change, width = load("check-icount").compare([101.0, 101.2, 100.8],
                                                     [100.0, 100.2, 99.8])
        self.assertAlmostEqual(change, 1.0)
        # Two samples of variance 0.04, 4 degrees of freedom: t = 2.776.
        self.assertAlmostEqual(width, 2.776 * (2 * 0.04 / 3) ** 0.5, places=3)

    def test_sides(self):
        program = load("check-icount")
        for more, base, limit in (program.DEFAULTS, program.LIVE):
            self.assertNotEqual(program.SIDES[more], program.SIDES[base])
            self.assertGreater(limit, 0)
        # What a trial costs, and not what the layer does.
        self.assertEqual(program.SIDES[program.LIVE[0]][0],
                         program.SIDES[program.LIVE[1]][0])

    def test_no_noise(self):
        self.assertEqual(load("check-icount").compare([5.0, 5.0], [5.0, 5.0]),
                         (0.0, 0.0))


class DocsTest(unittest.TestCase):
    """check-docs: which of the warnings are about pages of ours."""

    def complaints(self, line):
        """What counts of one line."""
        return load("check-docs").complaints(line + "\n", [
            "mm/migrate_policy.c", "Documentation/mm/migrate_policy.rst"])

    def test_ours(self):
        for line in ("/tmp/x/src/Documentation/mm/migrate_policy.rst:13: "
                     "WARNING: Title underline too short.",
                     "/tmp/x/src/mm/migrate_policy.c:1: warning: 'a' not found",
                     "WARNING: /tmp/x/src/mm/migrate_policy.c:38 struct a"):
            self.assertEqual(self.complaints(line), [line])

    def test_others(self):
        for line in ("/tmp/x/src/Documentation/mm/index.rst:5: WARNING: "
                     "toctree contains reference to nonexisting document "
                     "'mm/ksm'",
                     "/tmp/x/src/mm/not_migrate_policy.c:1: warning: bad",
                     "  CC mm/migrate_policy.c",
                     "/tmp/x/src/Documentation/mm/migrate_policy.rst:1: "
                     "WARNING: unknown document: '/mm/ksm'"):
            self.assertEqual(self.complaints(line), [])

    def test_references(self):
        with tempfile.TemporaryDirectory() as tmp:
            found = load("check-docs").references(
                "Documentation/mm/migrate_policy.rst", Path(tmp))
        self.assertIn("there is no Documentation/mm/page_migration.rst", found)


class CommonTest(unittest.TestCase):
    """What every program uses."""

    def test_no_space(self):
        with tempfile.TemporaryDirectory() as tmp:
            usage = mock.Mock(free=10 << 20)
            with mock.patch("shutil.disk_usage", return_value=usage):
                need_space(Path(tmp), 10, "this")
                with self.assertRaisesRegex(HarnessError,
                                            "this needs 11 MiB, but .* has 10"):
                    need_space(Path(tmp), 11, "this")


class BenchHereTest(unittest.TestCase):
    """bench-here: what a kernel lacks has a status and a message of its own."""

    def measured(self, enabled):
        """Status and message on a machine with such a /sys."""
        with tempfile.TemporaryDirectory() as sysfs:
            if enabled is not None:
                state = Path(sysfs) / "kernel/mm/migrate_policy"
                state.mkdir(parents=True)
                (state / "enabled").write_text(enabled, encoding="ascii")
            result = subprocess.run(
                [SCRIPTS / "bench-here"], check=False, text=True,
                capture_output=True, env={**os.environ, "MP_SYSFS": sysfs})
        self.assertEqual(result.stdout, "")
        return result.returncode, result.stderr

    def test_no_layer(self):
        status, said = self.measured(None)
        self.assertEqual(status, 3)
        self.assertIn("has no migration policies", said)

    def test_switched_off(self):
        status, said = self.measured("0\n")
        self.assertEqual(status, 3)
        self.assertIn("migrate_policy=off", said)

    @unittest.skipIf(os.geteuid(), "only root gets that far")
    def test_no_folios(self):
        status, said = self.measured("1\n")
        self.assertEqual(status, 4)
        self.assertIn("CONFIG_MIGRATE_POLICY_BENCH", said)
