# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong in a kernel log, and which data races are this project's.

Every report of any other checker counts, whoever's function it names: on
this kernel, nothing but the project is new. KCSAN alone is judged, because
the stock kernel has data races by the dozen which nobody calls bugs: plain
accesses to flags and statistics, found wherever two CPUs are busy.

A data race counts

* if a frame of either stack is a function of the project's own object files:
  it made the access, or had it made (a copy, a list operation);
* if one of the two racing functions is one that the patches change: whatever
  the compiler inlined into it may be ours. Further up in a stack such a
  function means nothing: all that migrates goes through it;
* if the report cannot be read.

Any other race is between two accesses in code that is the same without the
project. It is counted and named, and fails nothing.
"""

import re
from collections import Counter
from difflib import SequenceMatcher

from .common import REPO, HarnessError, flavour_dir, run
from .series import STATE

STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[[^]]*\])? ?")
TITLE = re.compile(r"BUG: KCSAN: \S+ in (\S+)(?: \[\w+\])?(?: / (\S+))?")
FRAME = re.compile(r"^ *\??\s*([\w.]+)\+0x[0-9a-f]+/0x[0-9a-f]+"
                   r"(?: \[(\w+)\])?")
INTERRUPT = re.compile(r"asm_(?:sysvec_|common_interrupt)")
# All modules of this project have such names.
MODULE = "migrate_"
# With CONFIG_DEBUG_VM whoever asks for a flag of a folio reads there whether it
# is a tail page: in the word that holds folio->lru as well. So it races with
# everything that puts folios from one list on another.
TAIL_CHECKS = frozenset(("folio_flags", "const_folio_flags"))
# The lines of a report behind its title; what another CPU printed meanwhile
# does not look like that.
PART = re.compile(r" |(?:read|write|assert|race at|value changed)\b")
END = "Reported by Kernel Concurrency Sanitizer"
FUNCTION = re.compile(r"[A-Za-z_][^;=]*?\b(\w+)\(")

# A warning of the stock kernel: Documentation/mm/migrate_policy.rst, "Partially
# mapped meanwhile". The selftest torn_thp shows it.
TORN = "VM_WARN_ON_FOLIO(folio_test_partially_mapped(folio))"
TORN_AT = re.compile(r"WARNING: CPU: .* at deferred_split_folio\+")

# The code around the place of an oops: what is before it, and what is there.
CODE = re.compile(r"\bCode: ((?:[0-9a-f]{2} )*)<")
BREAKPOINT = "cc"
# What scripts/boot says of such an end; whoever ran it may try once more.
EMULATOR_DIED = "the emulator ran a breakpoint that is not in memory"

# What a healthy kernel never prints. The log is searched line by line.
SPLATS = re.compile(
    r"\bWARNING: |\bBUG: |\bOops\b|Kernel panic|general protection fault"
    r"|possible recursive locking|possible circular locking"
    r"|inconsistent lock state|suspicious RCU usage|INFO: task .* blocked"
    r"|rcu: INFO: .*stall|sleeping function called from invalid context"
    r"|Bad page state|Bad rss-counter|list_(add|del) corruption"
    r"|ODEBUG: |KASAN: |KCSAN: |UBSAN: |unable to handle|Call Trace:")


def log_lines(path):
    """The kernel log's lines."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def without_failures(lines):
    """Lines without the one that announces the stack of an allocation that
    failed: memory that a limit or a cpuset denies is no fault of the kernel."""
    failed = False
    for line in lines:
        failed |= "page allocation failure: " in line
        if failed and "Call Trace:" in line:
            failed = False
        else:
            yield line


def without_torn(lines):
    """Split a log's lines: how often the stock kernel warned of a huge page that
    was torn while it migrated, and the lines without those of such warnings
    that look like any warning's."""
    times, rest, dumped, warned = 0, [], False, False
    for line in lines:
        if dumped and TORN_AT.search(line):
            times, dumped, warned = times + 1, False, True
        elif warned and "Call Trace:" in line:
            warned = False
        else:
            dumped |= TORN in line
            rest.append(line)
    return times, rest


def suspicious(lines):
    """The lines of a log that a healthy kernel does not print."""
    return [line for line in without_failures(without_torn(lines)[1])
            if SPLATS.search(line)]


def emulator_died(lines):
    """Whether a kernel died of a breakpoint that its memory does not hold.

    A CPU of QEMU's that emulates beside others can run code as it was while
    the kernel changed it, after the kernel has made sure that no CPU does
    (seen with QEMU 7.2). The kernel then knows nothing of a breakpoint there,
    and there is none. No error of a kernel can look like that: it cannot
    execute what is not in memory.
    """
    for number, line in enumerate(lines):
        if "Oops: int3" in line:
            code = next(filter(None, map(CODE.search, lines[number:])), None)
            before = code[1].split() if code else []
            return bool(before) and before[-1] != BREAKPOINT
    return False


def plain(name):
    """A function's name in the source: no offset, no suffix of the
    compiler's."""
    return name.split("+")[0].split(".")[0]


def frames_of(report):
    """The frames of both stacks, as matches of FRAME. What an interrupt has
    interrupted had no part in what it did."""
    interrupted = False
    for line in report:
        found = FRAME.match(line)
        if not found:
            interrupted = False
        elif not interrupted:
            interrupted = bool(INTERRUPT.match(found[1]))
            yield found


class Owned:
    """The functions for which this project answers."""

    def __init__(self, own, changed):
        self.own = frozenset(own)
        self.changed = frozenset(changed)

    def has(self, report):
        """Whether a KCSAN report, a list of lines, is about our code."""
        title = TITLE.search(report[0])
        frames = list(frames_of(report))
        if not title or not frames:
            return True
        racing = {plain(name) for name in title.groups() if name}
        return (any(plain(found[1]) in self.own for found in frames)
                or any((found[2] or "").startswith(MODULE) for found in frames)
                or (racing.isdisjoint(TAIL_CHECKS)
                    and not racing.isdisjoint(self.changed)))


def functions_in(files):
    """How often nm finds each function in object files."""
    result = run(["nm", "--defined-only", *files])
    if result.returncode:
        raise HarnessError("nm does not read "
                           + " ".join(str(path) for path in files))
    words = [line.split() for line in result.stdout.splitlines()]
    return Counter(plain(name[2]) for name in words
                   if len(name) == 3 and name[1] in "tT")


def own_functions(build):
    """The functions of the project's object files in a build folder. Where the
    compiler does not inline one of a header, each file that calls it has it,
    and no report tells which: the function that called it is in the stack."""
    names = [path.relative_to(REPO).with_suffix(".o")
             for path in (REPO / "mm").rglob("*.c")]
    objects = [build / name for name in names if (build / name).exists()]
    if not objects:
        raise HarnessError(f"{build} has no objects of the project, by which "
                           "to judge data races")
    ours, every = functions_in(objects), functions_in([build / "vmlinux"])
    return {name for name, times in ours.items() if times == every[name]}


def changed_functions(before, after):
    """The functions of a C file's new text with lines that the old has not."""
    old, new = before.splitlines(), after.splitlines()
    where, name = [], None
    for line in new:
        found = FUNCTION.match(line)
        if found and not line.startswith(("#", "/")):
            name = found[1]
        where.append(name)
        if line.startswith("}"):
            name = None
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return {where[min(line, len(new) - 1)]
            for tag, _, _, first, last in changes if tag != "equal"
            for line in range(first, max(last, first + 1))} - {None}


def owned(flavour, tree):
    """The functions that count in a kernel of this flavour."""
    changed = set()
    for kept in (tree / STATE / "orig").rglob("*.c"):
        name = kept.relative_to(tree / STATE / "orig")
        changed |= changed_functions(kept.read_text(encoding="utf-8"),
                                     (tree / name).read_text(encoding="utf-8"))
    return Owned(own_functions(flavour_dir(flavour)), changed)


def races(lines):
    """Split a log's lines: the KCSAN reports, each a list of lines, and all
    other lines."""
    found, rest, report = [], [], None
    for line in lines:
        text = STAMP.sub("", line.rstrip())
        if TITLE.match(text):
            report = [text]
            found.append(report)
        elif text.startswith(END):
            report = None
        elif report is not None and PART.match(text):
            report.append(text)
        else:
            rest.append(line)
    return found, rest


def stock_races(reports, functions):
    """Take the reports that do not count out of a list: the others, and how
    often each of these was seen."""
    ours = [report for report in reports if functions.has(report)]
    stock = Counter(" / ".join(sorted(plain(name) for name in
                                      TITLE.search(report[0]).groups() if name))
                    for report in reports if report not in ours)
    return ours, stock
