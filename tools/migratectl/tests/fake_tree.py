#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Makes a tree of plain files in the shape of the kernel's migrate_policy, for
migratectl --root. A module for the tests; as a program: fake_tree.py DIR.
"""
import os
import sys

REASONS = (
    "compaction", "memory_failure", "memory_hotplug", "syscall_or_cpuset",
    "mempolicy_mbind", "numa_misplaced", "contig_range", "longterm_pin",
    "demotion", "damon",
)
DEFAULTS = {
    "backend": "inline",
    "batch_size": "512",
    "min_pages": "0",
    "workers": "0",
    "classes": "anon,swapcache",
}
BACKENDS = {"inline": {}, "mt": {"cpus": "0-1"}}
MINIMUM = {"inline": "0", "mt": "32"}
COUNTERS = (
    "cuts", "cut_ns", "succeeded", "failed", "batches", "folios", "pages",
    "bytes", "copy_ns", "helper_ns", "declined_min", "declined_slot",
    "declined_busy", "declined_nomem", "declined_error", "ineligible",
    "failed_items", "stale", "verified", "mismatched",
)
CONFIG = "sys/kernel/config/migrate_policy"
SYSFS = "sys/kernel/mm/migrate_policy"


def write(root, path, value):
    """Writes one attribute, as the kernel shows it."""
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="ascii") as file:
        file.write(value + "\n")


def write_all(root, directory, values):
    os.makedirs(os.path.join(root, directory), exist_ok=True)
    for key, value in values.items():
        write(root, f"{directory}/{key}", value)


def make(root):
    """A kernel that was just booted: everything at its default."""
    zero = dict.fromkeys(COUNTERS, "0")
    write(root, f"{CONFIG}/stats", "0")
    for reason in REASONS:
        write_all(root, f"{CONFIG}/reasons/{reason}", DEFAULTS)
        write_all(root, f"{SYSFS}/reasons/{reason}", zero)
    for backend, settings in BACKENDS.items():
        write_all(root, f"{CONFIG}/backends/{backend}", settings)
        write_all(root, f"{SYSFS}/backends/{backend}",
                  {**zero, "min_pages": MINIMUM[backend]})
    write_all(root, f"{SYSFS}/defaults", DEFAULTS)
    write_all(root, SYSFS, {"enabled": "1", "generation": "0",
                            "features": " ".join(DEFAULTS)})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: fake_tree.py DIR")
    make(sys.argv[1])
