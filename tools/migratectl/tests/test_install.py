#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Tests of what "make install" puts where, of the unit and of the TuneD example.
Usage: test_install.py DIR [NAME...], DIR being where the tested migratectl is,
one below the OUTPUT of make. Prints KTAP.
"""
import configparser
import glob
import os
import re
import subprocess

import fake_tree
import test_cli
from fake_tree import CONFIG
from test_cli import SOURCE, contains, equal

UNIT = "lib/systemd/system/migratectl-restore.service"
TUNED = "migratectl-tiering/tuned.conf"


def install(*variables):
    output = os.path.dirname(test_cli.BUILD) + "/"
    done = subprocess.run(
        ["make", "-s", "-C", SOURCE, "install", f"OUTPUT={output}",
         *variables], env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def files(root):
    return {os.path.relpath(os.path.join(top, name), root): oct(
                os.stat(os.path.join(top, name)).st_mode & 0o777)
            for top, _, names in os.walk(root) for name in names}


def test_files(tree):
    root = tree.path("image")
    install(f"DESTDIR={root}", "PREFIX=/usr")
    expected = {f"usr/lib/migratectl/profiles/{os.path.basename(path)}"
                for path in glob.glob(f"{SOURCE}/profiles/*.conf")} | {
        "usr/sbin/migratectl", f"usr/{UNIT}",
        "usr/share/man/man8/migratectl.8",
        "usr/share/man/man5/migratectl.conf.5",
        f"usr/share/doc/migratectl/examples/tuned/{TUNED}",
        "usr/share/bash-completion/completions/migratectl",
        "usr/share/zsh/site-functions/_migratectl"}
    found = files(root)
    equal(set(found), expected)
    for path, mode in found.items():
        equal(mode, "0o755" if path == "usr/sbin/migratectl" else "0o644")
    for shell, path in (("bash", "bash-completion/completions/migratectl"),
                        ("zsh", "zsh/site-functions/_migratectl")):
        equal(tree.read(f"image/usr/share/{path}"),
              tree.done("completion", shell))
    # The command finds its profiles where they are now.
    fake_tree.make(root)
    command = [f"{root}/usr/sbin/migratectl", "--root", root, "profile"]
    subprocess.run([*command, "apply", "latency"], check=True)
    subprocess.run([*command, "check", "latency"], check=True)


def test_unit_is_clean(tree):
    """systemd looks for the command and the manual as well."""
    prefix = tree.path("prefix")
    install(f"PREFIX={prefix}")
    done = subprocess.run(
        ["systemd-analyze", "verify", f"{prefix}/{UNIT}"],
        env={"PATH": os.environ["PATH"], "MANPATH": f"{prefix}/share/man"},
        capture_output=True, encoding="utf-8", check=False)
    equal((done.returncode, done.stdout + done.stderr), (0, ""))


def unit_conditions(tree):
    install(f"DESTDIR={tree.root}", "PREFIX=/usr")
    return re.findall(r"^Condition(\w+)=(.*)$", tree.read(f"usr/{UNIT}"),
                      re.M)


def test_unit_stands_aside(tree):
    equal(unit_conditions(tree),
          [("PathExists", "/etc/migratectl/migratectl.conf"),
           ("PathExists", "/sys/kernel/mm/migrate_policy"),
           ("KernelCommandLine", "!migrate_policy=off")])
    # The file that is waited for is the one that save writes.
    tree.done("save")
    assert os.path.exists(tree.path("etc/migratectl/migratectl.conf"))
    contains(tree.read(f"usr/{UNIT}"),
             "ExecStart=/usr/sbin/migratectl restore\n")


def test_tuned_example_is_the_profile(tree):
    parser = configparser.ConfigParser(delimiters="=")
    assert parser.read(f"{SOURCE}/tuned/{TUNED}")
    equal(parser["migratectl"].pop("type"), "sysfs")
    os.makedirs(tree.path("usr/lib/migratectl"))
    os.symlink(f"{SOURCE}/profiles", tree.path("usr/lib/migratectl/profiles"))
    tree.done("profile", "apply", "tiering")
    prefix = f"/{CONFIG}/reasons/demotion/"
    for path, value in parser["migratectl"].items():
        assert path.startswith(prefix), path
        equal(value, tree.get("demotion", path[len(prefix):]))
    changed = tree.done("list", "-rn", "-o", "CHANGED", "demotion")
    equal({prefix + key for key in changed.strip().split(",")},
          set(parser["migratectl"]))


def test_one_version(tree):
    version = tree.done("version").strip()
    with open(f"{SOURCE}/debian/changelog", encoding="ascii") as file:
        name, number = file.readline().split()[:2]
    equal(f"{name} {number.strip('()')}", version)
    for page in ("migratectl.8", "migratectl.conf.5"):
        contains(test_cli.manual(page), version)


if __name__ == "__main__":
    test_cli.main(globals())
