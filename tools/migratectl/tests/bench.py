#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
What "migratectl list" costs, beside lsmem on the same machine: time for each
attribute that is read, files read more than once, processes started, peak
memory. Starting a program, which is mostly loading its libraries, is measured
with --version and taken off: it is the same however many attributes there are.
Usage: bench.py DIR, DIR being where migratectl and measure are. Prints a table
and KTAP.

Both programs run from a root in memory that holds them and their libraries:
the guest's own root is the host's, and reading from that takes longer than
everything else. With instructions for a clock (scripts/boot --icount) the times
are the same every time, however busy the machine is.
"""
import collections
import glob
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 5
RUNS = 5
PEAK_KIB = 8 * 1024
TREES = r"/sys/(?:kernel/(?:config|mm)/migrate_policy|devices/system/memory)/"
MOUNTED = ("/proc", "/sys", "/dev")
# What the C library opens by itself.
DATA = ("/etc/ld.so.cache", "/usr/lib/locale/C.utf8",
        "/usr/lib/*/gconv/gconv-modules.cache", "/usr/share/locale/locale.alias")


def put(root, path):
    """Copies a file or a directory into the root, under its own path."""
    os.makedirs(root + os.path.dirname(path), exist_ok=True)
    if os.path.isdir(path):
        shutil.copytree(path, root + path)
    else:
        shutil.copy(path, root + path)


def libraries(program):
    """The files that the program is linked with."""
    text = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=True,
                          encoding="ascii").stdout
    return re.findall(r"/\S+", text)


def make_root(root, programs):
    """A root in memory; all others are never used."""
    subprocess.run(["mount", "-t", "tmpfs", "bench", root], check=True)
    files = {library for program in programs for library in libraries(program)}
    files |= {path for pattern in DATA for path in glob.glob(pattern)}
    for path in sorted(files | set(programs)):
        put(root, path)
    for path in MOUNTED:
        os.mkdir(root + path)
        subprocess.run(["mount", "--rbind", path, root + path], check=True)


def trace(command):
    """How often each attribute is opened and read, and what is started."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as log:
        subprocess.run(["strace", "-f", "-y", "-o", log.name, *command],
                       stdout=subprocess.DEVNULL, check=True)
        text = log.read()
    reads = collections.Counter(
        re.findall(rf"\bread\(\d+<({TREES}[^>]*)>", text))
    opened = collections.Counter(
        re.findall(rf"\bopen(?:at)?\(.* = \d+<({TREES}[^>]*)>", text))
    started = len(re.findall(r"\b(?:v?fork|clone3?|execve)\(", text)) - 1
    return reads, opened, started


def measure(root, folder, command):
    """Time in ms and peak memory in KiB."""
    out = subprocess.run(["chroot", root, f"{folder}/measure", str(RUNS),
                          *command], stdout=subprocess.PIPE, check=True,
                         encoding="ascii")
    nanoseconds, peak = out.stdout.split()
    return int(nanoseconds) / 1e6, int(peak)


def measure_all(root, folder, commands):
    """Of each command: times, times to start alone, peak memory."""
    whole = {name: [] for name in commands}
    start = {name: [] for name in commands}
    peak = {name: 0 for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            start[name].append(measure(root, folder,
                                       [command[0], "--version"])[0])
            took, most = measure(root, folder, command)
            whole[name].append(took)
            peak[name] = max(peak[name], most)
    return whole, start, peak


def main(folder):
    commands = {"migratectl list": [f"{folder}/migratectl", "list"],
                "lsmem": [shutil.which("lsmem"), "--output-all", "--all"]}
    traced = {name: trace(command) for name, command in commands.items()}
    root = tempfile.mkdtemp()
    make_root(root, [f"{folder}/measure",
                     *[command[0] for command in commands.values()]])
    whole, start, peak = measure_all(root, folder, commands)
    print(f"# {platform.node()}, {platform.system()} {platform.release()}, "
          f"{platform.machine()}; medians of {ROUNDS} times {RUNS} runs")
    print(f"# {'COMMAND':16} {'TIME':>10} {'START':>10} {'FILES':>6} "
          f"{'TIME/FILE':>10} {'READS':>6} {'STARTED':>8} {'PEAK':>9}")
    cost = {}
    for name in commands:
        reads, _, started = traced[name]
        cost[name] = statistics.median(
            all_of_it - beginning for all_of_it, beginning
            in zip(whole[name], start[name])) / len(reads)
        print(f"# {name:16} {statistics.median(whole[name]):7.2f} ms "
              f"{statistics.median(start[name]):7.2f} ms {len(reads):6} "
              f"{cost[name] * 1e3:7.1f} us {sum(reads.values()):6} "
              f"{started:8} {peak[name]:5} KiB")
    reads, opened, started = traced["migratectl list"]
    results = {
        "no slower for each attribute than lsmem":
            cost["migratectl list"] <= cost["lsmem"],
        "each attribute is opened and read once":
            {(opened[path], count) for path, count in reads.items()} ==
            {(1, 1)},
        "no process is started": started == 0,
        "peak memory is below 8 MiB": peak["migratectl list"] < PEAK_KIB,
    }
    print(f"TAP version 13\n1..{len(results)}")
    for number, (name, good) in enumerate(results.items(), 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
