# SPDX-License-Identifier: GPL-2.0-only
"""Mutants: small patches that break one guard each, for the tests to catch.

A mutant is a file in tools/testing/migrate_policy/mutants/: fields that tell
what it breaks, and a diff. It is never applied to a tree that others build:

- For the kernel, the changed files go into a build folder of the mutants' own.
  Kbuild takes a source file from the build folder before it looks for it in
  the source tree, so that one object is compiled anew and the kernel linked.
- For the model's tests in user space, the changed file is compiled instead of
  the repository's.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .build import build_kernel, make
from .common import (HarnessError, REPO, SCRIPTS, cache_dir, flavour_dir,
                     locked, out_dir, run)
from .ktap import parse
from .reports import EMULATOR_DIED
from .series import Tree, apply_patch, copy_file, new_files, touched
from .source import current_tree, sync

FOLDER = REPO / "tools/testing/migrate_policy/mutants"
FIELD = re.compile(r"^([A-Z][\w-]*):\s*(.*)$")
FIELDS = {"Breaks", "Harm", "Caught-by", "Equivalent"}

# What may catch a mutant. One that the test of its header does not catch is
# given to the others, the cheapest first.
MODEL = "model"
KUNIT = "kunit"
SELFTESTS = ("holes", "content", "reasons", "strict", "switch", "attrs",
             "charge", "dma")
BUILD_LIMIT = 900
MODEL_FILES = ("mm/migrate_policy.c", "mm/migrate_policy.h",
               "mm/migrate_trial.c", "mm/migrate_trial.h", "mm/migrate_result.c")


@dataclass
class Mutant:
    """One patch with the fields of its header."""
    name: str
    path: Path
    fields: dict

    @property
    def files(self):
        """The files that it changes."""
        return touched(self.path)

    @property
    def equivalent(self):
        """Why no test can tell it from the original, if so."""
        return self.fields.get("Equivalent")

    @property
    def in_user_space(self):
        """Whether the model's own tests can run it."""
        return set(self.files) <= set(MODEL_FILES)

    def steps(self):
        """The tests to run, those named in the header first."""
        named = self.fields.get("Caught-by", KUNIT).split()[0]
        others = ([MODEL] if self.in_user_space else []) + [KUNIT, *SELFTESTS]
        return [named] + [step for step in others if step != named]


def read_fields(text):
    """The header's fields; a line that begins with a space goes on."""
    fields, last = {}, None
    for line in text.partition("\n--- ")[0].splitlines():
        found = FIELD.match(line)
        if found:
            last = found[1]
            fields[last] = found[2].strip()
        elif last and line.startswith(" "):
            fields[last] += " " + line.strip()
    return fields


def read(path):
    """A mutant, checked."""
    fields = read_fields(path.read_text(encoding="utf-8"))
    unknown = set(fields) - FIELDS
    if unknown:
        raise HarnessError(f"{path.name}: unknown field {min(unknown)}")
    for name in ("Breaks", "Harm"):
        if not fields.get(name):
            raise HarnessError(f"{path.name}: the field {name} is missing")
    if ("Caught-by" in fields) == ("Equivalent" in fields):
        raise HarnessError(f"{path.name}: it has to have either Caught-by or "
                           "Equivalent")
    mutant = Mutant(path.stem, path, fields)
    if not mutant.files:
        raise HarnessError(f"{path.name}: it changes nothing")
    steps = (MODEL, KUNIT, *SELFTESTS)
    if not mutant.equivalent and mutant.steps()[0] not in steps:
        raise HarnessError(f"{path.name}: Caught-by begins with one of "
                           + ", ".join(steps))
    return mutant


def read_all():
    """All mutants in the order of their names."""
    return [read(path) for path in sorted(FOLDER.glob("*.patch"))]


def lay_out(mutant, tree, folder):
    """The files that a mutant changes, changed, in another folder. A changed
    header is found there only by sources that are there as well."""
    names = set(mutant.files)
    for name in mutant.files:
        if name.endswith(".h"):
            names.update(other for other in [*new_files(), "mm/migrate.c"]
                         if other.endswith(".c")
                         and Path(other).parent == Path(name).parent)
    for name in names:
        copy_file(tree / name, folder / name)
    apply_patch(mutant.path, folder)
    return sorted(names)


def keep_time(reference, folder):
    """Give a folder's files the time of another one. Objtool notes the path
    of its build folder and is built again in a copy of it; were it newer than
    the objects there, all of them would be compiled anew."""
    if not reference.exists():
        return
    time = reference.stat().st_mtime_ns
    for path in folder.rglob("*"):
        os.utime(path, ns=(time, time), follow_symlinks=False)


class Builder:
    """Builds mutated kernels, one after the other, in a folder that begins as
    a copy of the flavour's."""

    def __init__(self, flavour, kdir=None):
        self.flavour = flavour
        self.folder = cache_dir() / "mutants"
        self.build = self.folder / "build"
        self.laid_out = []
        with locked("build"):
            build_kernel(flavour, kdir)
            self.build.mkdir(parents=True, exist_ok=True)
            sync(["--delete", f"{flavour_dir(flavour)}/", self.build])
            make(current_tree(), flavour, ["prepare"], "mutants' tools",
                 False, self.folder / "prepare.log", self.build)
            keep_time(flavour_dir(flavour) / "tools/objtool/objtool",
                      self.build / "tools")

    def kernel(self, mutant):
        """The image of a mutant, or of the original for None; a file of its
        own, for the next build may begin while it runs."""
        with locked("build"):
            tree = current_tree()
            if Tree(tree).edited():
                raise HarnessError(f"{tree} was edited; see scripts/refresh")
            for name in self.laid_out:
                (self.build / name).unlink(missing_ok=True)
            self.laid_out = lay_out(mutant, tree, self.build) if mutant else []
            name = mutant.name if mutant else "control"
            make(tree, self.flavour, ["bzImage"], f"mutant {name}", False,
                 self.folder / f"{name}.log", self.build)
        return self.keep(name)

    def keep(self, name):
        """A kernel's image, and beside it the flavour's modules: where one is
        in a build folder, scripts/boot looks for the others there."""
        folder = self.folder / "images" / name
        image = folder / "arch/x86/boot/bzImage"
        image.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.build / "arch/x86/boot/bzImage", image)
        modules = folder / "modules"
        modules.unlink(missing_ok=True)
        modules.symlink_to(flavour_dir(self.flavour) / "modules")
        return image


@dataclass
class Verdict:
    """What a step said: the test that failed, or nothing. A step that hung
    says nothing yet: the machine may be busy."""
    caught: str
    passed: int = 0
    hung: bool = False


# What a guest can do to the harness. Anything else that goes wrong is none of
# the mutant's doing, and no test has caught it.
DIED = re.compile(r"the kernel did not boot(?! in)|the kernel died"
                  r"|holds a splat")
HUNG = re.compile(r"did not (?:boot|end) in [\d.]+ s|ended with status 124$")


def judge(step, status, text, limit):
    """What a step's end means: a mutant is caught by a test that failed or by
    a kernel that died, but not by a harness that could not do its work."""
    tests = parse(text)
    failed = [test.name for test in tests if test.status == "failed"]
    passed = sum(test.status == "passed" for test in tests)
    # A kernel that dies breaks the plan too, but has more to say about it.
    said = [name for name in failed if not name.endswith("plan")
            and not HUNG.search(name)]
    if said:
        return Verdict(f"{step}: {said[0]}", passed)
    why = reason(text)
    if status is None or HUNG.search(why) or any(HUNG.search(name)
                                                 for name in failed):
        return Verdict(f"{step}: did not end in {limit:.0f} s", passed, True)
    if DIED.search(why):
        return Verdict(f"{step}: {short(why)}", passed)
    if failed or status or not passed:
        raise HarnessError(f"{step} did not work: "
                           + (why or f"status {status}, {passed} passed"))
    return Verdict("", passed)


def reason(text):
    """The harness's own word on why there are no results."""
    found = re.search(r"^scripts/\w+: (.*)$", text, re.MULTILINE)
    if not found:
        return ""
    if "holds a splat" in found[1]:
        return "\n".join([found[1], *text[found.end():].splitlines()[1:2]])
    return found[1]


def short(why):
    """Without the names of files: the splat itself, or how the kernel died."""
    return re.sub(r"; its log is .*", "", why.splitlines()[-1].strip())


def execute(cmd, log, limit):
    """Run a program with its output in a file; its status, or None."""
    env = dict(os.environ, MP_OUT=str(out_dir() / "mutants"),
               CMOCKA_MESSAGE_OUTPUT="TAP")
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        env.pop(name, None)
    with open(log, "wb") as sink:
        with subprocess.Popen([str(word) for word in cmd], stdout=sink,
                              stderr=subprocess.STDOUT, env=env, cwd=REPO,
                              stdin=subprocess.DEVNULL,
                              start_new_session=True) as proc:
            try:
                return proc.wait(limit)
            except subprocess.TimeoutExpired:
                return None
            finally:
                if proc.poll() is None:
                    os.killpg(proc.pid, signal.SIGKILL)


def run_model(mutant, limit):
    """The model's tests with the mutant in the model's place."""
    name = mutant.name if mutant else "control"
    output = cache_dir() / "mutants" / "model"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    cmd = ["make", "--no-print-directory", "-C",
           REPO / "tools/testing/migrate_policy", f"OUTPUT={output}/"]
    if mutant:
        for file in MODEL_FILES:
            copy_file(REPO / file, output / "src" / file)
        apply_patch(mutant.path, output / "src")
        cmd.append(f"MM={output / 'src/mm'}")
    log = log_file(name, MODEL)
    if execute([*cmd, "all"], log, BUILD_LIMIT) != 0:
        raise HarnessError(f"{name} does not build; see {log}")
    status = execute([*cmd, "test"], log, limit)
    return judge(MODEL, status, read_text(log), limit)


def run_kernel(step, name, image, flavour, limit):
    """KUnit or a selftest with a kernel; once more if the emulator failed, of
    which no mutant is guilty."""
    log = log_file(name, step)
    for _ in range(2):
        status, text = run_step(step, log, image, flavour, limit)
        if EMULATOR_DIED not in text:
            return judge(step, status, text, limit)
    raise HarnessError(f"{step} did not work: {reason(text)}")


def run_step(step, log, image, flavour, limit):
    """The status of KUnit or of a selftest, and all that it said."""
    if step != KUNIT:
        status = execute([SCRIPTS / "selftests", "--flavour", flavour,
                          "--kernel", image, step], log, limit)
        return status, read_text(log)
    kernel_log = log.with_suffix(".kernel")
    kernel_log.write_text("", encoding="ascii")
    status = execute(
        [SCRIPTS / "boot", "--kernel", image, "--check-log", "--log",
         kernel_log, "--boot-timeout", limit, "--timeout", 30, "--append",
         "kunit.enable=1 kunit.filter_glob=migrate_*", "--", "true"],
        log, limit + 30)
    return status, read_text(log) + read_text(kernel_log)


def log_file(name, step):
    """Where a step's output goes."""
    folder = out_dir() / "mutants"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}.{step}.log"


def read_text(path):
    """A log, whatever bytes it has."""
    return path.read_text(encoding="utf-8", errors="replace")


def sources():
    """A digest of all that a result depends on besides the mutant itself."""
    listed = run(["git", "-C", REPO, "ls-files", "-co", "--exclude-standard",
                  "--", "mm", "include", "patches", "scripts/config",
                  "tools/testing"]).stdout.splitlines()
    total = hashlib.sha256()
    for name in sorted(set(listed)):
        path = REPO / name
        if path.is_file() and FOLDER not in path.parents:
            total.update(name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def key(mutant, base):
    """What a result is remembered by."""
    return hashlib.sha256(base.encode() + mutant.path.read_bytes()).hexdigest()
