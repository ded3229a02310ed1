#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
What trials are worth on the kernel that they run on: whether they find a
difference where there is none, whether they find one where there is, whether
calls are shared out as asked. For the guest of scripts/boot, which needs two
memory nodes. Usage: trial_check.py DIR [NAME...], DIR being where migratectl,
movers and shuffle are. Prints KTAP; figures are in its comments.
"""
import json
import math
import os
import subprocess
import tempfile
import time

import test_cli
from fake_tree import CONFIG
from test_cli import equal

REASON = "syscall_or_cpuset"
TRIALS = 20
# Of a normal distribution, beyond which 0.01% lies on both sides.
Z_9999 = 3.8906
HOLDER = f"/{CONFIG}/reasons/damon/trials/holder"


def hold():
    """While a trial is live, whichever it is, others that come and go change no
    code. The emulator in which these tests mostly run may trip over code that
    changes under load."""
    os.mkdir(HOLDER)
    with open(f"{HOLDER}/live", "w", encoding="ascii") as file:
        file.write("1")


class Load:
    """Memory that moves all the time, and the command."""

    def __init__(self):
        self.done("reset")
        hold()
        self.load = None
        self.start()

    def start(self, *args):
        """Or start it again, in another way."""
        if self.load:
            self.stop()
        self.load = subprocess.Popen([f"{test_cli.BUILD}/movers", *args])
        time.sleep(0.5)

    def stop(self):
        self.load.kill()
        self.load.wait()

    def remove(self):
        self.stop()
        os.rmdir(HOLDER)

    @staticmethod
    def done(*args, command="migratectl"):
        done = subprocess.run([f"{test_cli.BUILD}/{command}", *args],
                              capture_output=True, encoding="utf-8",
                              timeout=300, check=False)
        equal((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def trial(self, *args):
        """The arms by name, of a trial on the load."""
        out = self.done("trial", "run", "-J", "--output-all", "--reason",
                        REASON, *args)
        assert self.load.poll() is None
        equal(os.listdir(f"/{CONFIG}/reasons/{REASON}/trials"), [])
        return {arm["arm"]: arm for arm in json.loads(out)["arms"]}


def note(text):
    print(f"# {text}", flush=True)


def in_share(arms, name="inline"):
    """Whether the calls lie within the binomial 99.99% interval."""
    calls = sum(arm["calls"] for arm in arms.values())
    share = arms[name]["share"] / 100
    off = ((arms[name]["calls"] - calls * share) /
           math.sqrt(calls * share * (1 - share)))
    note(f"{name}: {arms[name]['calls']} of {calls} calls, share {share}: "
         f"{off:+.2f} standard deviations")
    return abs(off) <= Z_9999


def shuffle(load, arm, times, duration="5s"):
    """Records a trial and deals its calls out anew; what tests/shuffle.c says,
    and the arms."""
    with tempfile.TemporaryDirectory() as folder:
        arms = load.trial("--arm", arm, "--duration", duration,
                          "--record", f"{folder}/record")
        out = load.done(f"{folder}/record", str(times), command="shuffle")
    note(" ".join(out.split()))
    return {key: int(value) for key, value in
            (line.split() for line in out.splitlines())}, arms


def test_chance_alone(load):
    """Recorded calls, dealt out anew 10,000 times: false positives at the 5%
    level between 4% and 6%."""
    result, _ = shuffle(load, "inline", 10000)
    equal(result["times"], 10000)
    assert 400 <= result["differ"] <= 600, result


def test_no_difference(load):
    """Twenty trials of an arm that is like the control: at most four report a
    difference."""
    p_values = [load.trial("--arm", "inline", "--duration", "3s")
                ["inline"]["p_value"] for _ in range(TRIALS)]
    note(f"p: {sorted(p_values)}")
    assert sum(p < 0.05 for p in p_values) <= 4, p_values


def test_difference_is_found(load):
    """Twenty trials of an arm that loses a fifth of the time per page, and else
    is like the control, with as many calls as 99% power needs: at least
    nineteen report that it is slower. A trial looks every 50 ms whether it has
    them, which must not be far too late."""
    load.start("-p", "10")
    subprocess.run(["modprobe", "migrate_copy_test"], check=True)
    load.done("set", REASON, "backend=test", "min_pages=1")
    size, arms = shuffle(load, "test", 1, "15s")
    assert arms["control"]["engaged"] > 0.9, arms
    with open("/sys/module/migrate_copy_test/parameters/slow_ns", "w",
              encoding="ascii") as file:
        file.write(str(size["delay"]))
    trials = [load.trial("--arm", "slow", "--batches", str(size["needed"]))
              for _ in range(TRIALS)]
    load.done("reset")
    found = [" slower" in arms["slow"]["verdict"] for arms in trials]
    calls = [sum(arm["calls"] for arm in arms.values()) for arms in trials]
    note(f"{size['delay']} ns a page more: {sum(found)} of {TRIALS} trials "
         f"found it, with {min(calls)} to {max(calls)} calls of "
         f"{size['needed']}")
    note(f"control / slow: {sorted(arms['slow']['ratio'] for arms in trials)}")
    assert sum(found) >= 19, trials
    assert max(calls) < 1.5 * size["needed"], calls


def test_shares(load):
    """Calls are shared out as asked."""
    for share in (1, 10, 50, 90):
        assert in_share(load.trial("--arm", "inline", "--share", str(share),
                                   "--duration", "4s"))
    arms = load.trial("--arm", "inline,share=5,name=a", "--arm",
                      "inline,share=30,name=b", "--arm",
                      "inline,share=60,name=c", "--duration", "4s")
    for name in ("a", "b", "c", "control"):
        assert in_share(arms, name), name


if __name__ == "__main__":
    test_cli.main(globals(), Load)
