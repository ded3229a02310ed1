#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Adds up what gcov found: the share of lines that ran, by file and in all.
Usage: coverage.py PERCENT DIR SOURCE...; fails below PERCENT, and for a source
that no program was made of. A source may have nothing but tables.
"""
import collections
import glob
import json
import os
import subprocess
import sys


def gcov(folder):
    """How often each line ran, in any of the programs."""
    ran = collections.defaultdict(lambda: collections.defaultdict(int))
    notes = glob.glob(f"{os.path.abspath(folder)}/*.gcno")
    out = subprocess.run(["gcov", "--json-format", "--stdout", *notes],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=True).stdout
    for text in out.splitlines():
        for file in json.loads(text)["files"]:
            for line in file["lines"]:
                ran[file["file"]][line["line_number"]] += line["count"]
    return ran


def spans(numbers):
    """12-14 20 ..."""
    text, first, last = [], None, None
    for number in [*sorted(numbers), None]:
        if last is not None and number != last + 1:
            text.append(str(first) if first == last else f"{first}-{last}")
            first = number
        elif first is None:
            first = number
        last = number
    return " ".join(text)


def main(percent, folder, *sources):
    ran = gcov(folder)
    total = hit = 0
    print(f"{'FILE':24} {'LINES':>5} {'RUN':>6}  NOT RUN")
    for source in sorted(sources):
        if not os.path.exists(f"{folder}/{source[:-2]}.gcno"):
            sys.exit(f"coverage: nothing is known of {source}")
        counts = ran.get(source)
        if not counts:
            continue
        missed = [number for number, count in counts.items() if not count]
        total += len(counts)
        hit += len(counts) - len(missed)
        print(f"{source:24} {len(counts):5} "
              f"{100 - 100 * len(missed) / len(counts):5.1f}%  {spans(missed)}")
    share = 100 * hit / total
    print(f"{'all':24} {total:5} {share:5.1f}%")
    if share < float(percent):
        sys.exit(f"coverage: less than {percent}%")


if __name__ == "__main__":
    main(*sys.argv[1:])
