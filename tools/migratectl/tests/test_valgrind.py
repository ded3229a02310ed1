#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Runs each command once under valgrind, with success and with failure: no use of
what was never set, nothing lost. Usage: test_valgrind.py DIR [NAME...], DIR
being where a migratectl without sanitizers is. Prints KTAP.
"""
import subprocess

import test_cli
from fake_trials import prepare
from test_cli import equal
from test_profile import ship
from test_trial import BASE, FAST, RUN, record

VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full"]


def sound(tree, status, *args):
    done = subprocess.run(
        [*VALGRIND, f"{test_cli.BUILD}/migratectl", "--root", tree.root, *args],
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        timeout=120, check=False)
    assert "==" not in done.stderr, f"{args}: {done.stderr}"
    equal((args, done.returncode), (args, status))


def test_show(tree):
    tree.done("set", "damon", "workers=1", "batch_size=8")
    for args in (("list",), ("list", "-J", "--output-all"), ("list", "-r"),
                 ("get", "all"), ("get", "-J", "--output-all", "damon"),
                 ("backends",), ("stat",), ("stat", "-J", "--output-all"),
                 ("stat", "--prometheus"), ("help",), ("version",),
                 ("stat", "--interval", "0.1", "--count", "2"),
                 ("help", "profile", "apply"), ("completion", "bash")):
        sound(tree, 0, *args)


def test_change(tree):
    ship(tree)
    for status, *args in (
            (0, "set", "all", "workers=2", "classes=file,anon"),
            (0, "set", "--dry-run", "all", "workers=3"),
            (0, "save"), (0, "reset"), (0, "restore"),
            (0, "profile", "list"), (0, "profile", "show", "tiering"),
            (0, "profile", "cat", "latency"),
            (4, "profile", "check", "latency"),
            (0, "profile", "diff", "latency"),
            (0, "profile", "apply", "latency"),
            (0, "profile", "save", "mine")):
        sound(tree, status, *args)


def test_trial(tree):
    path = record(tree, "one", ("control", "inline", BASE), ("mt", "mt", FAST))
    tree.write("bad", "migratectl-trial 1\nreason damon\narm mt\nset a b\nx y")
    prepare(tree.root)
    for status, *args in (
            (0, "trial", "report", path, path),
            (0, "trial", "report", path, "--save-best", "b"),
            (0, "trial", "report", "-J", "--output-all", path),
            (1, "trial", "report", path, tree.path("bad")),
            (0, "trial", "list"), (0, "trial", "clean"),
            (0, *RUN, "--dry-run", "--arm", "mt,workers=2"),
            (2, *RUN, "--arm", "mt,worker=2"),
            (1, "trial", "record", "--reason", "demotion")):
        sound(tree, status, *args)


def test_refuse(tree):
    ship(tree)
    tree.link(test_cli.CONFIG + "/reasons/demotion/workers", "/dev/full")
    for status, *args in (
            (2, "lst"), (2, "list", "--jsn"), (1, "get", "damn"),
            (1, "set", "damon", "worker=1"), (1, "profile", "show", "x"),
            (1, "profile", "apply", "tiering"), (1, "restore"),
            (2, "profile"), (1, "set", "damon,demotion", "workers=5"),
            (1, "calibrate")):
        sound(tree, status, *args)


if __name__ == "__main__":
    test_cli.main(globals())
