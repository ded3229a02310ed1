# SPDX-License-Identifier: GPL-2.0-only
"""Compare the results of the same tests in two kernels.

The kernel's own tests print their results in several ways, and not all of
them pass everywhere. What counts is that they end alike: each result of the
kernel under test must be one that the kernel without the layer shows, too, in
at least one of its runs, and a test that passes there at least once must pass
here at least once.
"""

import re
from dataclasses import dataclass, field

RESULT = re.compile(r"^[#\s]*(not )?ok (\d+)\b[ -]*([^#]*?)\s*"
                    r"(?:#\s*(\w+).*)?$")
TESTING = re.compile(r"^Testing (.+?)\.\.\. (done|skipped|failed)\b")
TESTING_SAYS = {"done": "passed", "skipped": "skipped", "failed": "failed"}
# khugepaged's way: a headline, then steps, each with a word in colour.
HEADLINE = re.compile(r"^Run test: (.+)$")
STEP = re.compile(r"\x1b\[\d+m(Fail|Skip)")
STEP_SAYS = {"Fail": "failed", "Skip": "skipped"}
DIRECTIVES = ("SKIP", "XFAIL")
ENDED = re.compile(r"^# program (\S+) ended with status (\d+)$", re.MULTILINE)
BEGUN = re.compile(r"^# program (\S+)$", re.MULTILINE)
# 124 is timeout(1)'s: some go on for longer than an emulated machine is given.
EXITS = {0: "passed", 4: "skipped", 124: "stopped"}
EXIT = "its end"


def general(name):
    """A result's name without what differs from run to run."""
    return re.sub(r"0x[0-9a-f]+|\d+", "N", name).strip()


def results(text, status):
    """What one program said and how it ended: {name: passed, failed, skipped
    or stopped}. Those with the same name are numbered."""
    found, latest = {}, None
    for line in text.splitlines():
        verdict, name = result(line)
        step = STEP.search(line)
        if name:
            number = sum(key.split("@")[0] == name for key in found)
            latest = f"{name}@{number}" if number else name
            found[latest] = verdict
        elif step and latest:
            found[latest] = STEP_SAYS[step[1]]
    found[EXIT] = EXITS.get(status, "failed")
    return found


def result(line):
    """The result in a line: a verdict and a name, or None twice."""
    told, testing = RESULT.match(line), TESTING.match(line)
    headline = HEADLINE.match(line)
    if told:
        skipped = told[4] in DIRECTIVES and not told[1]
        verdict = ("skipped" if skipped else "failed" if told[1]
                   else "passed")
        return verdict, f"{told[2]} {general(told[3])}"
    if testing:
        return TESTING_SAYS[testing[2]], testing[1]
    return ("passed", headline[1]) if headline else (None, None)


def programs(output):
    """Split a guest's output at its marks: (program, its results) for each
    run. One that has no end took the kernel with it, or never began."""
    parts = BEGUN.split(output)
    found = []
    for name, text in zip(parts[1::2], parts[2::2]):
        ended = ENDED.search(text)
        if ended:
            found.append((name, results(text[:ended.start()],
                                        int(ended[2]))))
    return found


@dataclass
class Outcome:
    """All results of one program, in both kernels: a list of runs each."""
    stock: list = field(default_factory=list)
    ours: list = field(default_factory=list)

    def names(self):
        """Every result's name, in order of appearance."""
        return dict.fromkeys(name for run in self.stock + self.ours
                             for name in run)

    def differences(self):
        """What has no counterpart: a list of (name, stock's, ours)."""
        found = []
        for name in self.names():
            stock = [run.get(name, "absent") for run in self.stock]
            ours = [run.get(name, "absent") for run in self.ours]
            if (set(ours) - set(stock)
                    or "passed" in stock and "passed" not in ours):
                found.append((name, stock, ours))
        return found

    def told(self):
        """Whether anything has passed in either kernel, so that the tests
        tell something about it."""
        return all(any(word in ("passed", "stopped") for run in runs
                       for word in run.values())
                   for runs in (self.stock, self.ours))

    def unsteady(self):
        """The results that differ among the runs of the stock kernel."""
        return [name for name in self.names()
                if len({run.get(name) for run in self.stock}) > 1]

    def summary(self):
        """How many results of the last run there are of each kind."""
        run = self.ours[-1] if self.ours else {}
        words = list(run.values())
        return ", ".join(f"{words.count(word)} {word}"
                         for word in ("passed", "failed", "skipped", "stopped")
                         if word in words)
