# SPDX-License-Identifier: GPL-2.0-only
"""Read KTAP and TAP, strictly: what is not there counts as failed.

A stream may hold several documents one after another, nested subtests, kernel
log timestamps and other text. Results are counted at the leaves: a test with
subtests counts only if it fails while all of them pass.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

TIMESTAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[[^]]*\])? ?")
VERSION = re.compile(r"^(?:K?TAP version \d+)$")
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#.*)?$")
RESULT = re.compile(r"^(not )?ok +(\d+)\b(?:[ -]*)?([^#]*?)\s*"
                    r"(?:#\s*(.*))?$")
FIGURE = re.compile(r"^\s*# figure ([^:]+): (\d+)$", re.MULTILINE)
BAIL = re.compile(r"^Bail out!\s*(.*)")


@dataclass
class Test:
    """One leaf result."""
    name: str
    status: str             # passed, failed or skipped
    detail: str = ""


@dataclass
class Level:
    """One document, or the subtests of one test."""
    indent: int
    plan: int = -1
    seen: int = 0
    failed: bool = False
    tests: list = field(default_factory=list)


class Parser:
    """Feed lines in, take tests out."""

    def __init__(self):
        self.levels = []
        self.tests = []

    def feed(self, line):
        """Take one line of any text."""
        line = TIMESTAMP.sub("", line.rstrip("\r\n")).expandtabs()
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if text.startswith("#"):
            return
        plan, result = PLAN.match(text), RESULT.match(text)
        if VERSION.match(text):
            self._open(indent)
        elif plan:
            self._plan(indent, int(plan[1]))
        elif BAIL.match(text):
            self.tests.append(Test("bail out", "failed", BAIL.match(text)[1]))
        elif result:
            self._result(indent, result)

    def _level_of(self, indent):
        return next((level for level in self.levels
                     if level.indent == indent), None)

    def _open(self, indent):
        """A version line begins a document."""
        orphans = self._close_from(indent)
        if self.levels:
            self.levels[-1].tests += orphans
        self.levels.append(Level(indent))

    def _plan(self, indent, count):
        """A plan belongs to the document just begun, ends the one that had
        none, or begins one without a version line."""
        level = self._level_of(indent)
        if level is None or level.plan >= 0:
            self._open(indent)
            level = self.levels[-1]
        level.plan = count

    def _result(self, indent, found):
        children = self._close_from(indent + 1, in_test=True)
        level = self._level_of(indent)
        if level is None:
            # Its plan may come behind it; other text that looks like a
            # result is one that is missing somewhere.
            self._open(indent)
            level = self.levels[-1]
        level.seen += 1
        name = found[3] or f"test {found[2]}"
        directive = found[4] or ""
        if found[1]:
            status = "failed"
        elif re.match(r"skip", directive, re.IGNORECASE):
            status = "skipped"
        else:
            status = "passed"
        if children:
            # A skipped or passed parent says nothing that they do not.
            for test in children:
                test.name = f"{name}: {test.name}"
            if status == "failed" and not any(test.status == "failed"
                                              for test in children):
                children.append(Test(name, status, directive))
        else:
            children = [Test(name, status, directive)]
        level.tests += children

    def _close_from(self, indent, in_test=False):
        """End the documents at this indentation and deeper; the tests of
        nested ones are returned, those of the outermost kept."""
        orphans = []
        while self.levels and self.levels[-1].indent >= indent:
            level = self.levels.pop()
            level.tests += orphans
            self._check_plan(level, in_test)
            if level.indent == 0 or not self.levels:
                self.tests += level.tests
                orphans = []
            else:
                orphans = level.tests
        return orphans

    @staticmethod
    def _check_plan(level, in_test):
        """The plan was kept. KUnit's parameters have none, but are complete
        once their test itself has a result."""
        if level.plan < 0:
            if in_test and level.seen:
                return
            level.tests.append(Test("plan", "failed", "no plan was printed"))
        elif level.plan != level.seen:
            level.tests.append(Test(
                "plan", "failed",
                f"{level.plan} tests planned, {level.seen} reported"))

    def end(self):
        """The tests of the whole stream."""
        self._close_from(0)
        return self.tests


def parse(text):
    """The tests in a text."""
    parser = Parser()
    for line in text.splitlines():
        parser.feed(line)
    return parser.end()


def figures(text):
    """What the tests in a text say they have checked: the sum for each name."""
    sums = Counter()
    for name, value in FIGURE.findall(text):
        sums[name] += int(value)
    return sums


class Writer:
    """Print KTAP for a program's own checks."""

    def __init__(self, count):
        self.count = 0
        self.failures = 0
        print(f"KTAP version 1\n1..{count}", flush=True)

    def result(self, passed, name, detail=""):
        """One check; the detail of a failed one goes before it."""
        self.count += 1
        if not passed:
            self.failures += 1
            for line in detail.splitlines():
                print(f"# {line}")
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}",
              flush=True)
