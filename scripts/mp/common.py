# SPDX-License-Identifier: GPL-2.0-only
"""Folders, errors and helpers that every program of the harness uses."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .arch import ARCH, DEFAULT_ARCH, arch_of

REPO = Path(__file__).resolve().parents[2]
SCRIPTS = REPO / "scripts"
DEFAULT_SERIES = "6.12"
# The series of kernels that a run is about: a folder of patches/.
SERIES = os.environ.get("SERIES") or DEFAULT_SERIES


class HarnessError(Exception):
    """What went wrong and what to do about it, in one line."""


def cache_dir():
    """The folder of everything that is built; all clones share it."""
    named = os.environ.get("MIGRATE_POLICY_CACHE")
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "migrate-policy"


def of_series(name):
    """A name in the cache: the default series has the plain ones."""
    return name if SERIES == DEFAULT_SERIES else f"{name}-{SERIES}"


def out_dir(series=SERIES):
    """The folder of results: reports and logs; each architecture and series
    has its own."""
    own = (REPO / "out" / ("" if ARCH == DEFAULT_ARCH else ARCH)
           / ("" if series == DEFAULT_SERIES else series))
    path = Path(os.environ.get("MP_OUT") or own).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def flavour_dir(flavour):
    """The build folder of one kernel flavour."""
    return cache_dir() / of_series(f"build-{flavour}")


def kernel_image(flavour):
    """The image that scripts/build leaves for a flavour."""
    return flavour_dir(flavour) / arch_of(flavour).image


def build_dir(image):
    """The build folder that a kernel image lies in."""
    return (Path(image).parent / "../../..").resolve()


def modules_dir(image):
    """Where scripts/build installs the modules of a kernel, for modprobe."""
    return build_dir(image) / "modules/lib/modules"


def jobs():
    """How many processes a build may use."""
    return int(os.environ.get("JOBS") or len(os.sched_getaffinity(0)))


def need_tool(name, package):
    """The path of a program that a Debian package has."""
    path = shutil.which(name)
    if not path:
        raise HarnessError(f"{name} is missing; install the package {package}, "
                           "or let scripts/fetch do it")
    return path


def need_space(path, mib, what):
    """Refuse to begin what would end for want of disk space."""
    path.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(path).free >> 20
    if free < mib:
        raise HarnessError(
            f"{what} needs {mib} MiB, but {path} has {free} MiB free; make "
            "space, or let MIGRATE_POLICY_CACHE name a folder elsewhere")


@contextlib.contextmanager
def locked(name):
    """Hold one of the cache's locks: two clones may work at the same time."""
    path = cache_dir() / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"waiting for another run that holds {path}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def tree_lock(tree):
    """Keep a build out of a tree of the cache; one elsewhere needs no lock."""
    path = Path(tree).resolve()
    return (locked("build") if path.is_relative_to(cache_dir().resolve())
            else contextlib.nullcontext())


def note(text):
    """Say on stderr what is going on."""
    print(f"    {text}", file=sys.stderr, flush=True)


def run(cmd, **kwargs):
    """A command's result, its output as text; the caller judges its status."""
    kwargs.setdefault("stdout", subprocess.PIPE)
    kwargs.setdefault("stderr", subprocess.STDOUT)
    return subprocess.run([str(word) for word in cmd], text=True, check=False,
                          errors="replace", **kwargs)


def main_of(function):
    """Run a program's main function; failures are one line and status 1."""
    name = f"scripts/{Path(sys.argv[0]).name}"
    try:
        sys.exit(function(sys.argv[1:]) or 0)
    except (HarnessError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
