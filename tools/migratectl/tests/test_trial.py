#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Tests of the trial commands, built with ASAN and UBSAN, on fake trees with a
kernel that counts (fake_trials.py). Usage: test_trial.py DIR [NAME...], DIR
being where migratectl-trial is. Prints KTAP.
"""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import time
import xml.dom.minidom

import test_cli
import tutorial
from fake_tree import CONFIG
from fake_trials import Kernel, prepare
from terminal import Terminal
from test_cli import SANITIZER, Result, contains, equal

RUN = ("trial", "run", "--reason", "demotion")
STATE = "run/migratectl/trial-*"


class Tree(test_cli.Tree):
    """A fake tree with trials."""

    def __init__(self):
        super().__init__()
        prepare(self.root)

    def command(self, *args):
        return [f"{test_cli.BUILD}/migratectl-trial", "--root", self.root,
                *args]

    def environment(self, **more):
        return {**SANITIZER, "LC_ALL": "C", "PATH": os.environ["PATH"], **more}

    def run(self, *args, fake=None, fault=None, stdout=subprocess.PIPE, **_):
        env = self.environment()
        if fake:
            env["FAKE_TRIALS"] = fake
        if fault:
            env["MPOL_FAULT"] = fault
        done = subprocess.run(
            self.command(*args), env=env, stdin=subprocess.DEVNULL,
            stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8",
            timeout=120, check=False)
        result = Result(done.returncode, done.stdout, done.stderr)
        assert result.status != 99 and result.status >= 0, result
        return result

    def start(self, *args):
        return subprocess.Popen(
            self.command(*args), env=self.environment(), encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def trials(self, reason="demotion"):
        return sorted(os.listdir(self.path(f"{CONFIG}/reasons/{reason}/trials")))

    def live(self):
        """Paths of the trials that calls go to."""
        return [path for path in
                glob.glob(self.path(f"{CONFIG}/reasons/*/trials/*"))
                if os.path.exists(f"{path}/live") and
                open(f"{path}/live", encoding="ascii").read() == "1\n"]

    def wait(self, condition):
        for _ in range(3000):
            if condition():
                return
            time.sleep(0.02)
        raise AssertionError("waited in vain")

    def make_trial(self, name, reason="demotion", **values):
        """As an administrator would, by hand."""
        base = f"{CONFIG}/reasons/{reason}"
        path = f"{base}/trials/{name}"
        for key in ("backend", "batch_size", "min_pages", "workers",
                    "classes", "strict"):
            self.write(f"{path}/{key}", self.read(f"{base}/{key}").strip())
        for key, value in {"share": 30, "live": 1, **values}.items():
            self.write(f"{path}/{key}", str(value))
        for name in ("summary", "hist_page_ns", "hist_cut_ns",
                     "hist_first_ns", "hist_away_ns"):
            full = self.path(f"{path}/results/{name}")
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="ascii"):
                pass

    def nothing_left(self):
        equal(self.trials(), [])
        equal(glob.glob(self.path(STATE)), [])


def rows(text):
    return {row["arm"]: row for row in json.loads(text)["arms"]}


# statistics and words, from files

def histogram(word, hist):
    return "".join(f"{word} {lower} {count}\n"
                   for lower, count in hist.items())


def record(tree, name, *arms, reason="demotion", slices=True):
    """A file as trial record writes it; an arm is (name, backend, {bucket:
    calls}), and maybe the engaged share."""
    text = f"migratectl-trial 1\nreason {reason}\nmachine a machine\nns 10000000000\n"
    for arm, backend, hist, *engaged in arms:
        calls = sum(hist.values())
        ns = sum(lower * count for lower, count in hist.items())
        text += (f"arm {arm}\nshare {100 // len(arms)}\n"
                 f"set backend {backend}\nset batch_size 512\n"
                 f"summary calls {calls}\nsummary cuts {calls}\n"
                 f"summary succeeded {64 * calls}\nsummary cut_ns {64 * ns}\n"
                 "summary engaged_pages "
                 f"{int(64 * calls * (engaged or [backend != 'inline'])[0])}\n")
        text += histogram("hist_page_ns", hist)
        text += histogram("hist_cut_ns", {64 * lower: count
                                          for lower, count in hist.items()})
        for _ in range(10 if slices else 0):
            text += f"slice {calls // 10} {64 * calls // 10} {64 * ns // 10}\n"
    tree.write(name, text.rstrip("\n"))
    return tree.path(name)


BASE = {1024: 200, 1280: 500, 1536: 200, 4096: 100}
FAST = {512: 200, 640: 500, 768: 200, 2048: 100}


def test_report_faster(tree):
    path = record(tree, "one", ("control", "inline", BASE), ("mt", "mt", FAST))
    shutil.rmtree(tree.path("sys"))
    out = tree.done("trial", "report", path)
    equal(out.splitlines()[-1], "mt is 2.0x faster, p < 0.001")
    equal(out.split("\n")[0].split(),
          ["ARM", "CALLS", "RATE", "RATIO", "P_VALUE", "PAGE_P50", "AWAY_P99"])
    arm = rows(tree.done("trial", "report", "-J", path))["mt"]
    equal(arm["ratio"], 2.0)
    assert arm["ratio_low"] < 2 < arm["ratio_high"], arm
    assert arm["p_value"] < 1e-100, arm
    equal(arm["verdict"], "mt is 2.0x faster, p < 0.001")
    ns = sum(lower * count for lower, count in FAST.items()) / 1000
    rate = os.sysconf("SC_PAGE_SIZE") * 1e9 / ns
    assert abs(arm["rate"] / rate - 1) < 1e-6, arm


def test_report_slower(tree):
    path = record(tree, "one", ("control", "inline", FAST), ("mt", "mt", BASE))
    equal(tree.done("trial", "report", path).splitlines()[-1],
          "mt is 2.0x slower, p < 0.001")


def test_report_small_difference(tree):
    path = record(tree, "one",
                  ("control", "inline", {1024: 10000, 1280: 10000}),
                  ("mt", "mt", {1024: 11000, 1280: 9000}))
    equal(tree.done("trial", "report", path).splitlines()[-1],
          "mt is 1.010x faster, p < 0.001")


def test_report_faster_but_not_on_average(tree):
    path = record(tree, "one", ("control", "inline", {1280: 1000}),
                  ("mt", "mt", {1024: 900, 1 << 30: 100}))
    equal(tree.done("trial", "report", path).splitlines()[-1],
          "mt is faster in most calls, but not on average, p < 0.001")


def test_report_undecided(tree):
    path = record(tree, "one",
                  ("control", "inline", {1024: 20, 1280: 40, 4096: 3}),
                  ("mt", "mt", {1024: 20, 1280: 41, 4096: 3}))
    last = tree.done("trial", "report", path).splitlines()[-1]
    match = re.fullmatch(r"mt: no difference can be seen with 127 calls; "
                         r"about (\d+) would be needed for one of 5%, "
                         r"(\d+) s like these", last)
    assert match, last
    needed, seconds = map(int, match.groups())
    assert 127 < needed < 20000, last
    assert abs(seconds - needed / 127 * 10) <= 1, last
    many = {key: 100 * value for key, value in BASE.items()}
    path = record(tree, "two", ("control", "inline", many),
                  ("mt", "mt", many))
    equal(tree.done("trial", "report", path).splitlines()[-1],
          "mt: no difference can be seen with 200000 calls, and one of 5% "
          "most likely would have been")


def test_report_never_ran(tree):
    path = record(tree, "one", ("control", "mt", BASE, 0.01),
                  ("mt", "mt", FAST, 0.04), ("inline", "inline", {}),
                  ("mt-2", "mt", FAST, 0.06))
    lines = tree.done("trial", "report", path).splitlines()
    equal(lines[-4:], ["control: its backend mt copied 1.0% of its pages",
                       "mt never ran: backend mt copied 4.0% of its pages",
                       "inline never ran: no call was drawn for it",
                       "mt-2 is 2.0x faster, p < 0.001"])
    path = record(tree, "two", ("control", "inline", {}), ("mt", "mt", FAST))
    lines = tree.done("trial", "report", path).splitlines()
    equal(lines[-2:], ["control never ran: no call was left to it",
                       "mt: no difference can be seen with 1000 calls"])


def test_report_corrects_for_several_arms(tree):
    """p of the best of four is multiplied by four."""
    other = {**BASE, 1280: 430, 1536: 270}
    one = record(tree, "one", ("control", "inline", BASE),
                 ("mt", "mt", other))
    four = record(tree, "four", ("control", "inline", BASE),
                  ("mt", "mt", other), ("a", "inline", BASE),
                  ("b", "inline", BASE), ("c", "inline", BASE))
    p = [rows(tree.done("trial", "report", "-J", path))["mt"]["p_value"]
         for path in (one, four)]
    assert 0.01 < p[0] < 0.05 < p[1], p
    assert abs(p[1] - 4 * p[0]) < 0.003, p


def test_report_several_files(tree):
    first = record(tree, "a", ("control", "inline", BASE), ("mt", "mt", FAST))
    same = record(tree, "b", ("control", "inline", BASE), ("mt", "mt", FAST))
    other = record(tree, "c", ("control", "inline", BASE), ("mt", "mt", BASE),
                   ("dma", "dma", FAST))
    out = tree.done("trial", "report", first, same, other)
    equal(out.splitlines()[-2:], [
        f"mt: 2.00x in {first}, 2.00x in {same}: no difference of the two "
        "can be seen, p = 1.000",
        f"mt: 2.00x in {first}, 1.00x in {other}: they differ, p < 0.001"])
    contains(out, f"\n{first}: mt is 2.0x faster, p < 0.001\n")
    arms = json.loads(tree.done("trial", "report", "-J", first, same,
                                other))["arms"]
    equal([(row["file"], row["arm"], row["p_files"] is None) for row in arms],
          [(first, "control", True), (first, "mt", True),
           (same, "control", True), (same, "mt", False),
           (other, "control", True), (other, "mt", False),
           (other, "dma", True)])


def test_report_seed(tree):
    path = record(tree, "one", ("control", "inline", BASE), ("mt", "mt", FAST))

    def report(*args):
        return tree.done("trial", "report", "-J", path, *args)
    equal(report(), report("--seed", "1"))
    assert report("--seed", "2") != report()


def test_report_output(tree):
    path = record(tree, "one", ("control", "inline", BASE), ("mt", "mt", FAST))
    equal(tree.done("trial", "report", "-rn", "-o",
                    "ARM,CALLS,RATIO,ENGAGED,SHARE,BACKEND,REASON", path),
          "control 1000 - - 50 inline demotion\n"
          "mt 1000 2.000 100% 50 mt demotion\n")
    every = rows(tree.done("trial", "report", "-J", "--output-all", path))
    equal(len(every["mt"]), 59)
    for prefix in ("page", "cut"):
        for quantile in ("p50", "p90", "p99"):
            name = f"{prefix}_{quantile}"
            assert (every["mt"][f"{name}_low"] <= every["mt"][name] <=
                    every["mt"][f"{name}_high"]), name
    # Without slices there is a rate, but no interval of it.
    path = record(tree, "two", ("control", "inline", BASE), ("mt", "mt", FAST),
                  slices=False)
    row = rows(tree.done("trial", "report", "-J", path))["mt"]
    equal((row["rate"], row["rate_low"]), (None, None))


def test_report_fits(tree):
    slow = {lower << 20: count for lower, count in BASE.items()}
    path = record(tree, "one", ("control", "inline", slow),
                  ("thirteen-lett", "mt", slow), ("mt", "mt", BASE))
    for columns, more in ((80, False), (120, True), (160, True)):
        out = test_cli.on_terminal(tree, columns, "trial", "report", path)
        lines = out.split("\n\n")[0].splitlines()
        lines = [re.sub(r"\033\[\d*m", "", line) for line in lines]
        assert max(map(len, lines)) <= columns, out
        equal("ENGAGED" in lines[0], more)
    # What differs is bold, the lines of a range with it.
    bold = [line for line in out.splitlines() if "\033[1m" in line]
    equal([line for line in bold if "control" in line or "thirteen" in line],
          [])
    assert bold, out


def test_report_errors(tree):
    hint = {"hint": "migratectl help trial report"}
    tree.misused("trial report: which file?", "trial", "report", **hint)
    tree.misused("--seed: 'x' is not a number", "trial", "report", "--seed",
                 "x", "f", **hint)
    tree.misused("trial report: 'a/b' cannot be the name of a profile",
                 "trial", "report", "--save-best", "a/b", "f", **hint)
    tree.fails(1, "/nowhere: No such file or directory",
               args=["trial", "report", "/nowhere"])
    good = open(record(tree, "one", ("control", "inline", BASE),
                       ("mt", "mt", FAST)), encoding="ascii").read()
    lines = good.splitlines()
    for line, number in (("nonsense", 1), ("share x", 6), ("share 101", 6),
                         ("", 3), ("word 1", 5), ("set x", 7),
                         ("summary calls", 9), ("hist_page_ns 1025 1", 14),
                         ("hist_cut_ns 1", 14), ("hist_first_ns x y", 14),
                         ("hist_away_ns 1024 -1", 14), ("slice 1 2", 22),
                         ("slice 1 2 3 4", 22), ("stopped_ns", 8),
                         ("against 1 1x", 8), ("arm ", 5), ("share 1", 3),
                         ("reason ", 2), ("ns 1e9", 4),
                         ("arm " + 40 * "x", 5)):
        changed = lines[:number - 1] + [line] + lines[number:]
        tree.write("bad", "\n".join(changed))
        path = tree.path("bad")
        tree.fails(1, f"{path}:{number}: not what 'trial record' writes: "
                      f"'{line[:40]}'", args=["trial", "report", path])
    tree.write("bad", "\n".join(lines[:12]))
    tree.fails(1, f"{tree.path('bad')}: not a whole trial: a reason, its "
                  "time, the control and an arm are needed",
               args=["trial", "report", tree.path("bad")])
    tree.write("bad", good + "slice 1 1 1\n" * 60)
    contains(tree.run("trial", "report", tree.path("bad")).err,
             "not what 'trial record' writes: 'slice 1 1 1'")
    os.mkdir(tree.path("dir"))
    contains(tree.run("trial", "report", tree.path("dir")).err,
             "Is a directory")


def test_report_of_a_stopped_arm(tree):
    """It is compared with the control of its own time."""
    path = record(tree, "one", ("control", "inline", FAST), ("mt", "mt", BASE))
    with open(path, encoding="ascii") as file:
        head, tail = file.read().split("arm mt\n")
    tree.write("two", head + "arm mt\nstopped_ns 2000000000\n" + tail +
               histogram("against", BASE).rstrip("\n"))
    last = tree.done("trial", "report", tree.path("two")).splitlines()[-1]
    contains(last, "no difference can be seen with 2000 calls")
    contains(last, "; switched off after 2 s")


def shuffle(path, times):
    """What tests/shuffle.c says of a record."""
    done = subprocess.run([f"{test_cli.BUILD}/shuffle", path, str(times)],
                          capture_output=True, encoding="ascii", timeout=300,
                          check=False)
    equal((done.returncode, done.stderr), (0, ""))
    return {key: int(value) for key, value in
            (line.split() for line in done.stdout.splitlines())}


def test_chance_alone(tree):
    """Calls that are dealt out anew differ in 5% of all cases. Here with few
    calls and few times; trial_check.py does it with those of a kernel."""
    few = {key: value // 5 for key, value in BASE.items()}
    path = record(tree, "one", ("control", "inline", BASE),
                  ("mt", "mt", few))
    result = shuffle(path, 2000)
    equal(result["calls"], 1200)
    # 5% of 2000, and what a binomial may be off with 99.99%
    assert 64 <= result["differ"] <= 140, result
    assert 50 < result["needed"] < 1000, result
    for args in ((), ("/nowhere", "1"),
                 (record(tree, "none", ("control", "inline", {}),
                         ("mt", "mt", {})), "1")):
        done = subprocess.run([f"{test_cli.BUILD}/shuffle", *args], check=False,
                              stderr=subprocess.DEVNULL, timeout=60)
        assert done.returncode in (1, 2), done


# plots and profiles

def test_plot(tree):
    first = record(tree, "a", ("control", "inline", BASE), ("mt", "mt", FAST),
                   ("none", "inline", {}))
    second = record(tree, "b", ("control", "inline", BASE), ("mt", "mt", FAST))
    plot = tree.path("plot.svg")
    tree.done("trial", "report", first, second, "--plot", plot)
    text = xml.dom.minidom.parse(plot).documentElement
    equal(text.tagName, "svg")
    words = " ".join(node.firstChild.data.strip() for node in
                     text.getElementsByTagName("tspan") + [
                         node for node in text.getElementsByTagName("text")
                         if node.firstChild and node.firstChild.nodeType == 3]
                     if node.firstChild)
    for word in ("demotion, 10 s", "a:mt", "b:mt", "a:control"):
        contains(words, word)
    contains(tree.run("trial", "report", first, "--plot", "/nowhere/x").err,
             "/nowhere/x: cannot be created")


def test_plot_without_gnuplot(tree):
    path = record(tree, "one", ("control", "inline", BASE), ("mt", "mt", FAST))
    os.mkdir(tree.path("empty"))
    os.mkdir(tree.path("broken"))
    with open(tree.path("broken/gnuplot"), "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexit 3\n")
    os.chmod(tree.path("broken/gnuplot"), 0o755)
    for folder, words in (("empty", "gnuplot is not installed"),
                          ("broken", "gnuplot failed")):
        for args in (("trial", "report", path),
                     (*RUN, "--arm", "mt", "--duration", "60s")):
            done = subprocess.run(
                tree.command(*args, "--plot", tree.path("x.svg")),
                env=tree.environment(PATH=tree.path(folder)), timeout=60,
                capture_output=True, encoding="utf-8", check=False)
            equal((done.returncode, done.stdout, done.stderr),
                  (1, "", f"migratectl: --plot: {words}\n"))
    assert not os.path.exists(tree.path("x.svg"))


def test_save_best(tree):
    faster = {lower // 2: count for lower, count in FAST.items()}
    path = record(tree, "one", ("control", "inline", BASE), ("mt", "mt", FAST),
                  ("dma", "dma", faster), ("never", "mt", {1: 1000}, 0))
    tree.done("trial", "report", path, "--save-best", "fast")
    profile = tree.read("etc/migratectl/profiles/fast.conf")
    contains(profile, "\n[demotion]\nbackend = dma\nbatch_size = 512\n")
    contains(profile, "# dma is 4.0x faster, p < 0.001\n")
    assert max(map(len, profile.splitlines())) < 197
    contains(tree.done("profile", "list"), "fast")
    result = tree.run("trial", "report", path, "--save-best", "fast")
    equal(result.status, 1)
    contains(result.err, "profiles/fast.conf: cannot be created: File exists")
    path = record(tree, "two", ("control", "inline", BASE),
                  ("mt", "mt", BASE))
    result = tree.run("trial", "report", path, "--save-best", "none")
    equal((result.status, result.err),
          (1, "migratectl: no arm is faster than the control: profile 'none' "
              "is not written\n"))
    equal(os.listdir(tree.path("etc/migratectl/profiles")), ["fast.conf"])


# how the tutorial is tested

DOCUMENT = """\
Before
======

    # false

Title
=====

Text::

    # echo 12.5us  3 x, p = 0.007
    13us 4 x, p < 0.001
    # printf '%s\\n' a 1 2 3 z
    > # more
    a
    ...
    z

Behind
======

    # false
"""


def test_tutorial(tree):
    """Figures may differ, words may not, and no line may be missing."""
    assert tree
    equal(tutorial.commands(tutorial.section(DOCUMENT, "Title")),
          [("echo 12.5us  3 x, p = 0.007", ["13us 4 x, p < 0.001"]),
           ("printf '%s\\n' a 1 2 3 z\n# more", ["a", "...", "z"])])
    equal(tutorial.run(DOCUMENT, "Title"), [])
    for old, new in (("4 x", "4 y"), ("    13us 4 x, p < 0.001\n", ""),
                     ("    z\n", "    y\n"), ("    a\n", "    a\n    b\n"),
                     ("p < 0.001\n", "p < 0.001\n    more\n"),
                     ("p = 0.007", "p = 0.007; echo more")):
        differ = tutorial.run(DOCUMENT.replace(old, new), "Title")
        equal(len(differ), 1)


# run

def test_run(tree):
    with Kernel(tree.root, times={"mt": 0.6}, calls=5000):
        out = tree.done(*RUN, "--arm", "inline", "--arm",
                        "mt,batch_size=1024,workers=2", "--duration", "1.5s",
                        "--record", tree.path("record"), "--save-best", "b",
                        "--plot", tree.path("plot.svg"))
    tree.nothing_left()
    contains(out, "mt is 1.")
    contains(out, " faster, p < 0.001\n")
    contains(out, "\ninline: no difference can be seen with ")
    profile = tree.read("etc/migratectl/profiles/b.conf")
    contains(profile, "[demotion]\nbackend = mt\nbatch_size = 1024\n"
                      "min_pages = 0\nworkers = 2\nclasses = anon,swapcache\n"
                      "strict = 0\n")
    tree.done("profile", "apply", "b")
    equal(tree.get("demotion", "batch_size"), "1024")
    equal(tree.done("trial", "report", tree.path("record")), out)
    assert os.path.exists(tree.path("plot.svg"))


def test_run_json(tree):
    with Kernel(tree.root, times={"mt": 0.6}, calls=5000):
        arms = rows(tree.done("-J", *RUN, "--arm", "mt", "--duration", "1s"))
    equal([(name, row["share"]) for name, row in arms.items()],
          [("control", 50), ("mt", 50)])
    row = arms["mt"]
    # exp(0.4^2 / 2) is what lies between the mean and the median.
    assert 1.5 < row["ratio"] < 1.85, row
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"], row
    assert row["rate_low"] < row["rate"] < row["rate_high"], row
    assert row["page_p50_low"] <= row["page_p50"] <= row["page_p50_high"]
    assert row["engaged"] == 1, row


def test_run_never_ran(tree):
    with Kernel(tree.root, times={"mt": 0.6}, calls=2000, engaged=0.02):
        out = tree.done(*RUN, "--arm", "mt", "--duration", "0.5s")
    contains(out, "\nmt never ran: backend mt copied 1.6% of its pages\n")
    out = tree.done(*RUN, "--arm", "mt", "--duration", "200ms")
    contains(out, "\nmt never ran: no call was drawn for it\n")


def test_run_batches(tree):
    with Kernel(tree.root, calls=5000):
        arms = rows(tree.done("-J", *RUN, "--arm", "mt", "--batches", "1000",
                              "--duration", "60s", "-o", "ARM,CUTS"))
    assert 1000 <= sum(row["cuts"] for row in arms.values()) < 3000, arms


def test_run_shares(tree):
    with Kernel(tree.root, calls=5000):
        arms = rows(tree.done("-J", *RUN, "--arm", "mt,share=10,name=small",
                              "--arm", "mt", "--share", "20", "--duration",
                              "0.5s", "--output-all"))
    equal({name: row["share"] for name, row in arms.items()},
          {"control": 70, "small": 10, "mt": 20})
    calls = {name: row["calls"] for name, row in arms.items()}
    assert calls["control"] > calls["mt"] > calls["small"], calls


def test_run_many_arms(tree):
    """Slices are put together when there are more than fit."""
    arms = [word for _ in range(8) for word in ("--arm", "mt")]
    with Kernel(tree.root, calls=1000):
        out = rows(tree.done("-J", *RUN, *arms, "--duration", "4s",
                             "--record", tree.path("record")))
    equal(list(out), ["control", "mt", *(f"mt-{i}" for i in range(2, 9))])
    equal({row["share"] for row in out.values()}, {11, 12})
    text = tree.read("record")
    slices = re.findall(r"^slice (\d+)", text.split("arm mt\n")[0], re.M)
    assert 32 <= len(slices) <= 64, slices
    calls = re.search(r"summary calls (\d+)", text)[1]
    assert sum(map(int, slices)) <= int(calls)
    assert sum(map(int, slices)) > 0.8 * int(calls)
    result = tree.run(*RUN, *arms, "--arm", "mt")
    equal(result.status, 2)
    contains(result.err, "migratectl: --arm: 8 at most\n")


def test_run_dry(tree):
    before = tree.snapshot()
    out = tree.done(*RUN, "--dry-run", "--arm", "mt,workers=2",
                    "--share", "25")
    pid = re.search(r"migratectl-(\d+)-mt", out)[1]
    path = (f"{tree.root}/{CONFIG}/reasons/demotion/trials/"
            f"migratectl-{pid}-mt/")
    equal(out, f"mkdir {path}\necho mt > {path}backend\n"
               f"echo 2 > {path}workers\necho 25 > {path}share\n"
               f"echo 1 > {path}live\n")
    equal(tree.snapshot(), before)
    tree.nothing_left()


def test_run_usage(tree):
    hint = {"hint": "migratectl help trial run"}
    for message, *args in (
            ("trial run: --arm is missing",),
            ("trial run: unexpected argument 'x'", "x"),
            ("--duration: '1d' is not a time from 100ms on, as in 60s or 5m",
             "--arm", "mt", "--duration", "1d"),
            ("--duration: '-1s' is not a time from 100ms on, as in 60s or 5m",
             "--arm", "mt", "--duration", "-1s"),
            ("--duration: '99ms' is not a time from 100ms on, as in 60s or 5m",
             "--arm", "mt", "--duration", "99ms"),
            ("--batches: '0' is not a number from 1 on", "--arm", "mt",
             "--batches", "0"),
            ("--stop-if-worse: '10' is not a percentage, as in 10%", "--arm",
             "mt", "--stop-if-worse", "10"),
            ("--share: '0' is not a percentage from 1 to 100", "--arm", "mt",
             "--share", "0"),
            ("the arms take 100 percent of the calls and leave none to the "
             "control", "--arm", "mt", "--share", "100"),
            ("the arms take 120 percent of the calls and leave none to the "
             "control", "--arm", "mt", "--arm", "inline", "--share", "60"),
            ("--arm mt,x=1: no such key 'x'; known: backend, batch_size, "
             "min_pages, workers, classes, strict, name, share", "--arm",
             "mt,x=1"),
            ("--arm mt,worker=1: no such key 'worker'; did you mean "
             "'workers'?", "--arm", "mt,worker=1"),
            ("--arm mt,2: KEY=VALUE is needed instead of '2'", "--arm",
             "mt,2"),
            ("--arm mt,workers=1,workers=2: it says twice 'workers'", "--arm",
             "mt,workers=1,workers=2"),
            ("--arm workers=1: no backend can be called 'workers=1'",
             "--arm", "workers=1"),
            ("--arm : no backend can be called ''", "--arm", ""),
            ("--arm .x: an arm cannot be called '.x'", "--arm", ".x"),
            ("--arm mt,name=fourteen-lette: an arm cannot be called "
             "'fourteen-lette'", "--arm", "mt,name=fourteen-lette"),
            ("--arm mt,name=a/b: an arm cannot be called 'a/b'", "--arm",
             "mt,name=a/b"),
            ("--arm mt,name=control: there is already an arm 'control'",
             "--arm", "mt,name=control"),
            ("--arm: share: '101' is not a percentage from 1 to 100",
             "--arm", "mt,share=101"),
            ("trial run: '.x' cannot be the name of a profile", "--arm", "mt",
             "--save-best", ".x")):
        tree.misused(message, *RUN, *args, **hint)
    tree.misused("trial run: --reason is missing", "trial", "run", "--arm",
                 "mt", **hint)
    tree.nothing_left()


def test_run_refused(tree):
    tree.fails(1, "demotoin: no such reason or backend; did you mean "
                  "'demotion'?",
               args=["trial", "run", "--reason", "demotoin", "--arm", "mt"])
    tree.fails(1, "mt: not a reason; only reasons have trials",
               args=["trial", "run", "--reason", "mt", "--arm", "mt"])
    tree.write("etc/migratectl/profiles/b.conf", "")
    tree.fails(1, f"--save-best: {tree.root}/etc/migratectl/profiles/b.conf "
                  "is there already", args=[*RUN, "--arm", "mt",
                                            "--save-best", "b"])
    tree.write("sys/kernel/mm/migrate_policy/enabled", "0")
    tree.fails(1, "trial run: the kernel was started with migrate_policy=off: "
                  "no policy takes effect", args=[*RUN, "--arm", "mt"])


def test_run_without_trials(tree):
    shutil.rmtree(tree.path(f"{CONFIG}/reasons/demotion/trials"))
    path = tree.path(CONFIG)
    for args in ((*RUN, "--arm", "mt"),
                 ("trial", "record", "--reason", "demotion")):
        tree.fails(3, f"this kernel has no trials: {path}/reasons has no "
                      "directory of them", args=args)


def test_run_what_the_kernel_refuses(tree):
    """Nothing is left of the arms before the one that was refused."""
    arms = ("--arm", "inline", "--arm", "mt,batch_size=0")
    for fault, words in (
            ("-mt/batch_size:34", "-mt.batch_size=0: out of range; allowed: "
                                  "1..262144 base pages"),
            ("-mt/backend:2", "-mt.backend=mt: no such backend; allowed: "
                              "dma, inline, mt"),
            ("-mt/share:5", "-mt.share=33: Input/output error"),
            ("-mt/live:34", "demotion: the shares of all its trials together "
                            "are above 100 percent; see 'trial list'"),
            ("-mt/live:16", "-mt.live=1: not possible in the present state")):
        result = tree.run(*RUN, *arms, fault=fault)
        equal((result.status, result.out), (1, ""))
        contains(result.err, words)
        tree.nothing_left()
    for fake, words in (("mkdirat:12", "cannot be made: Cannot allocate "
                                       "memory"),
                        ("mkdirat:13", "only root may change the policy"),
                        ("fork:11", "fork: Resource temporarily unavailable"),
                        ("pipe2:24", "pipe: Too many open files")):
        result = tree.run(*RUN, *arms, fake=fake)
        equal((result.status, result.out), (1, ""))
        contains(result.err, words)
        tree.nothing_left()


def test_run_cannot_remove(tree):
    """Then clean does, and only what is ours."""
    tree.make_trial("mine", live=0)
    with Kernel(tree.root):
        result = tree.run(*RUN, "--arm", "mt", "--duration", "200ms",
                          fake="unlinkat:5")
    equal(result.status, 64)
    contains(result.err, "cannot be removed: Input/output error")
    equal(len(tree.trials()), 2)
    result = tree.run("trial", "clean", fake="unlinkat:5")
    equal(result.status, 1)
    out = tree.done("trial", "clean", "--dry-run")
    assert re.fullmatch(r"rmdir \S+/trials/migratectl-\d+-mt/\n", out), out
    result = tree.run("trial", "clean")
    equal((result.status, result.err), (0, "migratectl: 1 trial was removed\n"))
    equal(tree.trials(), ["mine"])
    equal(tree.done("trial", "clean"), "")


def test_run_policy_changes(tree):
    with Kernel(tree.root, calls=500):
        process = tree.start(*RUN, "--arm", "mt", "--duration", "1s")
        tree.wait(tree.live)
        # Nobody has to wait for the end of a trial.
        equal(tree.run("set", "demotion", "workers=3").status, 0)
        err = process.communicate(timeout=60)[1]
    equal(process.returncode, 0)
    equal(err, "migratectl: warning: demotion.workers was changed during the "
               "trial: the control is no single policy\n")


def test_run_arm_is_switched_off(tree):
    with Kernel(tree.root, calls=500):
        process = tree.start(*RUN, "--arm", "mt", "--duration", "1s")
        tree.wait(tree.live)
        path, = tree.live()
        with open(f"{path}/live", "w", encoding="ascii") as file:
            file.write("0\n")
        err = process.communicate(timeout=60)[1]
    equal((process.returncode, err),
          (0, "migratectl: warning: mt was switched off during the trial, "
              "and not by this command\n"))


def test_run_results_break(tree):
    with Kernel(tree.root, calls=500) as kernel:
        process = tree.start(*RUN, "--arm", "mt", "--duration", "60s")
        tree.wait(tree.live)
        kernel.stop.set()
        kernel.thread.join()
        tree.write(f"{CONFIG}/reasons/demotion/results/summary", "calls x")
        err = process.communicate(timeout=60)[1]
    equal((process.returncode, err),
          (1, "migratectl: demotion/results/summary: cannot read 'calls x'\n"))
    tree.nothing_left()


def test_guard(tree):
    with Kernel(tree.root, times={"mt": 1.5}, calls=5000):
        result = tree.run(*RUN, "--arm", "mt", "--arm", "inline",
                          "--duration", "3.5s", "--stop-if-worse", "10%",
                          "--record", tree.path("record"))
    equal(result.status, 0)
    assert re.fullmatch(r"migratectl: mt: surely worse than the control by "
                        r"more than 10%; switched off after [12] s\n",
                        result.err), result
    line = result.out.splitlines()[-2]
    assert re.fullmatch(r"mt is 1\.\dx slower, p < 0\.001; switched off "
                        r"after [12] s", line), line
    contains(result.out, "\ninline: no difference can be seen")
    text = tree.read("record").split("arm mt\n")[1].split("arm inline\n")[0]
    against = sum(map(int, re.findall(r"^against \d+ (\d+)", text, re.M)))
    calls = int(re.search(r"summary calls (\d+)",
                          tree.read("record").split("arm mt\n")[0])[1])
    assert 0 < against < calls, (against, calls)
    tree.nothing_left()


def test_guard_ends_a_trial(tree):
    """Without an arm nothing is left to wait for."""
    with Kernel(tree.root, times={"mt": 3}, calls=5000):
        start = time.monotonic()
        result = tree.run(*RUN, "--arm", "mt", "--duration", "60s",
                          "--stop-if-worse", "50%")
    assert time.monotonic() - start < 30
    contains(result.out, " slower, p < 0.001; switched off after ")


def test_guard_cannot_stop(tree):
    with Kernel(tree.root, times={"mt": 3}, calls=5000):
        result = tree.run(*RUN, "--arm", "mt", "--duration", "60s",
                          "--stop-if-worse", "0%", fault="-mt/live:5@2")
    equal(result.status, 1)
    contains(result.err, "-mt.live=0: Input/output error")
    tree.nothing_left()


# what ends it early

def test_interrupted(tree):
    with Kernel(tree.root, times={"mt": 0.5}, calls=5000):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = tree.start(*RUN, "--arm", "mt", "--duration", "10m")
            tree.wait(tree.live)
            time.sleep(0.5)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
            equal(process.returncode, 1)
            assert re.fullmatch(r"migratectl: trial run: interrupted after "
                                r"\d s\n", err), err
            contains(out, "mt is ")
            tree.nothing_left()


def test_killed(tree):
    """The janitor does what the program could not."""
    process = tree.start(*RUN, "--arm", "mt", "--arm", "inline")
    tree.wait(lambda: len(tree.live()) == 2)
    process.kill()
    process.communicate(timeout=60)
    tree.wait(lambda: not tree.trials())
    tree.wait(lambda: not glob.glob(tree.path(STATE)))


def janitor(process):
    """Its only child. Not every kernel has /proc/PID/task/PID/children."""
    def parent(path):
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                return int(file.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return None
    child, = [path for path in glob.glob("/proc/[0-9]*/stat")
              if parent(path) == process.pid]
    return int(child.split("/")[2])


def test_killed_with_its_janitor(tree):
    tree.make_trial("mine")
    tree.make_trial("migratectl-1-mt")
    process = tree.start(*RUN, "--arm", "mt", "--share", "10")
    tree.wait(lambda: len(tree.live()) == 3)
    other = tree.start(*RUN, "--arm", "inline", "--share", "10")
    tree.wait(lambda: len(tree.live()) == 4)
    os.kill(janitor(process), signal.SIGKILL)
    process.kill()
    process.communicate(timeout=60)
    result = tree.run("trial", "clean")
    equal((result.status, result.out), (0, ""))
    equal(result.err, f"migratectl: the trial of process {other.pid} is "
                      "running; it is left alone\n"
                      "migratectl: 1 trial was removed\n")
    equal(tree.trials(), ["migratectl-1-mt",
                          f"migratectl-{other.pid}-inline", "mine"])
    other.terminate()
    other.communicate(timeout=60)
    equal(tree.trials(), ["migratectl-1-mt", "mine"])
    equal(glob.glob(tree.path(STATE)), [])


def test_janitor_is_gone(tree):
    process = tree.start(*RUN, "--arm", "mt", "--duration", "2s")
    tree.wait(tree.live)
    os.kill(janitor(process), signal.SIGKILL)
    err = process.communicate(timeout=60)[1]
    equal((process.returncode, err),
          (0, "migratectl: the janitor of the trial was gone: Broken pipe\n"))
    tree.nothing_left()


def test_clean_keeps_to_its_names(tree):
    """A state file that says something odd removes nothing."""
    tree.make_trial("mine", live=0)
    tree.write("run/migratectl/trial-1", "demotion mine\ndemotion\n"
               "../x migratectl-1-mt\n. migratectl-1-mt\n"
               "demotion migratectl-1-gone\nnosuch migratectl-1-mt")
    equal(tree.done("trial", "clean"), "")
    equal(tree.trials(), ["mine"])
    equal(glob.glob(tree.path(STATE)), [])
    os.mkdir(tree.path("run/migratectl/profiles"))
    os.symlink("/dev/null", tree.path("run/migratectl/trial-2"))
    result = tree.run("trial", "clean")
    equal(result.status, 1)
    contains(result.err, "trial-2: Too many levels of symbolic links")
    tree.misused("trial clean: unexpected argument 'x'", "trial", "clean",
                 "x", hint="migratectl help trial clean")


def test_agreement_on_results(tree):
    """The tool, the kernel's sources and the ABI file have the same names."""
    assert tree
    own = test_cli.source("tools/migratectl/mpol_trial.c")
    kernel = test_cli.source("mm/migrate_result.c")
    sums = re.findall(r"^\t\[MPOL_R_\w+\] = \"(\w+)\"", own, re.M)
    equal(set(sums), set(re.findall(
        r"^\t\[MIGRATE_SUM_\w+\] = \"(\w+)\"", kernel, re.M)))
    hists = re.findall(r"^\t\[MPOL_H_\w+\] = \"(\w+)\"", own, re.M)
    equal(set(hists), set(re.findall(
        r"^HIST_ATTR\((\w+),",
        test_cli.source("mm/migrate_trial_configfs.c"), re.M)))
    text = test_cli.abi("configfs-migrate-policy")
    for place in ("", "trials/<trial>/"):
        equal({"summary", *hists}, set(re.findall(
            rf"/reasons/<reason>/{place}results/(\w+)$", text, re.M)))


# list, watch, record

def test_list(tree):
    equal(tree.done("trial", "list", "-n"), "")
    tree.make_trial("mine", workers=3)
    tree.make_trial("other", reason="damon", live=0)
    tree.write(f"{CONFIG}/reasons/demotion/trials/mine/results/summary",
               "calls 10\ncuts 12\nsucceeded 640\nengaged_pages 320\n"
               "cut_ns 640000\nnewer 5")
    equal(tree.done("trial", "list", "-r"),
          "REASON TRIAL LIVE SHARE BACKEND BATCH_SIZE CALLS ENGAGED PAGE_NS\n"
          "damon other - 30 inline 512 0 - -\n"
          "demotion mine * 30 inline 512 10 50.0% 1us\n")
    row = json.loads(tree.done("trial", "list", "-J",
                               "--output-all"))["trials"][1]
    equal((row["trial"], row["live"], row["workers"], row["cuts"],
           row["engaged"], row["page_ns"], row["rate"]),
          ("mine", True, 3, 12, 0.5, 1000, None))
    tree.misused("trial list: unexpected argument 'x'", "trial", "list", "x",
                 hint="migratectl help trial list")


def test_list_without_trials(tree):
    for path in glob.glob(tree.path(f"{CONFIG}/reasons/*/trials")):
        shutil.rmtree(path)
    equal(tree.done("trial", "list", "-n"), "")
    tree.make_trial("mine")
    os.unlink(tree.path(f"{CONFIG}/reasons/demotion/trials/mine/results/"
                        "summary"))
    os.mkdir(tree.path(f"{CONFIG}/reasons/demotion/trials/mine/results/"
                       "summary"))
    result = tree.run("trial", "list")
    equal(result.status, 1)
    contains(result.err, "demotion/trials/mine/results/summary: cannot be "
                         "read: ")


def test_watch(tree):
    tree.make_trial("mine", backend="mt")
    with Kernel(tree.root, calls=2000):
        out = tree.done("watch", "--interval", "0.3", "--count", "2",
                        "demotion")
        texts = tree.done("watch", "-J", "--interval", "0.3", "--count", "1",
                          "demotion")
    tables = out.split("\n\n")
    equal(len(tables), 4)
    for table in tables[1::2]:
        lines = [line.split() for line in table.splitlines()]
        equal([line[:2] for line in lines],
              [["REASON", "TRIAL"], ["demotion", "control"],
               ["demotion", "mine"]])
    decoder = json.JSONDecoder()
    _, end = decoder.raw_decode(texts)
    arms, _ = decoder.raw_decode(texts[end:].lstrip())
    equal([row["trial"] for row in arms["trials"]], ["control", "mine"])
    assert arms["trials"][1]["calls"] > 0, arms


def test_counted_while_live(tree):
    """What is live counts, of any reason; what is not live does not."""
    contains(tree.run("stat").err, "no trial is live, so nothing is counted")
    tree.make_trial("mine", reason="damon", live=0)
    contains(tree.run("stat").err, "no trial is live, so nothing is counted")
    tree.make_trial("other", reason="damon")
    equal(tree.run("stat").err, "")


def test_watch_on_a_screen(tree):
    """Arms appear when they go live, and are gone with the trial."""
    tree.write(f"{CONFIG}/stats", "1")
    with Kernel(tree.root, calls=2000), Terminal(
            tree.command("watch", "--interval", "0.2"), 100, 30,
            **tree.environment(TERM="vt100")) as terminal:
        terminal.wait_for(lambda t: "demotion" in t.text())
        assert "TRIAL" not in terminal.text()
        process = tree.start(*RUN, "--arm", "mt", "--duration", "2s")
        terminal.wait_for(lambda t: re.search(
            r"demotion +migratectl-\d+-mt +50 +[1-9]", t.text()))
        contains(terminal.text(), "control")
        process.communicate(timeout=60)
        terminal.wait_for(lambda t: "TRIAL" not in t.text())
        terminal.send(b"q")
        equal(terminal.wait_exit(), 0)


def test_progress(tree):
    with Kernel(tree.root, calls=2000), Terminal(
            tree.command(*RUN, "--arm", "mt", "--duration", "3s"), 80, 30,
            **tree.environment(TERM="vt100")) as terminal:
        terminal.wait_for(lambda t: re.search(
            r"^\[=+ +\] +\d+%  \d.*s, [1-9]\d* calls, \ds left", t.text(),
            re.M))
        terminal.wait_for(lambda t: "no difference" in t.text())
        assert "left" not in terminal.text(), terminal.text()


def test_record(tree):
    tree.make_trial("mine", backend="mt", share=30)
    tree.make_trial("migratectl-77-fast", backend="mt", share=20)
    tree.make_trial("idle", live=0)
    with Kernel(tree.root, times={"mt": 0.5}, calls=4000):
        text = tree.done("trial", "record", "--reason", "demotion",
                         "--duration", "1s")
        tree.done("trial", "record", "--reason", "demotion", "--batches",
                  "500", "-o", tree.path("file"))
    equal(tree.trials(), ["idle", "migratectl-77-fast", "mine"])
    equal(re.findall(r"^arm (.*)\nshare (\d+)", text, re.M),
          [("control", "50"), ("fast", "20"), ("mine", "30")])
    out = tree.done("trial", "report", tree.path("file"))
    contains(out, "mine is ")
    with open(tree.path("stdout"), "w", encoding="ascii") as file:
        file.write(text)
    contains(tree.done("trial", "report", tree.path("stdout")), "fast is ")


def test_record_errors(tree):
    hint = {"hint": "migratectl help trial record"}
    tree.misused("trial record: --reason is missing", "trial", "record",
                 **hint)
    tree.misused("trial record: unexpected argument 'x'", "trial", "record",
                 "x", **hint)
    tree.misused("trial record: it changes nothing; --dry-run does not apply",
                 "trial", "record", "--dry-run", **hint)
    tree.misused("--duration: 'x' is not a time from 100ms on, as in 60s or "
                 "5m", "trial", "record", "--duration", "x", **hint)
    record_it = ["trial", "record", "--reason", "demotion", "--duration",
                 "200ms"]
    tree.fails(1, "demotion: no trial is live", args=record_it)
    tree.make_trial("a")
    tree.fails(1, "/nowhere/x: cannot be created: No such file or directory",
               args=[*record_it, "-o", "/nowhere/x"])
    for name in "bcdefghi":
        tree.make_trial(name)
    tree.fails(1, "demotion: more than 8 trials are live", args=record_it)


if __name__ == "__main__":
    test_cli.main(globals(), Tree)
