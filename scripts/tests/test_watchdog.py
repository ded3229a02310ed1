# SPDX-License-Identifier: GPL-2.0-only
"""mp.watchdog: what it reads out of a kernel log and out of registers."""

import unittest

from mp.watchdog import cpu_places, where

BLOCKED = """\
[   12.000001] sysrq: Show Blocked State
[   12.000002] task:migrate         state:D stack:0     pid:71    tgid:71
[   12.000003] Call Trace:
[   12.000004]  <TASK>
[   12.000005]  __schedule+0x3ac/0xb10
[   12.000006]  schedule+0x24/0xd0
[   12.000007]  ? mutex_unlock+0x10/0x20
[   12.000008]  schedule_timeout+0x7d/0x90
[   12.000009]  test_start+0x2d/0x70 [migrate_copy_test]
[   12.000010]  migrate_policy_store+0x124/0x1a0
[   12.000011]  </TASK>
"""
RUNNING = """\
[   13.000001] sysrq: Show backtrace of all active CPUs
[   13.000002] CPU: 0 UID: 0 PID: 0 Comm: swapper/0 Not tainted 6.12
[   13.000003] RIP: 0010:pv_native_safe_halt+0xb/0x10
[   13.000004]  default_idle+0x9/0x10
[   13.000005] CPU: 1 UID: 0 PID: 67 Comm: spinner Not tainted 6.12
[   13.000006] RIP: 0010:mt_work+0xc/0x10
[   13.000007]  mt_copy+0x84/0xe0
"""
LOCKS = """\
[   14.000001] sysrq: Show Locks Held
[   14.000002] Showing all locks held in the system:
[   14.000003] 1 lock held by migrate/71:
[   14.000004]  #0: ffffffff82a0 (migrate_policy_mutex){+.+.}-{4:4}, at: x
"""
SLEEPING = """\
[   15.000001] sysrq: Show State
[   15.000002] task:sleep           state:S stack:0     pid:70    tgid:70
[   15.000003] Call Trace:
[   15.000004]  __schedule+0x3ac/0xb10
[   15.000005]  do_nanosleep+0x66/0x160
[   15.000006]  do_syscall_64+0x58/0x110
[   15.000007] task:kworker/0:0     state:I stack:0     pid:7     tgid:7
[   15.000008] Call Trace:
[   15.000009]  worker_thread+0x66/0x160
"""
REGISTERS = """\

CPU#0
RAX=0000000000000000
RIP=ffffffff81000015 RFL=00000246
CPU#1
RIP=00007f0000000000 RFL=00000246
CPU#2
RIP=ffffffffc0000042 RFL=00000046
"""


class WhereTest(unittest.TestCase):
    """The kernel's own answers."""

    def test_blocked(self):
        places, shown = where(BLOCKED)
        self.assertEqual(places, ["migrate:71 is blocked in test_start"])
        self.assertTrue(any("migrate_policy_store" in line for line in shown))

    def test_running_but_not_idle(self):
        self.assertEqual(where(RUNNING)[0], ["spinner:67 runs in mt_work"])

    def test_locks_are_shown(self):
        shown = where(BLOCKED + LOCKS)[1]
        self.assertIn("1 lock held by migrate/71:", shown)
        self.assertNotIn("Showing all locks held in the system:", shown)

    def test_sleepers_only_where_nothing_else_hangs(self):
        self.assertEqual(where(SLEEPING),
                         ([], ["sleep:70 sleeps in do_nanosleep"]))
        self.assertNotIn("sleep:70 sleeps in do_nanosleep",
                         where(BLOCKED + SLEEPING)[1])

    def test_nothing_asked_nothing_found(self):
        self.assertEqual(where("[ 1.0] task:a state:D stack:0 pid:1\n"),
                         ([], []))


class CpuTest(unittest.TestCase):
    """What QEMU tells when the kernel does not."""

    def test_places(self):
        names = [(0xffffffff81000000, "first"), (0xffffffff81000010, "second"),
                 (0xffffffff81000020, "_etext")]
        self.assertEqual(cpu_places(REGISTERS, names),
                         ["CPU 0 is in second", "CPU 1 is in user space",
                          "CPU 2 is in a module"])
