# SPDX-License-Identifier: GPL-2.0-only
"""The selftests, built for the guest."""

from .arch import arch_of
from .build import environment
from .common import HarnessError, cache_dir, jobs, of_series, run
from .source import current_tree


def folder_of():
    """Their sources, in the tree that was fetched last."""
    return current_tree() / "tools/testing/selftests/migrate_policy"


def build(flavour):
    """Install the programs into one folder; returns it and their names. Their
    modules are those that scripts/build has built for the flavour. A guest of
    another architecture has no libraries of this machine's: its programs are
    static."""
    arch = arch_of(flavour)
    folder = folder_of()
    target = cache_dir() / of_series(
        "tools/selftests" + (f"-{arch.name}" if arch.cross else ""))
    make = ["make", "--no-print-directory", "-C", folder,
            f"OUTPUT={target}/build", "KDIR=none"]
    if arch.cross:
        make += [f"CC={arch.cross}gcc", "LDFLAGS=-static"]
    (target / "build").mkdir(parents=True, exist_ok=True)
    env = environment()
    result = run([*make, f"-j{jobs()}", "install",
                  f"INSTALL_PATH={target}/run"], env=env)
    if result.returncode:
        raise HarnessError("the selftests do not build:\n" + result.stdout)
    listed = run([*make, "-s", "emit_tests"], env=env).stdout.split()
    return target / "run", [name.split(":")[-1] for name in listed]
