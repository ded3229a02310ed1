# SPDX-License-Identifier: GPL-2.0-only
"""Ask a guest that makes no progress where it hangs.

The guest's serial line is a socket whose output QEMU also keeps in the kernel
log. A break on that line followed by a key is a SysRq: the kernel writes its
blocked tasks, the stacks of all CPUs and the locks held into the log, as long
as one CPU takes interrupts. If none does, QEMU still tells where each CPU is.
"""

import json
import re
import socket
import time
from bisect import bisect_right
from contextlib import suppress
from pathlib import Path

from .common import build_dir

# SysRq keys, and what the kernel answers with.
KEYS = {"w": "Show Blocked State", "l": "Show backtrace of all active CPUs",
        "d": "Show Locks Held", "t": "Show State"}
STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[[^]]*\])? ?")
TASK = re.compile(r"^task:(\S+) +state:(\S) .*?\bpid:(\d+)")
RUNNING = re.compile(r"^CPU: \d+ (?:UID: \d+ )?PID: (\d+) Comm: (\S+)")
# A frame of a stack; those marked with ? are guesses.
FRAME = re.compile(r"^(?:RIP: \w+:| )(\w[\w.]*)\+0x[0-9a-f]+/0x")
# What any sleeping or stopped task has on its stack.
COMMON = re.compile(r"^(__)?schedule|^io_schedule|^schedule_|^rwsem_|^__mutex"
                    r"|^mutex_|^down_|^wait_for|^__wait|^do_wait|^context_sw"
                    r"|nmi|sysrq|^dump_stack|^default_idle|^pv_native_safe"
                    r"|^asm_|^sysvec_|^__sysvec|_irq|serial8250|lapic|apic_timer"
                    r"|^clockevents|^hrtimer|^tick_")
LOCK = re.compile(r"^\d+ locks? held by | #\d+: ")
LINES_SHOWN = 60


class Monitor:
    """QEMU's machine-readable monitor."""

    def __init__(self, path, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        self.stream.readline()
        self.run("qmp_capabilities")

    def run(self, command, **arguments):
        """One command's result; events in between are of no interest."""
        self.stream.write(json.dumps({"execute": command,
                                      "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if "error" in answer:
                raise OSError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]

    def close(self):
        """Let QEMU take the next one."""
        self.stream.close()
        self.socket.close()


def log_size(log):
    """The bytes that the kernel log has now."""
    with suppress(OSError):
        return log.stat().st_size
    return 0


def wait_until_quiet(log, begin, line, limit=60):
    """Wait until the log grew beyond a size and grows no more; what comes over
    the line is taken off it, or QEMU would not go on."""
    end = time.monotonic() + limit
    first = time.monotonic() + 5
    size, since = begin, time.monotonic()
    while time.monotonic() < end:
        with suppress(TimeoutError):
            line.recv(65536)
        now, grown = time.monotonic(), log_size(log)
        if grown != size:
            size, since = grown, now
        elif now - since > 1.5 and (size > begin or now > first):
            break
    return size > begin


def press(monitor, line, key):
    """A break, then the key."""
    monitor.run("chardev-send-break", id="serial")
    time.sleep(0.2)
    line.sendall(key.encode())


def ask_kernel(control, log):
    """Have the kernel write where it is into its log; returns whether it did,
    and what QEMU says of its CPUs."""
    monitor = Monitor(control / "monitor")
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(0.1)
    try:
        line.connect(str(control / "serial"))
        registers = monitor.run("human-monitor-command",
                                **{"command-line": "info registers -a"})
        answered = False
        for key in KEYS:
            begin = log_size(log)
            press(monitor, line, key)
            if not wait_until_quiet(log, begin, line):
                break
            answered = True
        return answered, registers
    finally:
        line.close()
        monitor.close()


def answers(text):
    """The kernel's answers in a log, by key: lines without their times."""
    found, key = {name: [] for name in KEYS}, None
    for line in text.splitlines():
        line = STAMP.sub("", line.rstrip())
        if line.startswith("sysrq: "):
            key = next((name for name, title in KEYS.items()
                        if title in line), None)
            if key:
                found[key] = []
        elif key:
            found[key].append(line)
    return found


def stacks(lines, head):
    """Of each task that a line like @head begins: who, and its stack."""
    found = []
    for line in lines:
        begin = head.match(line)
        if begin:
            found.append((begin, [line]))
        elif found and (FRAME.match(line) or line.startswith((" <", "Call"))):
            found[-1][1].append(line)
    return found


def place(stack):
    """The first function of a stack that says something."""
    names = [found[1] for found in map(FRAME.match, stack) if found]
    return next((name for name in names if not COMMON.search(name)),
                "user space")


def is_idle(stack):
    """Whether this is a CPU with nothing to do."""
    return any("_idle" in line for line in stack)


def where(text):
    """From a log with answers: each place where something hangs, and the
    stacks to show."""
    parts = answers(text)
    places, shown = [], []
    for begin, stack in stacks(parts["w"], TASK):
        places.append(f"{begin[1]}:{begin[3]} is blocked in {place(stack)}")
        shown += stack
    for begin, stack in stacks(parts["l"], RUNNING):
        if not is_idle(stack):
            places.append(f"{begin[2]}:{begin[1]} runs in {place(stack)}")
            shown += stack
    for begin, stack in stacks(parts["t"], TASK):
        # Kernel threads that sleep are as they should be.
        if not places and any("do_syscall_64" in line for line in stack):
            shown.append(f"{begin[1]}:{begin[3]} sleeps in {place(stack)}")
    shown += [line for line in parts["d"] if LOCK.match(line)]
    return places, shown[:LINES_SHOWN]


def symbols(path):
    """The functions of a System.map in the order of their addresses."""
    names = []
    for line in path.read_text(encoding="ascii").splitlines():
        address, kind, name = line.split()
        if kind in "tTwW":
            names.append((int(address, 16), name))
    return sorted(names)


def name_of(address, names):
    """What is at an address."""
    if not address >> 47:
        return "user space"
    index = bisect_right(names, (address, "\x7f")) - 1
    if index < 0 or index == len(names) - 1:
        return "a module"
    return names[index][1]


def cpu_places(registers, names):
    """Where each CPU is, from QEMU's view of its registers."""
    found = []
    for number, part in enumerate(registers.split("CPU#")[1:]):
        rip = re.search(r"\bRIP=([0-9a-f]+)", part)
        if not rip:
            continue
        address = int(rip[1], 16)
        found.append(f"CPU {number} is in {name_of(address, names)}")
    return found


def explain(control, log, image):
    """Where the guest hangs: one clause, and lines to show below it."""
    try:
        begin = log_size(log)
        answered, registers = ask_kernel(Path(control), log)
    except (OSError, ValueError) as error:
        return f"where it hangs is unknown ({error})", []
    if not answered:
        system_map = build_dir(image) / "System.map"
        names = symbols(system_map) if system_map.is_file() else []
        return ("no CPU takes interrupts: "
                + ", ".join(cpu_places(registers, names))), []
    with open(log, "rb") as file:
        file.seek(begin)
        text = file.read().decode("utf-8", "replace")
    places, shown = where(text)
    return ("; ".join(places[:6]) or "nothing is blocked in the kernel, "
            "nothing runs: it waits in user space"), shown
