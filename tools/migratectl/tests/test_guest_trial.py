#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Tests of migratectl trial on the kernel that it runs on, with memory that moves
all the time; trial_check.py has those that take long. For the guest of
scripts/boot, which needs two memory nodes. Usage: test_guest_trial.py DIR
[NAME...], DIR being where migratectl and movers are. Prints KTAP.
"""
import glob
import json
import os
import re
import signal
import subprocess
import time
import xml.dom.minidom

import test_cli
import test_guest
import trial_check
import tutorial
from fake_tree import CONFIG
from terminal import Terminal
from test_cli import REPO, contains, equal
from test_trial import janitor

REASON = trial_check.REASON
TRIALS = f"/{CONFIG}/reasons/{REASON}/trials"
STATE = "/run/migratectl/trial-*"
RUN = ("trial", "run", "--reason", REASON)
RECORD = ("trial", "record", "--reason", REASON, "--duration", "2s")

# The verdict on an arm that is like the control. At the 5% level one in twenty
# of them seems to differ; how many do is what trial_check.py counts.
LIKE_CONTROL = (r"(?:: no difference can be seen with [^\n]*"
                r"| is (?:[\d.]+x )?(?:faster|slower)[^\n]*, p [<=] [\d.]+)")


def write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(value)


class Kernel(test_guest.Kernel):
    """The running kernel under load."""

    def __init__(self):
        super().__init__()
        subprocess.run(["modprobe", "migrate_copy_test"], check=True)
        self.slow(0)
        trial_check.hold()
        self.load = subprocess.Popen([f"{test_cli.BUILD}/movers"])

    def remove(self):
        self.idle()
        super().remove()

    def idle(self):
        """Neither load nor trials any more, in this order."""
        self.load.kill()
        self.load.wait()
        for path in (*glob.glob(f"{TRIALS}/*"), *glob.glob(trial_check.HOLDER)):
            os.rmdir(path)

    @staticmethod
    def slow(lost):
        """So many ns a page does backend slow take longer than test."""
        write("/sys/module/migrate_copy_test/parameters/slow_ns", str(lost))

    @staticmethod
    def start(*args):
        return subprocess.Popen(
            [f"{test_cli.BUILD}/migratectl", *args], encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    @staticmethod
    def make_trial(name, share, **values):
        """As an administrator would, by hand."""
        os.mkdir(f"{TRIALS}/{name}")
        for key, value in {**values, "share": share, "live": 1}.items():
            write(f"{TRIALS}/{name}/{key}", str(value))

    @staticmethod
    def trials():
        return sorted(os.listdir(TRIALS))

    def live(self):
        return [name for name in self.trials()
                if self.get(f"{TRIALS}/{name}/live".lstrip("/")) == "1"]

    def calls(self, name):
        """That were drawn for a trial."""
        summary = self.get(f"{TRIALS}/{name}/results/summary".lstrip("/"))
        return int(re.search(r"^calls (\d+)", summary, re.M)[1])

    @staticmethod
    def wait(condition):
        for _ in range(600):
            if condition():
                return
            time.sleep(0.1)
        raise AssertionError("waited in vain")

    def nothing_left(self):
        equal(self.trials(), [])
        equal(glob.glob(STATE), [])


def arms_of(text):
    return {arm["arm"]: arm for arm in json.loads(text)["arms"]}


def test_duration(kernel):
    """Shares are kept to, the backend copies, and all is as before."""
    before = kernel.settings()
    start = time.monotonic()
    arms = arms_of(kernel.done(
        *RUN, "--arm", "inline", "--arm", "mt,workers=1,min_pages=1,share=10",
        "--share", "40", "--duration", "5s", "-J", "--output-all"))
    assert time.monotonic() - start >= 5
    equal(list(arms), ["control", "inline", "mt"])
    for name, share in (("control", 50), ("inline", 40), ("mt", 10)):
        equal(arms[name]["share"], share)
        assert arms[name]["calls"] > 10, arms
        assert trial_check.in_share(arms, name), arms
        assert arms[name]["cut_p50_low"] <= arms[name]["cut_p50_high"], arms
    assert arms["mt"]["engaged"] > 0.9, arms
    equal(arms["inline"]["engaged"], None)
    kernel.nothing_left()
    equal(kernel.settings(), before)


def test_batches_plot_and_profile(kernel):
    """What is faster becomes a profile."""
    kernel.slow(20000)
    kernel.done("set", REASON, "backend=slow", "min_pages=1")
    out = kernel.done(*RUN, "--arm", "mt,workers=1", "--batches", "300",
                      "--plot", "/tmp/plot.svg", "--save-best", "moves")
    assert re.search(r"\n\nmt is \d[\d.]*x faster, p < 0\.001\n$", out), out
    calls = sum(map(int, re.findall(r"^(?:control|mt) +(\d+) ", out, re.M)))
    assert 300 <= calls < 600, out
    equal(xml.dom.minidom.parse("/tmp/plot.svg").documentElement.tagName,
          "svg")
    kernel.done("profile", "apply", "moves")
    kernel.done("profile", "check", "moves")
    equal([kernel.get(f"{CONFIG}/reasons/{REASON}/{key}")
           for key in ("backend", "workers", "min_pages")], ["mt", "1", "1"])


def test_guard(kernel):
    """An arm that is worse gets no more calls while the trial goes on."""
    kernel.slow(20000)
    kernel.done("set", REASON, "backend=test", "min_pages=1")
    process = kernel.start(*RUN, "--arm", "slow", "--arm", "test", "--duration",
                           "8s", "--stop-if-worse", "10%", "-J")
    kernel.wait(lambda: len(kernel.live()) == 2)
    kernel.wait(lambda: len(kernel.live()) == 1)
    other, = kernel.live()
    bad, = set(kernel.trials()) - {other}
    before = kernel.calls(bad), kernel.calls(other)
    time.sleep(1)
    after = kernel.calls(bad), kernel.calls(other)
    equal(process.poll(), None)
    equal((other.endswith("-test"), after[0], after[1] > before[1]),
          (True, before[0], True))
    out, err = process.communicate(timeout=60)
    equal(process.returncode, 0)
    assert re.fullmatch(r"migratectl: slow: surely worse than the control by "
                        r"more than 10%; switched off after [1-6] s\n", err)
    arms = arms_of(out)
    assert re.fullmatch(r"slow is \d[\d.]*x slower, p < 0\.001; switched off "
                        r"after [1-6] s", arms["slow"]["verdict"]), arms
    # What it was drawn for between the last look and its end is left out.
    assert 0 < arms["slow"]["calls"] <= after[0], arms
    assert "switched off" not in arms["test"]["verdict"], arms
    kernel.nothing_left()


def test_never_ran(kernel):
    """A difference cannot be told where the backend did not copy."""
    out = kernel.done(*RUN, "--arm", "mt,min_pages=65,share=30", "--arm",
                      "mt,min_pages=1,name=ran,share=30", "--duration", "2s")
    contains(out, "\nmt never ran: backend mt copied 0.0% of its pages\n")
    assert "ran never ran" not in out, out


def test_interrupted(kernel):
    """There is a report, and nothing is left."""
    process = kernel.start(*RUN, "--arm", "inline", "--duration", "10m")
    kernel.wait(kernel.live)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    equal(process.returncode, 1)
    assert re.fullmatch(r"migratectl: trial run: interrupted after \d s\n",
                        err), err
    assert re.search(rf"\ninline{LIKE_CONTROL}\n", out), out
    kernel.nothing_left()


def test_killed(kernel):
    """The janitor does what the program could not."""
    process = kernel.start(*RUN, "--arm", "mt", "--arm", "inline")
    kernel.wait(lambda: len(kernel.live()) == 2)
    process.kill()
    process.communicate(timeout=60)
    kernel.wait(lambda: not kernel.trials() and not glob.glob(STATE))


def test_clean(kernel):
    """If both were killed, exactly what they left is removed."""
    kernel.make_trial("mine", 10)
    kernel.make_trial("migratectl-1-mt", 10)
    killed = kernel.start(*RUN, "--arm", "mt", "--share", "10")
    kernel.wait(lambda: len(kernel.live()) == 3)
    other = kernel.start(*RUN, "--arm", "inline", "--share", "10")
    kernel.wait(lambda: len(kernel.live()) == 4)
    os.kill(janitor(killed), signal.SIGKILL)
    killed.kill()
    killed.communicate(timeout=60)
    equal(len(kernel.live()), 4)
    result = kernel.run("trial", "clean")
    equal((result.returncode, result.stdout, result.stderr),
          (0, "", f"migratectl: the trial of process {other.pid} is running; "
                  "it is left alone\nmigratectl: 1 trial was removed\n"))
    equal(kernel.live(), ["migratectl-1-mt", f"migratectl-{other.pid}-inline",
                          "mine"])
    other.terminate()
    other.communicate(timeout=60)
    equal(kernel.live(), ["migratectl-1-mt", "mine"])
    equal(glob.glob(STATE), [])


def test_record_and_report(kernel):
    """Of several files: what differs in one and not in the other."""
    kernel.done("set", REASON, "backend=test", "min_pages=1")
    kernel.make_trial("mine", 50, backend="slow")
    kernel.done(*RECORD, "-o", "/tmp/one")
    kernel.slow(20000)
    kernel.done(*RECORD, "-o", "/tmp/two")
    equal(kernel.live(), ["mine"])
    out = kernel.done("trial", "report", "/tmp/one", "/tmp/two")
    assert re.search(rf"\n/tmp/one: mine{LIKE_CONTROL}\n"
                     r"/tmp/two: mine is \d[\d.]*x slower, p < 0\.001\n"
                     r"mine: [\d.]+x in /tmp/one, [\d.]+x in /tmp/two: "
                     r"they differ, p < 0\.001\n$", out), out
    contains(kernel.done(*RECORD), "\narm mine\nshare 50\n")


def test_watch(kernel):
    """Arms appear with the trial and go with it, and count."""
    with Terminal([f"{test_cli.BUILD}/migratectl", "watch", "--interval",
                   "0.5"], 100, 40, TERM="vt100", LC_ALL="C") as terminal:
        terminal.wait_for(lambda t: "holder" in t.text())
        assert f"{REASON} control" not in terminal.text(), terminal.text()
        process = kernel.start(*RUN, "--arm", "mt,min_pages=1", "--duration",
                               "6s")
        # The control has no share of its own.
        for name in ("control", f"migratectl-{process.pid}-mt +50"):
            terminal.wait_for(lambda t, name=name: re.search(
                rf"{REASON} +{name} +[1-9]", t.text()))
        # A trial counts: nobody may say that nothing is counted.
        assert "counted" not in terminal.seen, terminal.seen
        process.communicate(timeout=60)
        equal(process.returncode, 0)
        terminal.wait_for(lambda t: f"{REASON} control" not in t.text())
        terminal.send(b"q")
        equal(terminal.wait_exit(), 0)


def test_what_the_kernel_refuses(kernel):
    """Of two arms the second one is wrong: the first is gone, too."""
    for arm, text in (("mt,batch_size=0", "batch_size=0: out of range"),
                      ("nosuch", "backend=nosuch: "),
                      ("mt,workers=x", "workers=x: ")):
        result = kernel.run(*RUN, "--arm", "inline", "--arm", arm)
        equal((result.returncode, result.stdout), (1, ""))
        contains(result.stderr, text)
        kernel.nothing_left()
    kernel.make_trial("mine", 60)
    kernel.fails(1, f"{REASON}: the shares of all its trials together are "
                    "above 100 percent; see 'trial list'",
                 args=(*RUN, "--arm", "mt", "--share", "50"))
    contains(kernel.done("trial", "list"), "mine")
    equal(kernel.live(), ["mine"])


def test_tutorial(kernel):
    """Every command of it, and what it prints."""
    kernel.idle()
    os.environ["PATH"] = f"{test_cli.BUILD}:{os.environ['PATH']}"
    with open(f"{REPO}/Documentation/admin-guide/mm/migrate_policy.rst",
              encoding="utf-8") as file:
        differ = tutorial.run(file.read(), tutorial.TITLE)
    assert not differ, "\n\n".join(differ)


if __name__ == "__main__":
    test_cli.main(globals(), Kernel)
