#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Prints the running kernel's migrate_policy as text, one file or directory a
line: "make record" keeps that in kernel_tree.txt, from which the tests make
their trees. A kernel that was just booted gives the same text every time.
"""
import os
import stat
import sys

TREES = ("sys/kernel/config/migrate_policy", "sys/kernel/mm/migrate_policy")
HEADER = """\
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's migrate_policy after boot, as "make record" found it: directories
# end with a slash, files have their mode and their content, with \\n where one
# of its lines ends and another begins.
"""


def describe(root, path):
    """A line for the file or directory @path."""
    mode = os.stat(os.path.join(root, path)).st_mode
    if stat.S_ISDIR(mode):
        return f"{path}/"
    with open(os.path.join(root, path), encoding="ascii") as file:
        value = file.read()
    if value and not value.endswith("\n"):
        sys.exit(f"record: {path}: has no end of line: {value!r}")
    text = value[:-1].replace("\n", "\\n")
    return f"{path} {stat.S_IMODE(mode):o} {text}"


def paths(root, tree):
    """Everything below @tree, and itself."""
    yield tree
    for top, directories, files in os.walk(os.path.join(root, tree)):
        for name in directories + files:
            yield os.path.relpath(os.path.join(top, name), root)


def record(root="/"):
    """The whole text."""
    if not os.path.isdir(os.path.join(root, TREES[1])):
        sys.exit("record: this kernel has no migrate_policy")
    lines = sorted(describe(root, path) for tree in TREES
                   for path in paths(root, tree))
    return HEADER + "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(record())
