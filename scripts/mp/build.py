# SPDX-License-Identifier: GPL-2.0-only
"""Build a kernel flavour in the cache, visibly and incrementally."""

import os
import re
import shutil
import subprocess
import sys
import time

from .arch import arch_of
from .common import (HarnessError, SERIES, cache_dir, flavour_dir, jobs,
                     kernel_image, modules_dir, need_space, need_tool,
                     of_series)
from .config import configure, wanted
from .series import Tree, patch_files
from .source import fetch

BUILD_MIB = 1500
# Folders of a tree with backends that are built as out-of-tree modules.
MODULES = ("samples/migrate_policy",
           "tools/testing/selftests/migrate_policy/test_modules")
# About how many objects a build from nothing compiles: for the display alone.
OBJECTS = 1400
# For make: sparse looks at every object. Linux 7.3 does without a sparse that
# does not know __typeof_unqual__, as 0.6.4 does not, so it is told.
SPARSE = ("C=2", "CF=-D__CHECK_ENDIAN__ -D__typeof_unqual__=__typeof__")
OBJECT = re.compile(r"^  (?:CC|AS)(?: \[M\])? +(\S+)")
ERROR = re.compile(r"(?:error|Error|undefined reference|No space left)[ :]"
                   r"|undefined reference|No space left|\*\*\*")


def environment():
    """Same input, same output: else ccache could not help a second clone."""
    env = dict(os.environ, CCACHE_DIR=str(cache_dir() / "ccache"),
               CCACHE_MAXSIZE="4G", LC_ALL="C",
               KBUILD_BUILD_TIMESTAMP="1970-01-01",
               KBUILD_BUILD_USER="migrate-policy",
               KBUILD_BUILD_HOST="localhost", KBUILD_BUILD_VERSION="1")
    # A make that calls us must not hand its own options down.
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "KCFLAGS", "O", "M",
                 "ARCH"):
        env.pop(name, None)
    return env


class Progress:
    """What has been compiled so far: one line that changes on a terminal, a
    line every ten seconds elsewhere."""

    def __init__(self, what, cold):
        self.what = what
        self.cold = cold
        self.count = 0
        self.begin = self.shown = time.monotonic()
        self.tty = sys.stderr.isatty()

    def line(self, text):
        """Take one line of make's output."""
        found = OBJECT.match(text)
        if not found:
            return
        self.count += 1
        now = time.monotonic()
        if now - self.shown >= (0.2 if self.tty else 10):
            self.shown = now
            self.show(found[1])

    def show(self, name):
        """Print the state."""
        percent = min(99, self.count * 100 // OBJECTS)
        text = f"    {self.what}: {self.count} objects"
        if self.cold:
            text += f", about {percent}%"
        text += f", {time.monotonic() - self.begin:.0f} s, {name}"
        width = shutil.get_terminal_size().columns - 1
        self._print(f"\r{text[:width]:<{width}}" if self.tty else text + "\n")

    def end(self, result):
        """Print the end of it."""
        text = (f"    {self.what}: {result}, {self.count} objects compiled, "
                f"{time.monotonic() - self.begin:.0f} s")
        width = shutil.get_terminal_size().columns - 1
        self._print(f"\r{text:<{width}}\n" if self.tty else text + "\n")

    @staticmethod
    def _print(text):
        sys.stderr.write(text)
        sys.stderr.flush()


def compiler(arch):
    """The C compiler of an architecture; $CC is one for this machine."""
    if arch.cross:
        return f"{arch.cross}gcc"
    return os.environ.get("CC") or "gcc"


def make(tree, flavour, targets, what, cold, log, build=None, cc=None):
    """Run the kernel's make with its output in a log and a line to watch; in a
    folder and with a compiler other than the flavour's if these are named."""
    need_tool("ccache", "ccache")
    arch = arch_of(flavour)
    cmd = ["make", "-C", str(tree), f"O={build or flavour_dir(flavour)}",
           f"-j{jobs()}", *arch.make_args,
           f"CC=ccache {cc or compiler(arch)}", *targets]
    progress = Progress(what, cold)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w", encoding="utf-8") as sink:
        with subprocess.Popen(cmd, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, errors="replace",
                              env=environment()) as proc:
            for line in proc.stdout:
                sink.write(line)
                progress.line(line)
    progress.end("failed" if proc.returncode else "done")
    if proc.returncode:
        raise HarnessError(f"{what} failed; the log is {log}"
                           + "".join(f"\n    {line}" for line in errors(log)))


def errors(log):
    """The lines of a build log that say why it failed."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if ERROR.search(line)
            and "Waiting for unfinished" not in line][:10] or lines[-5:]


def prepare(kdir=None, series=SERIES):
    """A tree with the project in it."""
    patch_files(series)
    tree = Tree(fetch(kdir))
    changes = tree.apply(series)
    if changes:
        sys.stderr.write(f"    {len(changes)} files of {tree.path} updated\n")
    return tree.path


def build_kernel(flavour, kdir=None):
    """Fetch, apply, configure, compile; returns the image."""
    tree = prepare(kdir)
    build = flavour_dir(flavour)
    cold = not kernel_image(flavour).exists()
    if cold:
        need_space(cache_dir(), BUILD_MIB, f"building the kernel {flavour}")
    configure(flavour, tree, build)
    modules = (wanted(flavour).get("CONFIG_MIGRATE_POLICY") == "y"
               and arch_of(flavour).modules)
    targets = [kernel_image(flavour).name] + (["modules"] if modules else [])
    name = of_series(f"build-{flavour}")
    make(tree, flavour, targets, of_series(f"kernel {flavour}"), cold,
         cache_dir() / "log" / f"{name}.log")
    if modules:
        build_modules(tree, flavour)
    return kernel_image(flavour)


def build_modules(tree, flavour):
    """Build copies of the loadable backends as their authors would, against
    the built kernel, and install them where scripts/boot lets modprobe find
    them."""
    build = flavour_dir(flavour)
    folder = build / "external"
    names = []
    for source in MODULES:
        names.append(source.replace("/", "_"))
        shutil.copytree(tree / source, folder / names[-1], dirs_exist_ok=True)
    (folder / "Kbuild").write_text(
        "".join(f"obj-m += {name}/\n" for name in names), encoding="ascii")
    target = modules_dir(kernel_image(flavour)).parents[1]
    for step in ("modules", "modules_install"):
        make(tree, flavour,
             [step, f"M={folder}", "CONFIG_SAMPLE_MIGRATE_POLICY=m",
              f"INSTALL_MOD_PATH={target}"],
             of_series(f"{step} {flavour}"), False,
             cache_dir() / "log" / (of_series(f"{step}-{flavour}") + ".log"))
