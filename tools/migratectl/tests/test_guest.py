#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Tests of the command on the kernel that it runs on, which it may change: what
takes effect, what the kernel refuses, what other people's programs make of it.
For the guest of scripts/boot. Usage: test_guest.py DIR PACKAGE [NAME...], DIR
being where migratectl is and PACKAGE where its .deb is. Prints KTAP.
"""
import configparser
import difflib
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import fake_tree
import record
import test_cli
from fake_tree import CONFIG, REASONS, SYSFS
from test_cli import SOURCE, contains, equal

PACKAGE = ""
SAVED = "/etc/migratectl/migratectl.conf"
TUNED = "migratectl-tiering"
USABLE = ("compaction-friendly", "default", "latency", "offload", "throughput",
          "tiering")


class Kernel:
    """The running kernel and the command on it; settings are reset."""

    def __init__(self):
        self.done("reset")
        self.done("set", "global", "stats=0")

    def remove(self):
        shutil.rmtree("/etc/migratectl", ignore_errors=True)

    @staticmethod
    def run(*args, command=None):
        command = command or f"{test_cli.BUILD}/migratectl"
        return subprocess.run([command, *args], capture_output=True,
                              encoding="utf-8", timeout=300, check=False)

    def done(self, *args, **more):
        result = self.run(*args, **more)
        equal((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def fails(self, status, *messages, args):
        result = self.run(*args)
        expected = "".join(f"migratectl: {line}\n" for line in messages)
        equal((result.returncode, result.stderr, result.stdout),
              (status, expected, ""))

    @staticmethod
    def get(path):
        with open(f"/{path}", encoding="ascii") as file:
            return file.read().rstrip("\n")

    def settings(self):
        return {f"{reason}.{key}": self.get(f"{CONFIG}/reasons/{reason}/{key}")
                for reason in REASONS for key in fake_tree.DEFAULTS}


def test_tree_is_as_recorded(kernel):
    """The tests in user space are worth something only if this holds. Numbers
    that count what happened since boot are left out."""
    assert kernel
    with open(fake_tree.RECORDED, encoding="ascii") as file:
        known = file.read()

    def plain(text):
        return re.sub(r"^(.*/(?:generation) \d+) .*", r"\1", text,
                      flags=re.M).splitlines()
    changes = "\n".join(difflib.unified_diff(
        plain(known), plain(record.record()), "kernel_tree.txt",
        "this kernel", lineterm="", n=0))
    assert not changes, f"{changes}\nrun 'make record'"


def test_output_is_that_of_the_recorded_tree(kernel):
    with tempfile.TemporaryDirectory() as root:
        fake_tree.make(root)
        for args in (("list",), ("list", "-J", "--output-all"),
                     ("list", "-r"), ("get", "all"), ("get", "-J", "mt"),
                     ("backends",), ("backends", "-J"), ("stat", "-r")):
            result = kernel.run("--root", root, *args)
            equal(kernel.run(*args).stdout, result.stdout)
            equal(result.returncode, 0)


def test_set_takes_effect(kernel):
    kernel.done("set", "demotion,damon", "backend=mt", "batch_size=2048",
                "min_pages=64", "workers=2", "classes=file,anon", "strict=1")
    for reason in ("demotion", "damon"):
        equal([kernel.get(f"{CONFIG}/reasons/{reason}/{key}")
               for key in fake_tree.DEFAULTS],
              ["mt", "2048", "64", "2", "anon,file", "1"])
    kernel.done("set", "mt", "cpus=1")
    equal(kernel.get(f"{CONFIG}/backends/mt/cpus"), "1")
    kernel.done("set", "mt", "cpus=0-1")
    kernel.done("set", "global", "stats=1")
    equal(kernel.get(f"{CONFIG}/stats"), "1")
    kernel.done("reset", "damon")
    rows = json.loads(kernel.done("list", "-J"))["reasons"]
    equal([row["reason"] for row in rows if row["set"]], ["demotion"])


def test_setting_nothing_new_publishes_nothing(kernel):
    generation = kernel.get(f"{SYSFS}/generation")
    kernel.done("set", "all", "workers=0", "batch_size=0512")
    equal(kernel.get(f"{SYSFS}/generation"), generation)


def test_what_the_kernel_refuses(kernel):
    for change, text in (
            ("batch_size=0", "out of range; allowed: 1..262144 base pages"),
            ("batch_size=262145", "out of range; allowed: 1..262144"),
            ("batch_size=x", "allowed: 1..262144 base pages"),
            ("backend=nosuch", "inline"),
            ("classes=anon,nosuch", "anon, swapcache, shmem, file")):
        before = kernel.settings()
        result = kernel.run("set", "damon,demotion", "workers=3", change)
        equal((result.returncode, result.stdout), (1, ""))
        contains(result.stderr, f"migratectl: damon.{change}: ")
        contains(result.stderr, text)
        equal(kernel.settings(), before)


def test_profiles(kernel):
    before = kernel.settings()
    states = {}
    for name in (*USABLE, *USABLE):
        kernel.done("profile", "apply", name)
        kernel.done("profile", "check", name)
        equal(states.setdefault(name, kernel.settings()), kernel.settings())
    equal(len({str(state) for state in states.values()}), len(USABLE))
    equal(states["default"], before)


def test_profile_that_the_kernel_refuses(kernel):
    kernel.done("profile", "apply", "tiering")
    before = kernel.settings()
    os.makedirs("/etc/migratectl/profiles")
    with open("/etc/migratectl/profiles/gpu.conf", "w",
              encoding="ascii") as file:
        file.write("[demotion]\nworkers = 7\nbackend = gpu\n")
    result = kernel.run("profile", "apply", "gpu")
    equal(result.returncode, 1)
    contains(result.stderr, "no such backend")
    equal(kernel.settings(), before)
    equal(kernel.run("profile", "check", "default").returncode, 4)


def test_dry_run_writes_nothing(kernel):
    generation = kernel.get(f"{SYSFS}/generation")
    script = kernel.done("profile", "apply", "--dry-run", "throughput")
    equal(kernel.get(f"{SYSFS}/generation"), generation)
    subprocess.run(["sh", "-e"], input=script, encoding="ascii", check=True)
    kernel.done("profile", "check", "throughput")


def test_save_and_restore(kernel):
    kernel.done("profile", "apply", "throughput")
    kernel.done("set", "global", "stats=1")
    before = kernel.settings()
    kernel.done("save")
    kernel.done("reset")
    kernel.done("restore")
    equal(kernel.settings(), before)
    equal(kernel.get(f"{CONFIG}/stats"), "1")
    equal(os.listdir("/etc/migratectl"), ["migratectl.conf"])


def test_configfs_is_mounted_where_it_is_not(kernel):
    subprocess.run(["umount", "/sys/kernel/config"], check=True)
    equal(len(kernel.done("list", "-n").splitlines()), len(REASONS))
    assert os.path.ismount("/sys/kernel/config")


def test_calibrate(kernel):
    """It measures this machine, puts everything back, and what it writes can
    be applied. Its moves are counted, and Prometheus can read that."""
    before = kernel.settings()
    path = "/etc/migratectl/profiles/measured.conf"
    os.makedirs(os.path.dirname(path))
    result = kernel.run("calibrate", "-o", path)
    equal(result.returncode, 0)
    equal(kernel.settings(), before)
    kernel.done("profile", "apply", "measured")
    kernel.done("profile", "check", "measured")
    kernel.done("set", "global", "stats=1")
    with open(path, encoding="ascii") as file:
        contains(file.read(), os.uname().release)
    rows = json.loads(kernel.done("stat", "-Jb", "--output-all"))["counters"]
    moved = {row["name"]: row["succeeded"] for row in rows}
    assert moved["syscall_or_cpuset"] > 10000, moved
    metrics = test_cli.parse_metrics(kernel.done("stat", "--prometheus"))
    samples = metrics["migrate_policy_reason_succeeded"]["samples"]
    equal({labels["reason"]: pages for _, labels, pages in samples}, moved)


def test_tuned(kernel):
    """The real TuneD, without its daemon: it applies the profile that was
    chosen and ends."""
    shutil.copytree(f"{SOURCE}/tuned/{TUNED}", f"/etc/tuned/{TUNED}")
    with open("/etc/tuned/tuned-main.conf", "a", encoding="ascii") as file:
        file.write("daemon = 0\n")
    for command in (("tuned-adm", "profile", TUNED), ("tuned",)):
        subprocess.run(command, check=True, timeout=300, stdout=sys.stderr)
    parser = configparser.ConfigParser(delimiters="=")
    parser.read(f"{SOURCE}/tuned/{TUNED}/tuned.conf")
    parser["migratectl"].pop("type")
    assert parser["migratectl"]
    for path, value in parser["migratectl"].items():
        equal(kernel.get(path.lstrip("/")), value)


def install_package(folder):
    package, = glob.glob(f"{folder}/migratectl_*.deb")
    subprocess.run(["dpkg", "--no-triggers", "-i", package], check=True,
                   stdout=sys.stderr)


def traces():
    """Every file of the package, wherever it may be."""
    places = ["/etc", "/usr/sbin", "/usr/lib/systemd", "/usr/lib/migratectl",
              "/usr/share", "/var/lib/systemd", "/var/lib/dpkg/info"]
    found = subprocess.run(
        ["find", *[place for place in places if os.path.exists(place)],
         "-name", "*migratectl*"], stdout=subprocess.PIPE, encoding="utf-8",
        check=True).stdout.split("\n")
    return {path for path in found if path and not path.startswith(SOURCE)}


def test_package(kernel):
    """Installed it works, removed it leaves the settings, purged nothing."""
    for path in ("/usr/lib/migratectl", f"/etc/tuned/{TUNED}"):
        if os.path.islink(f"{path}/profiles") or "tuned" in path:
            shutil.rmtree(path, ignore_errors=True)
    equal(traces(), set())
    dpkg = {"check": True, "stdout": sys.stderr}
    install_package(PACKAGE)
    installed = "/usr/sbin/migratectl"
    equal(len(kernel.done("profile", "list", "-n",
                          command=installed).splitlines()),
          len(glob.glob(f"{SOURCE}/profiles/*.conf")))
    kernel.done("profile", "apply", "tiering", command=installed)
    kernel.done("save", command=installed)
    subprocess.run(["systemctl", "enable", "migratectl-restore.service"],
                   check=True)
    subprocess.run(["systemd-analyze", "verify",
                    "/lib/systemd/system/migratectl-restore.service"],
                   check=True)
    subprocess.run(["dpkg", "--no-triggers", "-r", "migratectl"], **dpkg)
    assert os.path.exists(SAVED) and not os.path.exists(installed)
    subprocess.run(["dpkg", "--no-triggers", "-P", "migratectl"], **dpkg)
    equal(traces(), set())


if __name__ == "__main__":
    PACKAGE = sys.argv.pop(2)
    test_cli.main(globals(), Kernel)
