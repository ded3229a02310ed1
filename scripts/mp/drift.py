# SPDX-License-Identifier: GPL-2.0-only
"""Where a kernel has drifted away from a series of patches.

A hunk carries the lines that it was made for. Where it does not fit, the most
alike place of the file is looked up by the lines that both have, the rare ones
first, and the two are compared.
"""

import difflib
import re
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from .series import (Tree, all_series, copy_file, new_files, patch_files,
                     touched, try_patch)

HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@ ?(.*)")
# How much of the file to show beyond what the hunk has.
AROUND = 2


@dataclass
class Hunk:
    """One hunk: the line that it was made for, the function that it is in,
    and the lines that it expects."""
    line: int
    function: str
    old: list = field(default_factory=list)


@dataclass
class Finding:
    """One hunk that does not fit, or a file that is not as expected."""
    patch: str
    where: str
    detail: list = field(default_factory=list)


def hunks(patch):
    """The hunks of a patch for each of its files, by their numbers."""
    found, name = defaultdict(list), None
    for line in patch.read_text(encoding="utf-8").splitlines():
        header = HUNK.match(line)
        if line.startswith("diff --git"):
            name = None
        elif line.startswith("+++ b/"):
            name = line[len("+++ b/"):]
        elif header and name:
            found[name].append(Hunk(int(header[1]), header[2]))
        elif name and found[name] and line[:1] in (" ", "-"):
            found[name][-1].old.append(line[1:])
    return found


def most_alike(old, lines):
    """Where in a file the lines of a hunk are most likely by now: the index
    of the first one, or None if no line of it is left.

    Each line that both have votes for a place, the rarer the louder; votes
    for places close by count as well, since lines may have come or gone.
    """
    places = defaultdict(list)
    for index, line in enumerate(lines):
        places[line.strip()].append(index)
    votes = Counter()
    for index, line in enumerate(old):
        found = places.get(line.strip(), [])
        if line.strip() and len(found) <= 100:
            for place in found:
                votes[place - index] += 1 / len(found)
    if not votes:
        return None
    return max(votes, key=lambda place: (
        sum(votes[place + off] / (1 + abs(off)) for off in range(-5, 6)),
        -place))


def compare(old, lines):
    """What changed between a hunk's lines and the most alike place; the
    number of that place's first line, and the comparison."""
    place = most_alike(old, lines)
    if place is None:
        return None, [f"-{line}" for line in old]
    begin = max(0, place - AROUND)
    now = lines[begin:max(0, place) + len(old) + AROUND]
    diff = list(difflib.unified_diff(old, now, lineterm="", n=len(old)))[3:]
    begin += surplus(diff)
    diff = diff[surplus(diff):]
    return begin + 1, diff[:len(diff) - surplus(diff[::-1])]


def surplus(diff):
    """How many lines at the beginning of a comparison only surround it: added
    ones before one that both have."""
    count = next((index for index, line in enumerate(diff)
                  if not line.startswith("+")), 0)
    return count if count and diff[count].startswith(" ") else 0


def judge_hunk(patch, name, number, hunk, lines):
    """Say what is wrong with one hunk."""
    place, diff = compare(hunk.old, lines)
    where = f"hunk {number} of {name}, made for line {hunk.line}"
    if hunk.function:
        where += f" in {hunk.function.strip()}"
    if not place:
        where += "; nothing there is like it"
    elif any(line[0] != " " for line in diff):
        where += f"; most alike is line {place}"
    else:
        where += (f"; its lines are at {place}, so its line counts or its "
                  "context at the end are wrong")
    return Finding(patch.name, where, diff)


def judge_patch(patch, folder):
    """Apply a patch to copies as far as it goes; returns what did not."""
    before = {name: (folder / name).read_text(encoding="utf-8").splitlines()
              for name in touched(patch) if (folder / name).is_file()}
    of_patch = hunks(patch)
    findings = [Finding(patch.name, f"{name} is gone") for name in of_patch
                if name not in before]
    for name, number in try_patch(patch, folder):
        if name in before:
            findings.append(judge_hunk(patch, name, number,
                                       of_patch[name][number - 1],
                                       before[name]))
    return findings


def judge(path, series):
    """Everything in which a tree is not what a series was made for."""
    tree = Tree(path)
    findings = [Finding("new files", f"the kernel has a {name} of its own")
                for name in new_files()
                if name not in tree.manifest and (tree.path / name).exists()]
    with tempfile.TemporaryDirectory(prefix="migrate-policy.") as tmp:
        folder = Path(tmp)
        for patch in patch_files(series):
            for name in touched(patch):
                if (not (folder / name).exists()
                        and tree.original(name).is_file()):
                    copy_file(tree.original(name), folder / name)
        for patch in patch_files(series):
            findings += judge_patch(patch, folder)
    return findings


def judge_nearest(path):
    """The series that fits a tree best, the newest of several, and all in
    which the tree is not what it was made for."""
    judged = [(series, judge(path, series)) for series in all_series()]
    return min(reversed(judged), key=lambda pair: len(pair[1]))
