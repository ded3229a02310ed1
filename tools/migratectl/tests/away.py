#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
How long pages are away: from the moment the kernel unmaps one, so that whoever
touches it has to wait, to its own move. What a profile changes about that, and
what it costs. For the running kernel, which needs two memory nodes.

Usage: away.py DIR [PROFILE | batch_size=N]..., DIR being where migratectl is.
The first one, "default" if none is named, is what the others (latency) are
compared with. Each round moves the same memory under every one of them in
changing order, with move_pages(2). The first half of the rounds takes the time;
then tracing is switched on, once, and the second half traces each page. Where
there are two CPUs a second thread writes to the memory all the while, so that
another CPU has its TLB to flush. With one CPU and instructions for a clock
(scripts/boot --icount), the times are the same every time, however busy the
machine is. Prints a table and KTAP.
"""
import collections
import ctypes
import math
import mmap
import os
import platform
import re
import statistics
import subprocess
import sys
import threading
import time

TRACING = "/sys/kernel/tracing"
EVENTS = f"{TRACING}/events/migrate"
EVENT = re.compile(r"(\d+)\.(\d+): (set|remove)_migration_pte: addr=(\w+),")
PAGE = mmap.PAGESIZE
PAGES = 4096
ROUNDS = 31
NR_MOVE_PAGES = 279
MPOL_MF_MOVE = 2
LIBC = ctypes.CDLL(None, use_errno=True)


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Memory:
    """Base pages, and a thread that writes to them."""

    def __init__(self):
        self.map = mmap.mmap(-1, PAGES * PAGE,
                             mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.map.madvise(mmap.MADV_NOHUGEPAGE)
        self.map[:] = bytes(PAGES * PAGE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        self.address = (ctypes.c_void_p * PAGES)(
            *range(start, start + PAGES * PAGE, PAGE))
        self.node = 0
        self.moving = threading.Event()
        self.thread = threading.Thread(target=self.touch, daemon=True)
        if os.cpu_count() > 1:
            os.sched_setaffinity(0, {0})
            self.thread.start()

    def touch(self):
        os.sched_setaffinity(0, {1})
        while self.moving.wait():
            for at in range(0, PAGES * PAGE, PAGE):
                self.map[at] = 1

    def move(self):
        """To the other node; returns the seconds it took."""
        self.node ^= 1
        nodes = (ctypes.c_int * PAGES)(*[self.node] * PAGES)
        status = (ctypes.c_int * PAGES)()
        self.moving.set()
        begin = time.monotonic()
        left = LIBC.syscall(NR_MOVE_PAGES, 0, PAGES, self.address, nodes,
                            status, MPOL_MF_MOVE)
        end = time.monotonic()
        self.moving.clear()
        moved = sum(where == self.node for where in status)
        assert left >= 0 and moved > 0.99 * PAGES, (left, moved)
        return end - begin


def set_tracing(on):
    for event in ("set", "remove"):
        write(f"{EVENTS}/{event}_migration_pte/enable", str(on))
    write(f"{TRACING}/tracing_on", str(on))


def trace(memory):
    """The times away of the pages of one move, in us, in order."""
    write(f"{TRACING}/trace", "")
    memory.move()
    with open(f"{TRACING}/trace", encoding="ascii") as file:
        text = file.read()
    since, away = {}, []
    for second, fraction, what, address in EVENT.findall(text):
        us = int(second) * 1000000 + int(fraction)
        if what == "set":
            since[address] = us
        elif address in since:
            away.append(us - since.pop(address))
    assert len(away) > 0.9 * PAGES, f"{len(away)} pages traced"
    return sorted(away)


def switch(command, name):
    """Puts a profile or a batch size in force."""
    change = (("set", "syscall_or_cpuset", name) if "=" in name else
              ("profile", "apply", name))
    subprocess.run([command, *change], check=True)


def rounds(command, names, sample):
    """What @sample returns, for each name one a round."""
    found = collections.defaultdict(list)
    for number in range(ROUNDS + 1):
        for name in names[::1 if number % 2 else -1]:
            switch(command, name)
            value = sample()
            if number:       # the first round warms up
                found[name].append(value)
    return found


def rank(count):
    """So far from either end of @count values lie the bounds of their median
    at 95% or more (sign test): each has at most 2.5% beyond."""
    below, beyond = 0, 0
    while (beyond + math.comb(count, below)) / 2 ** count <= 0.025:
        beyond += math.comb(count, below)
        below += 1
    assert below, f"{count} values are too few"
    return below - 1


def interval(values):
    """The median, and between which values it lies at 95%."""
    values = sorted(values)
    at = rank(len(values))
    return statistics.median(values), values[at], values[-1 - at]


def percentile(values, percent):
    return values[min(len(values) - 1, len(values) * percent // 100)]


def main(folder, *names):
    names = names or ("default", "latency")
    command = f"{folder}/migratectl"
    memory = Memory()
    write(f"{TRACING}/buffer_size_kb", "8192")
    write(f"{TRACING}/trace_clock", "mono")
    # Each switch of tracing patches the kernel's code: there are two.
    set_tracing(0)
    took = rounds(command, names, memory.move)
    set_tracing(1)
    away = rounds(command, names, lambda: trace(memory))
    set_tracing(0)
    subprocess.run([command, "reset"], check=True)
    print(f"# {platform.node()}, {platform.system()} {platform.release()}, "
          f"{os.cpu_count()} CPUs; {ROUNDS} rounds of {PAGES} pages; "
          "medians [95% interval]")
    print(f"# {'PROFILE':16} {'P50':>8} {'P99':>8} {'MAX':>8} {'MB/S':>6}  "
          "P99 AND SPEED, BASED ON THE FIRST")
    results = []
    for name in names:
        p50, p99, worst = (statistics.median(percentile(times, percent)
                                             for times in away[name])
                           for percent in (50, 99, 100))
        speed = PAGES * PAGE / 1e6 / statistics.median(took[name])
        shorter = interval([percentile(one, 99) / percentile(other, 99) for
                            one, other in zip(away[name], away[names[0]])])
        faster = interval([other / one for one, other in
                           zip(took[name], took[names[0]])])
        print(f"# {name:16} {p50 / 1e3:5.2f} ms {p99 / 1e3:5.2f} ms "
              f"{worst / 1e3:5.2f} ms {speed:6.0f}  "
              "%.2f [%.2f, %.2f] %.2f [%.2f, %.2f]" % (*shorter, *faster))
        results.append((name, shorter))
    print(f"TAP version 13\n1..{len(results) - 1}")
    good = True
    for number, (name, shorter) in enumerate(results[1:], 1):
        good &= shorter[2] < 1
        print(f"{'ok' if shorter[2] < 1 else 'not ok'} {number} - {name}: "
              f"99% of the pages are back sooner than with {names[0]}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
