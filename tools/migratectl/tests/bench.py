#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
What "migratectl list" costs, beside lsmem on the same machine: wall clock time
for each attribute that is read, files read more than once, processes started,
peak memory. Starting a program, which is mostly loading its libraries, is
measured with --version and taken off: it is the same however many attributes
there are. All are run in turns. Usage: bench.py DIR, DIR being where migratectl
and measure are. Prints a table and KTAP.
"""
import collections
import platform
import re
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 15
RUNS = 5
PEAK_KIB = 8 * 1024
TREES = r"/sys/(?:kernel/(?:config|mm)/migrate_policy|devices/system/memory)/"


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


def measure(folder, command):
    """Wall clock time in ms and peak memory in KiB."""
    out = subprocess.run([f"{folder}/measure", str(RUNS), *command],
                         stdout=subprocess.PIPE, check=True, encoding="ascii")
    nanoseconds, peak = out.stdout.split()
    return int(nanoseconds) / 1e6, int(peak)


def main(folder):
    commands = {"migratectl list": [f"{folder}/migratectl", "list"],
                "lsmem": ["lsmem", "--output-all", "--all"]}
    traced = {name: trace(command) for name, command in commands.items()}
    whole = {name: [] for name in commands}
    start = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            start[name].append(measure(folder, [command[0], "--version"]))
            whole[name].append(measure(folder, command))
    print(f"# {platform.node()}, {platform.system()} {platform.release()}, "
          f"{platform.machine()}; medians of {ROUNDS} times {RUNS} runs")
    print(f"# {'COMMAND':16} {'TIME':>10} {'START':>10} {'FILES':>6} "
          f"{'TIME/FILE':>10} {'READS':>6} {'STARTED':>8} {'PEAK':>9}")
    cost = {}
    for name in commands:
        reads, _, started = traced[name]
        took, before = (statistics.median(ms for ms, _ in runs[name])
                        for runs in (whole, start))
        cost[name] = statistics.median(
            all_of_it - beginning for (all_of_it, _), (beginning, _)
            in zip(whole[name], start[name])) / len(reads)
        print(f"# {name:16} {took:7.2f} ms {before:7.2f} ms {len(reads):6} "
              f"{cost[name] * 1e3:7.1f} us {sum(reads.values()):6} "
              f"{started:8} {max(peak for _, peak in whole[name]):5} KiB")
    reads, opened, started = traced["migratectl list"]
    results = {
        "no slower for each attribute than lsmem":
            cost["migratectl list"] <= cost["lsmem"],
        "each attribute is opened and read once":
            {(opened[path], count) for path, count in reads.items()} ==
            {(1, 1)},
        "no process is started": started == 0,
        "peak memory is below 8 MiB":
            max(peak for _, peak in whole["migratectl list"]) < PEAK_KIB,
    }
    print(f"TAP version 13\n1..{len(results)}")
    for number, (name, good) in enumerate(results.items(), 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
