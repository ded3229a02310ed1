#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Tests of profiles, save and restore, on fake trees, with the command built
with ASAN and UBSAN. Usage: test_profile.py DIR [NAME...]. Prints KTAP.
"""
import fcntl
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

import fake_tree
import test_cli
from fake_tree import CONFIG, REASONS, SYSFS
from test_cli import EACCES, EBUSY, ENOENT, ERANGE, SOURCE, contains, equal

VENDOR = "usr/lib/migratectl/profiles"
LOCAL = "usr/local/lib/migratectl/profiles"
RUN = "run/migratectl/profiles"
ADMIN = "etc/migratectl/profiles"
SAVED = "etc/migratectl/migratectl.conf"
LOCK = "run/migratectl.lock"
ENOSPC, EIO, ENOSYS = 28, 5, 38


def put(tree, path, text):
    full = tree.path(path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return full


def mask(tree, path):
    full = tree.path(path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    os.symlink("/dev/null", full)


def ship(tree):
    shutil.copytree(f"{SOURCE}/profiles", tree.path(VENDOR))


def names(tree):
    return tree.done("profile", "list", "-n", "-o", "NAME").split()


def shown(tree, name):
    rows = json.loads(tree.done("profile", "show", "-J", name))["settings"]
    return {f"{row['name']}.{row['key']}": row["value"] for row in rows}


# the shipped profiles

SHIPPED = ["compaction-friendly", "default", "latency", "offload",
           "throughput", "tiering"]


def test_shipped_list(tree):
    ship(tree)
    equal(names(tree), SHIPPED)
    out = tree.done("profile", "list")
    assert max(map(len, out.splitlines())) <= 80, out
    rows = json.loads(tree.done("profile", "list", "-J", "--output-all"))
    for row in rows["profiles"]:
        equal(row["file"], tree.path(f"{VENDOR}/{row['name']}.conf"))
        equal(row["settings"], len(REASONS) * len(fake_tree.DEFAULTS))
        assert row["summary"], row


def test_shipped_are_complete(tree):
    """Each names every key of every reason, and nothing else."""
    ship(tree)
    every = {f"{reason}.{key}" for reason in REASONS
             for key in fake_tree.DEFAULTS}
    for name in SHIPPED:
        equal(set(shown(tree, name)), every)


def test_shipped_name_their_source(tree):
    assert tree
    for path in glob.glob(f"{SOURCE}/profiles/*.conf"):
        with open(path, encoding="ascii") as file:
            text = file.read()
        contains(text, "https://lore.kernel.org/")
        assert all(len(line) <= 80 for line in text.splitlines()), path


def test_shipped_apply_in_any_order(tree):
    ship(tree)
    before = tree.snapshot()
    state = {}
    for name in SHIPPED + SHIPPED[::-1]:
        tree.done("profile", "apply", name)
        tree.done("profile", "check", name)
        now = tree.snapshot()
        equal(state.setdefault(name, now), now)
    equal(len({str(now) for now in state.values()}), len(SHIPPED))
    tree.done("profile", "apply", "default")
    equal(tree.snapshot(), before)


def test_shipped_values_are_in_range(tree):
    ship(tree)
    limits = {"batch_size": (1, 262144), "min_pages": (0, 262144),
              "workers": (0, 64)}
    for name in SHIPPED:
        for setting, value in shown(tree, name).items():
            key = setting.split(".")[1]
            if value == "default" or key not in limits:
                continue
            low, high = limits[key]
            assert low <= int(value) <= high, (name, setting, value)


def test_latency_differs_from_stock(tree):
    ship(tree)
    tree.done("profile", "apply", "latency")
    for reason in ("syscall_or_cpuset", "mempolicy_mbind", "memory_hotplug",
                   "longterm_pin", "damon"):
        equal(tree.get(reason, "batch_size"), "64")
        equal(tree.get(reason, "backend"), "inline")


def test_default_takes_the_kernels_values(tree):
    ship(tree)
    tree.write(f"{SYSFS}/defaults/batch_size", "8192")
    tree.done("profile", "apply", "default")
    equal(tree.get("damon", "batch_size"), "8192")


# reading: what is not a profile

HEAD = "[profile]\nsummary = x\n"
TOO_LONG = ("line too long; a list may go on in a new line that begins with "
            "a blank")
NOT_INI = "neither [SECTION] nor KEY = VALUE"
SECTION = "a section is one word in brackets, alone in its line"
BAD = (
    (3, NOT_INI, HEAD + "backend\n"),
    (1, NOT_INI, "x\n[y\n"),
    (3, SECTION, HEAD + "[damon\n"),
    (3, SECTION, HEAD + "[damon] workers = 1\n"),
    (3, "the name of the section is too long", HEAD + f"[{'d' * 50}]\n"),
    (1, "'workers' stands before the first [SECTION]", "workers = 1\n"),
    (2, "no key before the '='", "[damon]\n= 1\n"),
    (2, "the name of the key is too long", f"[damon]\n{'w' * 50} = 1\n"),
    (3, TOO_LONG, f"[mt]\n\ncpus = {'1,' * 200}\n"),
    (2, TOO_LONG, "[mt]\ncpus = " + "1" * 191),
    (2, "a NUL byte; is this a text file?", b"[damon]\nworkers = \0\n"),
    (2, "begins with a blank, but goes on with no key", "[damon]\n x = 1\n"),
    (1, "begins with a blank, but goes on with no key", " [damon]\n"),
    (5, "damon.workers: given twice, first on line 2",
     "[damon]\nworkers = 1\n[demotion]\n[damon]\nworkers = 1\n"),
    (2, "damon: no such key 'worker'; did you mean 'workers'?",
     "[damon]\nworker = 1\n"),
    (2, "damon: no such key '../damon/workers'; known: backend, batch_size, "
        "min_pages, workers, classes, strict",
     "[damon]\n../damon/workers = 1\n"),
    (3, "damn: no such reason or backend; did you mean 'damon'?",
     "[damon]\nworkers = 1\n[damn]\n"),
    (1, "qqqqqqq: no such reason or backend; known: compaction, contig_range, "
        "damon, demotion, longterm_pin, memory_failure, memory_hotplug, "
        "mempolicy_mbind, numa_misplaced, syscall_or_cpuset, dma, inline, mt, "
        "global", "[qqqqqqq]\nworkers = 1\n"),
    (2, "profile: no such key 'summry'; did you mean 'summary'?",
     "[profile]\nsummry = 1\n"),
    (2, "zzzzzz: no such profile; known: bad, other",
     "[profile]\ninclude = other zzzzzz\n"),
    (2, "'./other': include takes names of profiles, not files",
     "[profile]\ninclude = ./other\n"),
    (2, "mt.cpus: the kernel states no default", "[mt]\ncpus = default\n"),
)


def test_errors_name_file_and_line(tree):
    put(tree, f"{VENDOR}/other.conf", "[damon]\nbackend = mt\n")
    for line, text, profile in BAD:
        before = tree.snapshot()
        path = put(tree, f"{ADMIN}/bad.conf", profile)
        for command in ("apply", "check", "diff"):
            tree.fails(1, f"{path}:{line}: {text}",
                       args=["profile", command, "bad"])
        os.unlink(path)
        equal(tree.snapshot(), before)


def test_longest_line(tree):
    cpus = ",".join(["1"] * 95)
    line = f"cpus = {cpus}"
    put(tree, f"{ADMIN}/p.conf", f"[mt]\n{line:<197}\n")
    tree.done("profile", "apply", "p")
    equal(tree.read(f"{CONFIG}/backends/mt/cpus"), f"{cpus}\n")
    path = put(tree, f"{ADMIN}/p.conf", f"[mt]\n{line:<198}\n")
    tree.fails(1, f"{path}:2: {TOO_LONG}", args=["profile", "apply", "p"])


def test_format(tree):
    put(tree, f"{ADMIN}/p.conf",
        "\ufeff# comment\r\n; another\n\n[profile]\r\nsummary = a = b ; c\n"
        "[damon] # here\nworkers=1\r\n  # not a value\nclasses : anon,\n"
        "\n\tshmem,\n file ; comment\n[global]\n[demotion]\nworkers = 2")
    equal(shown(tree, "p"), {"damon.workers": "1",
                             "damon.classes": "anon,shmem,file",
                             "demotion.workers": "2"})
    contains(tree.done("profile", "list"), "p    a = b\n")


def test_unreadable(tree):
    os.makedirs(tree.path(f"{ADMIN}/p.conf.d/"))
    mask(tree, f"{ADMIN}/masked.conf")
    os.symlink("gone", tree.path(f"{ADMIN}/broken.conf"))
    for name, text in (
            ("p", "p: no such profile; known: broken"),
            ("", "'': no such profile; known: broken"),
            ("..", "..: no such profile; known: broken"),
            ("x" * 5000, "x" * 64 + ": no such profile; known: broken"),
            ("/" + "x" * 5000, "/" + "x" * 63 + "...: File name too long"),
            ("brokn", "brokn: no such profile; did you mean 'broken'?"),
            ("masked", "masked: this profile is masked by "
                       f"{tree.root}/{ADMIN}/masked.conf"),
            ("broken", f"{tree.root}/{ADMIN}/broken.conf: No such file or "
                       "directory"),
            (tree.root, f"{tree.root}: Is a directory"),
            ("./x.conf", "./x.conf: No such file or directory")):
        tree.fails(1, text, args=["profile", "apply", name])
    shutil.rmtree(tree.path(ADMIN))
    tree.fails(1, "p: no such profile; there are none",
               args=["profile", "show", "p"])
    equal(tree.done("profile", "list"), "")


def test_list_shows_the_good_beside_the_bad(tree):
    put(tree, f"{VENDOR}/good.conf", "[profile]\nsummary = good\n")
    path = put(tree, f"{VENDOR}/bad.conf", "bad\n")
    result = tree.run("profile", "list")
    equal((result.status, result.err),
          (1, f"migratectl: {path}:1: {NOT_INI}\n"))
    contains(result.out, "good good")


def test_profiles_need_no_kernel(tree):
    ship(tree)
    shutil.rmtree(tree.path("sys"))
    equal(names(tree), SHIPPED)
    contains(tree.done("profile", "show", "latency"), "damon")
    contains(tree.done("profile", "cat", "latency"), "[damon]")
    for command in ("check", "diff", "apply"):
        equal(tree.run("profile", command, "latency").status, 3)
    for command in (("save",), ("restore",), ("profile", "save", "x")):
        equal(tree.run(*command).status, 3)


# the search path

def test_higher_directory_replaces(tree):
    for number, where in enumerate((VENDOR, LOCAL, RUN, ADMIN)):
        put(tree, f"{where}/p.conf", f"[damon]\nworkers = {number}\n")
        equal(shown(tree, "p"), {"damon.workers": str(number)})
        equal(names(tree), ["p"])
    mask(tree, f"{VENDOR}/only.conf")
    put(tree, f"{VENDOR}/empty.conf", "")
    put(tree, f"{VENDOR}/p.txt", "no profile")
    put(tree, f"{VENDOR}/.hidden.conf", "no profile")
    equal(names(tree), ["p"])
    os.unlink(tree.path(f"{ADMIN}/p.conf"))
    mask(tree, f"{ADMIN}/p.conf")
    equal(names(tree), [])
    equal(tree.run("profile", "show", "p").status, 1)


def test_drop_ins(tree):
    put(tree, f"{VENDOR}/p.conf",
        "[profile]\nsummary = old\n[damon]\nworkers = 1\nmin_pages = 1\n"
        "[demotion]\nworkers = 1\n")
    put(tree, f"{ADMIN}/p.conf.d/20-b.conf",
        "[profile]\nsummary = new\n[damon]\nworkers = 2\nmin_pages = 2\n")
    put(tree, f"{VENDOR}/p.conf.d/30-c.conf", "[damon]\nworkers = 3\n")
    put(tree, f"{VENDOR}/p.conf.d/40-d.conf", "[damon]\nworkers = 4\n")
    put(tree, f"{VENDOR}/p.conf.d/10-a.conf", "[damon]\nmin_pages = 9\n")
    put(tree, f"{VENDOR}/p.conf.d/50-x.txt", "no drop-in")
    mask(tree, f"{RUN}/p.conf.d/40-d.conf")
    equal(shown(tree, "p"), {"damon.workers": "3", "damon.min_pages": "2",
                             "demotion.workers": "1"})
    contains(tree.done("profile", "list"), "p    new\n")
    rows = json.loads(tree.done("profile", "show", "-J", "-o", "FROM", "p"))
    equal([row["from"] for row in rows["settings"]],
          [tree.path(f"{VENDOR}/p.conf.d/30-c.conf:2"),
           tree.path(f"{ADMIN}/p.conf.d/20-b.conf:5"),
           tree.path(f"{VENDOR}/p.conf:7")])
    put(tree, f"{ADMIN}/p.conf.d/30-c.conf", "[damon]\nworkers = 30\n")
    equal(shown(tree, "p")["damon.workers"], "30")
    equal([line for line in tree.done("profile", "cat", "p").splitlines()
           if line.startswith("# ")],
          [f"# {tree.path(path)}" for path in
           (f"{VENDOR}/p.conf", f"{VENDOR}/p.conf.d/10-a.conf",
            f"{ADMIN}/p.conf.d/20-b.conf", f"{ADMIN}/p.conf.d/30-c.conf")])


def test_drop_ins_of_a_file(tree):
    path = put(tree, "my.conf", "[damon]\nworkers = 1\n[demotion]\n"
                                "workers = 1\n")
    put(tree, "my.conf.d/a.conf", "[damon]\nworkers = 2\n")
    tree.done("profile", "apply", path)
    equal((tree.get("damon", "workers"), tree.get("demotion", "workers")),
          ("2", "1"))


# includes

def test_include(tree):
    put(tree, f"{VENDOR}/a.conf", "[damon]\nworkers = 1\nmin_pages = 1\n"
                                  "batch_size = 1\n")
    put(tree, f"{VENDOR}/b.conf", "[damon]\nmin_pages = 2\nbatch_size = 2\n")
    put(tree, f"{VENDOR}/c.conf", "[profile]\ninclude = a,\n\tb\n"
                                  "[damon]\nbatch_size = 3\n")
    put(tree, f"{VENDOR}/d.conf", "[profile]\ninclude = c a\n")
    put(tree, f"{ADMIN}/a.conf.d/x.conf", "[demotion]\nworkers = 7\n")
    equal(shown(tree, "c"), {"damon.workers": "1", "damon.min_pages": "2",
                             "damon.batch_size": "3", "demotion.workers": "7"})
    equal(shown(tree, "d")["damon.batch_size"], "1")
    put(tree, f"{ADMIN}/c.conf.d/x.conf", "[profile]\ninclude =\n")
    equal(shown(tree, "c"), {"damon.batch_size": "3"})


def test_include_loops(tree):
    before = tree.snapshot()
    for name, include in (("a", "b"), ("b", "c"), ("c", "a"), ("s", "s")):
        put(tree, f"{VENDOR}/{name}.conf",
            f"[damon]\nworkers = 1\n[profile]\ninclude = {include}\n")
    tree.fails(1, f"{tree.path(VENDOR)}/c.conf:4: profiles include each "
                  "other: a, included by c, included by b, included by a",
               args=["profile", "apply", "a"])
    tree.fails(1, f"{tree.path(VENDOR)}/s.conf:4: profiles include each "
                  "other: s, included by s", args=["profile", "apply", "s"])
    shutil.rmtree(tree.path("usr"))
    equal(tree.snapshot(), before)


def test_includes_come_to_an_end(tree):
    """A chain that is too deep, and one that doubles at each step."""
    for number in range(20):
        put(tree, f"{VENDOR}/p{number}.conf",
            f"[profile]\ninclude = p{number + 1}\n")
        put(tree, f"{VENDOR}/q{number}.conf",
            f"[profile]\ninclude = q{number + 1} q{number + 1}\n")
    put(tree, f"{VENDOR}/p20.conf", "[damon]\nworkers = 1\n")
    put(tree, f"{VENDOR}/q20.conf", "[damon]\nworkers = 1\n")
    contains(tree.run("profile", "show", "p0").err,
             "p15.conf:2: profiles include each other more than 16 deep")
    equal(shown(tree, "p5"), {"damon.workers": "1"})
    contains(tree.run("profile", "show", "q8").err,
             "more than 256 files make up one profile")
    equal(shown(tree, "q15"), {"damon.workers": "1"})


# check and diff

def test_check(tree):
    put(tree, f"{ADMIN}/p.conf", "[damon]\nworkers = 1\nmin_pages = 00\n"
                                 "classes = swapcache,anon\n"
                                 "[mt]\ncpus = 0,1\n[global]\nstats = 0\n")
    tree.fails(4, "1 setting of p differs; see 'migratectl profile diff p'",
               args=["profile", "check", "p"])
    tree.done("profile", "apply", "p")
    equal(tree.done("profile", "check", "p"), "")
    equal(tree.done("profile", "diff", "p"), "")
    tree.done("set", "damon", "workers=2", "classes=file")
    tree.fails(4, "2 settings of p differ; see 'migratectl profile diff p'",
               args=["profile", "check", "p"])


def test_diff(tree):
    path = put(tree, f"{ADMIN}/p.conf",
               "[damon]\nworkers = 1\nmin_pages = 0\n[mt]\ncpus = 1\n")
    before = tree.snapshot()
    equal(tree.done("profile", "diff", "p"),
          "NAME  KEY     NOW PROFILE\ndamon workers 0   1\n"
          "mt    cpus    0-1 1\n")
    rows = json.loads(tree.done("profile", "diff", "-J", "-o", "+FROM", "p"))
    equal(rows["differences"][0],
          {"name": "damon", "key": "workers", "now": "0", "profile": "1",
           "from": f"{path}:2"})
    equal(tree.snapshot(), before)


def test_diff_doubts_what_it_cannot_read(tree):
    """Only the kernel may say that these are what is there already."""
    put(tree, f"{ADMIN}/p.conf", "[mt]\ncpus = all\n[global]\nstats = off\n"
                                 "[damon]\nworkers = none\n")
    equal(tree.done("profile", "diff", "-rn", "p").splitlines(),
          ["mt cpus 0-1 all", "global stats 0 off", "damon workers 0 none"])


# apply

def test_apply_writes_only_what_differs(tree):
    put(tree, f"{ADMIN}/p.conf", "[damon]\nworkers = 1\nmin_pages = 00\n"
                                 "[demotion]\nbackend = mt\n")
    tree.done("set", "damon", "batch_size=7")
    dry = tree.done("profile", "apply", "--dry-run", "p")
    base = f"{tree.root}/{CONFIG}/reasons"
    equal(dry, f"echo 1 > {base}/damon/workers\n"
               f"echo mt > {base}/demotion/backend\n")
    before = tree.snapshot()
    result = tree.run("profile", "apply", "-v", "p")
    equal((result.status, result.out, result.err), (0, "", dry))
    equal(tree.snapshot(), {**before, f"{base}/damon/workers": "1\n",
                            f"{base}/demotion/backend": "mt\n"})
    equal(tree.done("profile", "apply", "--dry-run", "p"), "")


def test_apply_puts_back(tree):
    path = put(tree, f"{ADMIN}/p.conf",
               "[damon]\nworkers = 1\nbackend = gpu\n[mt]\ncpus = 1\n")
    before = tree.snapshot()
    tree.fails(1, f"{path}:3: damon.backend=gpu: no such backend; allowed: "
                  "dma, inline, mt", "1 earlier change was put back",
               args=["profile", "apply", "p"],
               fault=f"damon/backend:{ENOENT}")
    equal(tree.snapshot(), before)


def test_apply_each_write_may_fail(tree):
    ship(tree)
    before = tree.snapshot()
    lines = tree.done("profile", "apply", "--dry-run",
                      "throughput").splitlines()
    assert len(lines) > 10, lines
    for line in lines:
        file = "/".join(line.split("/")[-2:])
        result = tree.run("profile", "apply", "throughput",
                          fault=f"{file}:{ERANGE}")
        equal(result.status, 1)
        contains(result.err, file.replace("/", ".") + "=")
        equal(tree.snapshot(), before)


def test_apply_cannot_put_back(tree):
    path = put(tree, f"{ADMIN}/p.conf",
               "[damon]\nbackend = mt\n[demotion]\nworkers = 1\n")
    tree.fails(64, f"{path}:4: demotion.workers=1: permission denied; only "
                   "root may change the policy",
               "damon.backend: could not be put back to 'inline'",
               args=["profile", "apply", "p"],
               fault=f"damon/backend:{EBUSY}@2 demotion/workers:{EACCES}")


def test_apply_reads_back(tree):
    path = put(tree, f"{ADMIN}/p.conf", "[damon]\nworkers = 4\n")
    tree.fails(64, f"{path}:2: damon.workers=4: was accepted, but reads back "
                   "as '3'", "damon.workers: could not be put back to '0'",
               args=["profile", "apply", "p"], fault="damon/workers:=3")


def test_apply_off_warns(tree):
    tree.write(f"{SYSFS}/enabled", "0")
    put(tree, f"{ADMIN}/p.conf", "[damon]\nworkers = 4\n")
    result = tree.run("profile", "apply", "p")
    equal(result.status, 0)
    contains(result.err, "migrate_policy=off")


def test_profile_usage(tree):
    for word in ("show", "cat", "check", "diff", "apply"):
        hint = {"hint": f"migratectl help profile {word}"}
        tree.misused(f"profile {word}: which profile?", "profile", word,
                     **hint)
        tree.misused(f"profile {word}: unexpected argument 'b'", "profile",
                     word, "a", "b", **hint)
    tree.misused("profile list: unexpected argument 'x'", "profile", "list",
                 "x", hint="migratectl help profile list")
    tree.misused("profile check prints no table: -J, -r, -n, -b, -o and "
                 "--output-all do not apply", "profile", "check", "-J", "x",
                 hint="migratectl help profile check")
    tree.misused("-o: no such column 'FRON'; did you mean 'FROM'?", "profile",
                 "diff", "-o", "FRON", "x",
                 hint="migratectl help profile diff")
    for word in ("save", "restore"):
        tree.misused(f"{word}: unexpected argument 'b'", word, "a", "b",
                     hint=f"migratectl help {word}")


# one at a time

def start(tree, *args):
    return subprocess.Popen(
        [f"{test_cli.BUILD}/migratectl", "--root", tree.root, *args],
        env={**test_cli.SANITIZER, "LC_ALL": "C"}, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, encoding="utf-8")


def test_changes_wait_for_each_other(tree):
    put(tree, f"{ADMIN}/p.conf", "[damon]\nworkers = 4\n")
    commands = (("profile", "apply", "p"), ("set", "damon", "workers=5"),
                ("reset",), ("save",), ("restore",))
    tree.done("set", "damon", "workers=0")
    for command in commands:
        with open(tree.path(LOCK), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = tree.snapshot()
            child = start(tree, *command)
            equal(child.stderr.readline(),
                  f"migratectl: {tree.path(LOCK)}: somebody else is changing "
                  "the policy; waiting\n")
            time.sleep(0.05)
            equal(child.poll(), None)
            equal(tree.snapshot(), before)
            # What is read is what is there when the wait is over.
            tree.write(f"{CONFIG}/reasons/damon/workers", "9")
        equal((child.wait(60), child.stderr.read()), (0, ""))
        child.stderr.close()
    equal(tree.get("damon", "workers"), "9")


def test_calibrate_waits(tree):
    """The tree counts no move of this machine, so it fails in the end."""
    tree.done("set", "damon", "workers=0")
    with open(tree.path(LOCK), "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = tree.snapshot()
        child = start(tree, "calibrate")
        contains(child.stderr.readline(), "somebody else is changing the "
                 "policy; waiting\n")
        time.sleep(0.05)
        equal(child.poll(), None)
        equal(tree.snapshot(), before)
    equal(child.wait(60), 1)
    contains(child.stderr.read(), "calibrate: ")
    child.stderr.close()
    equal(tree.snapshot(), before)


def test_reading_waits_for_nobody(tree):
    put(tree, f"{ADMIN}/p.conf", "[damon]\nworkers = 0\n")
    tree.done("set", "damon", "workers=0")
    with open(tree.path(LOCK), "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (("list",), ("profile", "check", "p"),
                        ("profile", "diff", "p"), ("save", "--dry-run"),
                        ("profile", "apply", "--dry-run", "p"),
                        ("set", "--dry-run", "damon", "workers=1")):
            tree.done(*command)


def test_two_applies_at_once(tree):
    ship(tree)
    put(tree, f"{ADMIN}/a.conf", "[profile]\ninclude = throughput\n")
    children = [start(tree, "profile", "apply", name)
                for name in ("latency", "throughput") * 4]
    for child in children:
        equal(child.wait(120), 0)
        child.stderr.close()
    equal(sorted(tree.run("profile", "check", name).status
                 for name in ("latency", "throughput")), [0, 4])


def test_lock_cannot_be_made(tree):
    put(tree, "run", "a file")
    tree.fails(1, f"{tree.path(LOCK)}: Not a directory",
               args=["set", "damon", "workers=1"])
    os.unlink(tree.path("run"))
    os.makedirs(tree.path("run"))
    os.symlink("/dev/null", tree.path(LOCK))
    tree.fails(1, f"{tree.path(LOCK)}: Too many levels of symbolic links",
               args=["set", "damon", "workers=1"])
    equal(tree.get("damon", "workers"), "0")


def test_kernel_without_locks(tree):
    result = tree.run("set", "damon", "workers=1", fault=f"flock:{ENOSYS}")
    equal((result.status, result.err),
          (0, f"migratectl: warning: {tree.path(LOCK)}: this kernel has no "
              "file locks (CONFIG_FILE_LOCKING); make sure that nobody else "
              "changes the policy now\n"))
    equal(tree.get("damon", "workers"), "1")
    tree.fails(1, f"{tree.path(LOCK)}: Input/output error",
               args=["set", "damon", "workers=2"], fault=f"flock:{EIO}")
    equal(tree.get("damon", "workers"), "1")


# save and restore

def test_save_and_restore(tree):
    tree.done("set", "all", "backend=mt", "batch_size=9", "classes=file,anon")
    tree.done("set", "mt", "cpus=1")
    tree.done("set", "global", "stats=1")
    equal(tree.done("save"), "")
    state = tree.snapshot()
    equal(oct(os.stat(tree.path(SAVED)).st_mode & 0o777), "0o644")
    equal(os.listdir(tree.path("etc/migratectl")), ["migratectl.conf"])
    fake_tree.make(tree.root)
    assert tree.snapshot() != state
    tree.done("restore")
    equal(tree.snapshot(), state)
    equal(tree.done("restore", "--dry-run"), "")


def test_save_names_everything_writable(tree):
    tree.write(f"{CONFIG}/reasons/damon/pacing", "7")
    os.chmod(tree.path(f"{CONFIG}/reasons/damon/pacing"), 0o444)
    tree.write(f"{CONFIG}/reasons/damon/aging", "1")
    text = tree.done("save", "--dry-run")
    assert not os.path.exists(tree.path("etc"))
    contains(text, "\n[damon]\nbackend = inline\nbatch_size = 512\n"
                   "min_pages = 0\nworkers = 0\nclasses = anon,swapcache\n"
                   "strict = 0\naging = 1\n\n")
    contains(text, "\n[mt]\ncpus = 0-1\n")
    contains(text, "\n[global]\nstats = 0\n")
    assert "[inline]" not in text, text
    assert "results" not in text and "pacing" not in text, text
    contains(text, "\n[dma]\nchannels = 0\ndevices = any\n")
    # The profile, two backends, and what is global.
    equal(len(re.findall(r"^\[", text, re.M)), 4 + len(REASONS))


def test_save_long_lists(tree):
    cpus = ",".join(str(cpu) for cpu in range(0, 1200, 2))
    tree.write(f"{CONFIG}/backends/mt/cpus", cpus)
    text = tree.done("save", "--dry-run")
    assert max(map(len, text.splitlines())) <= 120, text
    tree.done("save")
    tree.write(f"{CONFIG}/backends/mt/cpus", "0")
    tree.done("restore")
    equal(tree.read(f"{CONFIG}/backends/mt/cpus"), cpus + "\n")


def test_save_refuses_what_it_could_not_read(tree):
    put(tree, SAVED, "the old one")
    for value, text in (
            ("a ; b", "damon.pacing: the value 'a ; b' cannot be kept in a "
                      "profile"),
            ("a\nb = c", "damon.pacing: the value 'a\nb = c' cannot be kept "
                         "in a profile"),
            ("x" * 250, f"what was to be saved:21: {TOO_LONG}")):
        tree.write(f"{CONFIG}/reasons/damon/pacing", value)
        result = tree.run("save")
        equal(result.status, 1)
        if "cannot" in text:
            contains(result.err, "cannot be kept in a profile")
        else:
            contains(result.err, TOO_LONG)
        equal(tree.read(SAVED), "the old one")


def test_save_keeps_the_old_file(tree):
    put(tree, SAVED, "the old one")
    for fault, text in ((f".tmp:{ENOSPC}", "No space left on device"),
                        (f"fsync:{EIO}@1", "Input/output error"),
                        (f"rename:{EACCES}", "Permission denied")):
        result = tree.run("save", fault=fault)
        equal(result.status, 1)
        contains(result.err, text)
        equal(tree.read(SAVED), "the old one")
        equal(os.listdir(tree.path("etc/migratectl")), ["migratectl.conf"])
    result = tree.run("save", fault=f"fsync:{EIO}@2")
    equal((result.status, result.err),
          (1, f"migratectl: {tree.path('etc/migratectl')}: Input/output "
              "error\n"))
    tree.done("save", fault=f"fsync:{EIO}@3")
    contains(tree.read(SAVED), "[damon]")


def test_save_to_a_file(tree):
    path = tree.path("mine")
    tree.done("set", "damon", "workers=3")
    tree.done("save", path)
    tree.done("save", path)
    tree.done("set", "damon", "workers=4")
    tree.done("restore", path)
    equal(tree.get("damon", "workers"), "3")
    assert not os.path.exists(tree.path("etc"))
    tree.fails(1, "/dev/null: not a regular file", args=["save", "/dev/null"])
    result = tree.run("save", tree.path("nowhere/x"))
    equal(result.status, 1)
    contains(result.err, "No such file or directory")


def test_restore_without_slash_is_a_file(tree):
    put(tree, f"{ADMIN}/p.conf", "[damon]\nworkers = 4\n")
    tree.fails(1, "./p: No such file or directory", args=["restore", "p"])


def test_restore_without_file(tree):
    tree.fails(1, f"{tree.path(SAVED)}: No such file or directory",
               args=["restore"])


def test_restore_takes_a_profile_and_drop_ins(tree):
    ship(tree)
    put(tree, SAVED, "[profile]\ninclude = tiering\n")
    put(tree, f"{SAVED}.d/60-damon.conf", "[damon]\nbackend = inline\n")
    tree.done("restore")
    equal((tree.get("demotion", "backend"), tree.get("damon", "backend")),
          ("mt", "inline"))


def test_profile_save(tree):
    ship(tree)
    tree.done("set", "damon", "workers=3")
    tree.done("profile", "save", "mine")
    path = tree.path(f"{ADMIN}/mine.conf")
    contains(tree.done("profile", "list"), "Settings of one moment")
    tree.done("profile", "check", "mine")
    tree.done("profile", "apply", "default")
    equal(tree.run("profile", "check", "mine").status, 4)
    tree.fails(1, f"{path}: cannot be created: File exists",
               args=["profile", "save", "mine"])
    tree.done("profile", "apply", "mine")
    equal(tree.get("damon", "workers"), "3")
    equal(os.listdir(tree.path(ADMIN)), ["mine.conf"])
    contains(tree.done("profile", "save", "mine", "--dry-run"), "workers = 3")
    for name in ("", ".x", "a/b", "a b", "x" * 200):
        tree.misused(f"profile save: '{name}' cannot be the name of a "
                     "profile", "profile", "save", name,
                     hint="migratectl help profile save")


def test_completion(tree):
    ship(tree)
    put(tree, f"{ADMIN}/mine.conf", "[damon]\nworkers = 4\n")
    test_cli.offers(
        tree, ("migratectl prof", "profile"),
        ("migratectl profile s", "show save"),
        ("migratectl profile show t", "throughput tiering"),
        ("migratectl -v profile apply --dry-run mi", "mine"),
        ("migratectl profile check c", "compaction-friendly"),
        ("migratectl profile save ", ""), ("migratectl profile list ", ""),
        ("migratectl profile list -o SET", "SETTINGS"),
        ("migratectl profile diff -o NOW,PRO", "NOW,PROFILE"),
        ("migratectl profile -o N", ""),
        ("migratectl help prof", "profile"),
        ("migratectl help profile s", "show save"),
        ("migratectl help profile show ", ""),
        ("migratectl help list ", ""), ("migratectl help completion ", ""),
        ("migratectl profile cat --dr", "--dry-run"),
        (f"migratectl profile show {tree.root}/et", tree.path("etc")),
        (f"migratectl save {tree.root}/et", tree.path("etc")),
        (f"migratectl restore {tree.root}/et", tree.path("etc")))
    equal(test_cli.complete(tree, "zsh", "migratectl profile diff ")[0],
          {*SHIPPED, "mine"})
    # zsh itself leaves out what does not begin with the word.
    equal(test_cli.complete(tree, "zsh", "migratectl help profile s")[0],
          {"list", "show", "cat", "check", "diff", "apply", "save"})


def test_manual_names_the_profiles(tree):
    assert tree
    text = test_cli.manual("migratectl.conf.5")
    for name in SHIPPED:
        assert re.search(rf"^ +{name}\b", text, re.M), name
    for directory in (VENDOR, LOCAL, RUN, ADMIN):
        contains(text, f"/{directory}/NAME.conf")
    contains(text, f"/{SAVED}\n")
    contains(text, "at most 197 bytes")


if __name__ == "__main__":
    test_cli.main(globals())
