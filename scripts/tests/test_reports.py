# SPDX-License-Identifier: GPL-2.0-only
"""mp.reports: what is wrong in a log, and whose data race it is."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from mp.reports import (Owned, changed_functions, emulator_died,
                        own_functions, races, stock_races, suspicious,
                        without_torn)

FUNCTIONS = Owned({"mt_copy_chunk", "add_counters"}, {"migrate_pages_batch"})
END_LINE = "Reported by Kernel Concurrency Sanitizer on:"


def report(title, first, second):
    """A log with one report, as the kernel prints it."""
    lines = ["=" * 66, f"BUG: KCSAN: data-race in {title}", "",
             "write to 0xffff888003c0a0d8 of 8 bytes by task 71 on cpu 1:",
             *(f" {name}+0x1c2/0x3a0" for name in first), "",
             "read to 0xffff888003c0a0d8 of 8 bytes by task 70 on cpu 0:",
             *(f" {name}+0x58/0x110" for name in second), "",
             "value changed: 0x0000000000000001 -> 0x0000000000000002", "",
             END_LINE, "CPU: 0 UID: 0 PID: 70 Comm: switch Not tainted #1",
             "=" * 66]
    return [f"[   12.{number:06}] {line}" for number, line
            in enumerate(lines)]


STOCK = report("folio_mark_accessed / xas_find",
               ["folio_mark_accessed", "shmem_read", "vfs_read"],
               ["xas_find", "next_uptodate_folio", "migrate_pages_batch"])
OURS = report("mt_copy_chunk / mt_copy_chunk.isra.0",
              ["mt_copy_chunk", "mt_help", "process_one_work"],
              ["mt_copy_chunk.isra.0", "mt_copy", "migrate_pages_batch"])
BELOW = report("__list_add_valid / rcu_tick",
               ["__list_add_valid", "add_counters", "vfs_read"],
               ["rcu_tick", "update_process_times"])
INLINED = report("migrate_pages_batch / xas_find",
                 ["migrate_pages_batch", "migrate_pages"],
                 ["xas_find", "filemap_map_pages"])
MODULE = report("test_work [migrate_dma_test] / xas_find",
                ["test_work", "process_one_work"],
                ["xas_find", "filemap_map_pages"])
MODULE = [line + " [migrate_dma_test]" if "test_work+" in line else line
          for line in MODULE]
LISTS = report("const_folio_flags.constprop.0 / migrate_pages_batch",
               ["migrate_pages_batch", "migrate_pages"],
               ["const_folio_flags.constprop.0", "folio_unlock"])
TICK = report("tick_do_update_jiffies64 / shrink_node",
              ["tick_do_update_jiffies64", "asm_sysvec_apic_timer_interrupt",
               "mt_copy_chunk", "migrate_pages_batch"],
              ["shrink_node", "do_try_to_free_pages"])
# Its second stack is ours.
TICK_AND_OURS = report("tick_do_update_jiffies64 / mt_copy_chunk",
                       ["tick_do_update_jiffies64",
                        "asm_sysvec_apic_timer_interrupt", "vfs_read"],
                       ["mt_copy_chunk", "mt_copy"])
OUR_CHECK = report("const_folio_flags / migrate_pages_batch",
                   ["migrate_pages_batch", "migrate_pages"],
                   ["const_folio_flags", "mt_copy_chunk"])


def oops(what, code):
    """A log with one oops."""
    return ["[   16.33] rcu: all well", f"[   16.33] Oops: {what}: 0000 [#1] SMP",
            "[   16.34] RIP: 0010:__schedule+0x1ee/0x5e0",
            f"[   16.34] Code: {code} 44 00 00 48 8b",
            "[   16.35] Kernel panic - not syncing: Fatal exception"]


class EmulatorTest(unittest.TestCase):
    """A breakpoint that is nowhere is nobody's but the emulator's."""

    def test_died(self):
        for what, code, died in (
                ("int3", "0f 85 22 03 00 00 0f <1f>", True),
                # A breakpoint that is there: padding, or a patch half done.
                ("int3", "0f 85 22 03 00 00 cc <1f>", False),
                ("int3", "<1f>", False),
                ("general protection fault", "0f 85 0f <1f>", False)):
            self.assertEqual(emulator_died(oops(what, code)), died, code)

    def test_unreadable(self):
        log = oops("int3", "0f <1f>")
        self.assertFalse(emulator_died(log[:3]))
        self.assertFalse(emulator_died([]))


class SplatsTest(unittest.TestCase):
    """What a healthy kernel does not print."""

    def test_splats(self):
        for line, bad in (
                ("[    1.0] WARNING: CPU: 0 PID: 1 at mm/x.c:3", True),
                ("[    1.0] BUG: sleeping function called from", True),
                ("[    1.0] WARNING: possible recursive locking", True),
                ("[    1.0] rcu: INFO: rcu_preempt self-detected stall", True),
                ("[    1.0] INFO: task x:1 blocked for more than", True),
                ("[    1.0] Memory failure: 0x1: recovery", False),
                ("[    1.0] DEBUG: all well", False),
                ("[    1.0] Soft offlining pfn 0x1", False)):
            self.assertEqual(bool(suspicious([line])), bad, line)

    def test_a_torn_huge_page(self):
        dump = ("[ 33.2] page dumped because: "
                "VM_WARN_ON_FOLIO(folio_test_partially_mapped(folio))")
        warning = ["[ 33.2] WARNING: CPU: 1 PID: 76 at "
                   "deferred_split_folio+0x291/0x2b0", "[ 33.2] Modules:",
                   "[ 33.2] Call Trace:", "[ 33.2]  migrate_folio_move+0x1/0x2"]
        self.assertEqual(suspicious([dump] + warning), [])
        self.assertEqual(without_torn([dump] + warning + [dump] + warning)[0],
                         2)
        # Anything else that this function or another one warns of.
        self.assertEqual(len(suspicious(warning)), 2)
        self.assertEqual(len(suspicious([dump] + warning + warning)), 2)
        other = [line.replace("deferred_split_folio", "f") for line in warning]
        self.assertEqual(len(suspicious([dump] + other)), 2)

    def test_failed_allocations(self):
        failure = ["[ 1.0] races: page allocation failure: order:0, mode:0x1",
                   "[ 1.0] CPU: 0 UID: 0 PID: 115 Comm: races Tainted: G",
                   "[ 1.0] Call Trace:", "[ 1.0]  warn_alloc+0xff/0x190"]
        splat = ["[ 1.0] WARNING: CPU: 0 PID: 1 at mm/x.c:3",
                 "[ 1.0] Call Trace:"]
        self.assertEqual(suspicious(failure + splat), splat)


class ReportsTest(unittest.TestCase):
    """What counts and what does not."""

    def judged(self, log):
        """The titles that count, the stock kernel's, the other lines."""
        found, rest = races(log)
        ours, stock = stock_races(found, FUNCTIONS)
        return [lines[0] for lines in ours], dict(stock), rest

    def test_stock(self):
        ours, stock, _ = self.judged(STOCK + STOCK)
        self.assertEqual(ours, [])
        self.assertEqual(stock, {"folio_mark_accessed / xas_find": 2})

    def test_ours(self):
        for log in (OURS, BELOW, INLINED, MODULE, OUR_CHECK,
                    TICK_AND_OURS):
            ours, stock, _ = self.judged(STOCK + log + STOCK)
            self.assertEqual(len(ours), 1, log[1])
            self.assertEqual(list(stock.values()), [2])

    def test_tail_check(self):
        ours, stock, _ = self.judged(LISTS)
        self.assertEqual(ours, [])
        self.assertEqual(stock, {"const_folio_flags / migrate_pages_batch": 1})

    def test_interrupted(self):
        self.assertEqual(self.judged(TICK)[0], [])

    def test_unreadable_counts(self):
        self.assertEqual(len(self.judged(STOCK[:2])[0]), 1)
        # scripts/boot finds this one among the other lines.
        untitled = ["BUG: KCSAN: something new"]
        self.assertEqual(self.judged(untitled)[2], untitled)

    def test_unknown_origin(self):
        log = ["BUG: KCSAN: data-race in add_counters+0x1/0x2",
               "race at unknown origin, with read to 0xffff by task 1:",
               " add_counters+0x1/0x2", END_LINE]
        self.assertEqual(len(self.judged(log)[0]), 1)

    def test_another_cpu_is_not_swallowed(self):
        other = "[   12.000003] WARNING: CPU: 1 PID: 71 at mm/x.c:3 x+0x1/0x2"
        _, _, rest = self.judged(STOCK[:5] + [other] + STOCK[5:] + [other])
        self.assertEqual(rest.count(other), 2)

    def test_changed_functions(self):
        before = "int a(void)\n{\n\tx();\n}\n\nint b(void)\n{\n\ty();\n}\n"
        after = ("int a(void)\n{\n\tx();\n}\n\n/* new */\n\nint b(void)\n{\n"
                 "\ty();\n\tz();\n}\n")
        self.assertEqual(changed_functions(before, after), {"b"})
        self.assertEqual(changed_functions(after, before), {"b"})
        self.assertEqual(changed_functions(before, before), set())

    def test_own_functions(self):
        header = "static __attribute__((used)) void folio_flags(void) {}\n"
        with tempfile.TemporaryDirectory() as name:
            build = Path(name)
            (build / "mm").mkdir()
            for path, function in (("mm/migrate_trial", "mt_work"),
                                   ("mm/shmem", "shmem_read")):
                subprocess.run(["gcc", "-xc", "-c", "-", "-o",
                                build / f"{path}.o"], check=True, text=True,
                               input=f"{header}void {function}(void) {{}}\n")
            subprocess.run(["ld", "-r", "-o", build / "vmlinux",
                            *build.glob("mm/*.o")], check=True)
            self.assertEqual(own_functions(build), {"mt_work"})
