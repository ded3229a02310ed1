#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Tests of the package on a system that systemd has booted. "prepare PACKAGE"
runs before systemd does: it installs the package, saves settings that differ
from the kernel's and enables the unit. Then: on [NAME...] or, for a kernel
that was started with migrate_policy=off, off [NAME...]. Prints KTAP.
"""
import os
import shutil
import subprocess
import sys
import time

import test_cli
from fake_tree import CONFIG
from test_cli import SOURCE, contains, equal
from test_guest import Kernel, TUNED, install_package

COMMAND = "/usr/sbin/migratectl"
UNIT = "migratectl-restore.service"
MOUNT = "sys-kernel-config.mount"
WANTED = {"batch_size": "4096", "workers": "2"}


def prepare(folder):
    def run(*args):
        subprocess.run(args, check=True)
    install_package(folder)
    run("mount", "-t", "configfs", "configfs", "/sys/kernel/config")
    run(COMMAND, "set", "all", *[f"{k}={v}" for k, v in WANTED.items()])
    run(COMMAND, "save")
    run(COMMAND, "reset")
    run("umount", "/sys/kernel/config")
    run("systemctl", "enable", UNIT)
    shutil.copytree(f"{SOURCE}/tuned/{TUNED}", f"/etc/tuned/{TUNED}")


class Booted(Kernel):
    """Settings stay as the boot left them."""

    def __init__(self):
        test_cli.BUILD = os.path.dirname(COMMAND)

    def remove(self):
        pass


def show(unit, name):
    return subprocess.run(
        ["systemctl", "show", unit, "-P", name], stdout=subprocess.PIPE,
        encoding="utf-8", check=True).stdout.strip()


def wait_for(condition):
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end, "never seen"
        time.sleep(1)


def verified():
    done = subprocess.run(
        ["systemd-analyze", "verify", f"/lib/systemd/system/{UNIT}"],
        capture_output=True, encoding="utf-8", check=False)
    equal((done.returncode, done.stdout + done.stderr), (0, ""))


def restored(kernel):
    return {key: {kernel.settings()[name] for name in kernel.settings()
                  if name.endswith(f".{key}")} for key in WANTED}


def test_on_restored(kernel):
    equal([show(UNIT, name) for name in ("ActiveState", "SubState", "Result",
                                         "ConditionResult")],
          ["active", "exited", "success", "yes"])
    equal(restored(kernel), {key: {value} for key, value in WANTED.items()})


def test_on_after_the_mount(kernel):
    assert kernel
    contains(show(UNIT, "After").split(), MOUNT)
    contains(show(UNIT, "Requires").split(), MOUNT)
    mounted = int(show(MOUNT, "ActiveEnterTimestampMonotonic"))
    started = int(show(UNIT, "ExecMainStartTimestampMonotonic"))
    assert 0 < mounted <= started, (mounted, started)


def test_on_again(kernel):
    """What restart applies is the file as it is then."""
    kernel.done("set", "damon", "workers=7")
    subprocess.run(["systemctl", "restart", UNIT], check=True)
    equal(kernel.get(f"{CONFIG}/reasons/damon/workers"), "2")


def test_on_failure_is_seen(kernel):
    with open("/etc/migratectl/migratectl.conf", "a", encoding="ascii") as file:
        file.write("[damon]\nworker = 1\n")
    assert subprocess.run(["systemctl", "restart", UNIT], check=False,
                          stderr=subprocess.DEVNULL).returncode
    equal((show(UNIT, "Result"), show(UNIT, "ExecMainStatus")),
          ("exit-code", "1"))
    equal(restored(kernel), {key: {value} for key, value in WANTED.items()})


def test_on_verified(kernel):
    assert kernel
    verified()


def test_on_tuned(kernel):
    """The real TuneD: while it runs the settings are those of its profile, and
    when it is stopped the old ones come back."""
    before = kernel.settings()
    with subprocess.Popen(["tuned", "--no-dbus", "--profile", TUNED],
                          stderr=sys.stderr) as tuned:
        wait_for(lambda: kernel.settings()["demotion.workers"] == "4")
        equal({name: value for name, value in kernel.settings().items()
               if before[name] != value},
              {"demotion.backend": "mt", "demotion.batch_size": "2048",
               "demotion.min_pages": "512", "demotion.workers": "4"})
        tuned.terminate()
    equal(kernel.settings(), before)


def test_on_tuned_adm(kernel):
    """Asked by tuned-adm, the daemon brings the old settings back as well: for
    another profile and for none."""
    def ask(*command):
        subprocess.run(["tuned-adm", *command], check=True, timeout=600,
                       stdout=sys.stderr)
    before = kernel.settings()
    # It begins with the profile that it had last.
    subprocess.run(["systemctl", "start", "tuned"], check=True)
    for leave in (("profile", "balanced"), ("off",)):
        ask("profile", TUNED)
        wait_for(lambda: kernel.settings()["demotion.workers"] == "4")
        ask(*leave)
        wait_for(lambda: kernel.settings() == before)
    subprocess.run(["systemctl", "stop", "tuned"], check=True)
    equal(kernel.settings(), before)


def test_off_stands_aside(kernel):
    equal([show(UNIT, name) for name in ("ActiveState", "SubState", "Result",
                                         "ConditionResult")],
          ["inactive", "dead", "success", "no"])
    equal(show("multi-user.target", "ActiveState"), "active")
    rows = kernel.run("list", "-rn", "-o", "SET").stdout.split()
    equal(set(rows), {"-"})


def test_off_verified(kernel):
    assert kernel
    verified()


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2])
    else:
        test_cli.main({name: value for name, value in globals().items()
                       if name.startswith(f"test_{sys.argv[1]}_")}, Booted)
