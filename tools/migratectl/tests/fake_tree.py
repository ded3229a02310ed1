#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Makes a tree of plain files out of what was recorded from the booted kernel,
for migratectl --root. A module for the tests; as a program: fake_tree.py DIR.
"""
import os
import stat
import sys

CONFIG = "sys/kernel/config/migrate_policy"
SYSFS = "sys/kernel/mm/migrate_policy"
RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "kernel_tree.txt")


def load():
    """What was recorded: directories, and files with mode and content."""
    with open(RECORDED, encoding="ascii") as file:
        lines = [line.rstrip("\n") for line in file if line[0] != "#"]
    fields = [line.split(" ", 2) for line in lines if not line.endswith("/")]
    return ([line for line in lines if line.endswith("/")],
            {path: (int(mode, 8), value.replace("\\n", "\n"))
             for path, mode, value in fields})


DIRECTORIES, FILES = load()


def below(directory):
    """The names and contents of a directory's files."""
    return {os.path.basename(path): value for path, (_, value) in FILES.items()
            if os.path.dirname(path) == directory}


def directories(directory):
    """The names of a directory's directories."""
    return [os.path.basename(path[:-1]) for path in DIRECTORIES
            if os.path.dirname(path[:-1]) == directory]


REASONS = tuple(directories(f"{CONFIG}/reasons"))
BACKENDS = {name: below(f"{CONFIG}/backends/{name}")
            for name in directories(f"{CONFIG}/backends")}
# In the kernel's own order.
DEFAULTS = {key: below(f"{SYSFS}/defaults")[key]
            for key in below(SYSFS)["features"].split()}
COUNTERS = tuple(below(f"{SYSFS}/reasons/{REASONS[0]}"))


def write(root, path, value):
    """Writes one attribute, as the kernel shows it."""
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    mode = None
    if os.path.isfile(full) and not os.path.islink(full):
        mode = stat.S_IMODE(os.stat(full).st_mode)
        os.chmod(full, mode | stat.S_IWUSR)
    with open(full, "w", encoding="ascii") as file:
        file.write(value + "\n" if value else "")
    if mode is not None:
        os.chmod(full, mode)


def make(root):
    """A kernel that was just booted: everything at its default."""
    for directory in DIRECTORIES:
        os.makedirs(os.path.join(root, directory), exist_ok=True)
    for path, (mode, value) in FILES.items():
        write(root, path, value)
        os.chmod(os.path.join(root, path), mode)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: fake_tree.py DIR")
    make(sys.argv[1])
