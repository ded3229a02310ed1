#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Tests of the whole command, built with ASAN and UBSAN, on fake trees: what it
prints, what it writes, how it exits. Usage: test_cli.py DIR [NAME...], DIR
being where migratectl and migratectl-fault are. Prints KTAP.
"""
import configparser
import glob
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import traceback

import fake_tree
from fake_tree import BACKENDS, CONFIG, COUNTERS, REASONS, SYSFS
from terminal import Terminal

BUILD = "."
SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Not an exit code of the command: a sanitizer's finding must not look like one.
SANITIZER = {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99"}
EACCES, EINVAL, ERANGE, ENOENT, EBUSY = 13, 22, 34, 2, 16


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"exit {self.status}\nstdout:\n{self.out}stderr:\n{self.err}"


class Tree:
    """A fake tree and the command on it."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="migratectl.")
        fake_tree.make(self.root)

    def remove(self):
        shutil.rmtree(self.root)

    def path(self, path):
        return os.path.join(self.root, path)

    def write(self, path, value):
        fake_tree.write(self.root, path, value)

    def read(self, path):
        with open(self.path(path), encoding="ascii") as file:
            return file.read()

    def get(self, reason, key):
        return self.read(f"{CONFIG}/reasons/{reason}/{key}").rstrip("\n")

    def count(self, name, **counters):
        """Sets counters of a reason or a backend."""
        group = "reasons" if name in REASONS else "backends"
        for counter, value in counters.items():
            self.write(f"{SYSFS}/{group}/{name}/{counter}", str(value))

    def link(self, path, target):
        os.unlink(self.path(path))
        os.symlink(target, self.path(path))

    def snapshot(self):
        return {os.path.join(top, name): open(os.path.join(top, name),
                                              encoding="ascii").read()
                for top, _, names in os.walk(self.root) for name in names
                if name != "migratectl.lock"}

    def run(self, *args, fault=None, numa=None, stdout=subprocess.PIPE):
        name = ("migratectl-numa" if numa else
                "migratectl-fault" if fault else "migratectl")
        env = {**SANITIZER, "LC_ALL": "C", "PATH": os.environ["PATH"]}
        if fault:
            env["MPOL_FAULT"] = fault
        if numa:
            env.update(FAKE_NUMA=numa, FAKE_ROOT=self.root)
        done = subprocess.run(
            [f"{BUILD}/{name}", "--root", self.root, *args], env=env,
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
            encoding="utf-8", timeout=60, check=False)
        result = Result(done.returncode, done.stdout, done.stderr)
        assert result.status != 99 and result.status >= 0, result
        return result

    def done(self, *args, **more):
        """Runs what has to succeed without a word on stderr."""
        result = self.run(*args, **more)
        assert result.status == 0 and result.err == "", result
        return result.out

    def fails(self, status, *messages, args, **more):
        """Runs what has to fail, saying exactly these lines."""
        result = self.run(*args, **more)
        expected = "".join(f"migratectl: {line}\n" for line in messages)
        assert result.status == status, result
        assert result.err == expected, f"{result}expected:\n{expected}"
        assert not result.out, result
        return result

    def misused(self, message, *args, hint="migratectl --help"):
        result = self.run(*args)
        expected = f"migratectl: {message}\nTry '{hint}'.\n"
        assert result.status == 2, result
        assert result.err == expected, f"{result}expected:\n{expected}"
        assert not result.out, result


def trim(text):
    """Without the blanks that pad an empty last cell."""
    return re.sub(r" +$", "", text, flags=re.M)


def equal(got, expected):
    assert got == expected, f"got:\n{got}\nexpected:\n{expected}"


def contains(text, part):
    assert part in text, f"'{part}' is not in:\n{text}"


# list

LIST_DEFAULT = """\
REASON            BACKEND BATCH_SIZE MIN_PAGES WORKERS CLASSES        SET
compaction        inline         512         0       0 anon,swapcache -
contig_range      inline         512         0       0 anon,swapcache -
damon             inline         512         0       0 anon,swapcache -
demotion          inline         512         0       0 anon,swapcache -
longterm_pin      inline         512         0       0 anon,swapcache -
memory_failure    inline         512         0       0 anon,swapcache -
memory_hotplug    inline         512         0       0 anon,swapcache -
mempolicy_mbind   inline         512         0       0 anon,swapcache -
numa_misplaced    inline         512         0       0 anon,swapcache -
syscall_or_cpuset inline         512         0       0 anon,swapcache -
"""


def test_list_is_the_default_command(tree):
    equal(tree.done(), LIST_DEFAULT)
    equal(tree.done("list"), LIST_DEFAULT)


def test_list_marks_what_differs(tree):
    tree.write(f"{CONFIG}/reasons/demotion/batch_size", "2048")
    lines = tree.done("list").splitlines()
    equal(lines[4], "demotion          inline        2048         0       0 "
                    "anon,swapcache *")
    assert all(line.endswith("-") for line in lines[1:4] + lines[5:])


def test_list_takes_reasons(tree):
    out = tree.done("list", "-n", "demotion,damon", "compaction")
    equal([line.split()[0] for line in out.splitlines()],
          ["demotion", "damon", "compaction"])


def test_list_takes_no_backend(tree):
    tree.fails(1, "mt: not a reason; see 'migratectl get mt'",
               args=["list", "mt"])


def test_list_raw(tree):
    out = tree.done("list", "-r", "damon")
    equal(out, "REASON BACKEND BATCH_SIZE MIN_PAGES WORKERS CLASSES SET\n"
               "damon inline 512 0 0 anon,swapcache -\n")


def test_list_json(tree):
    tree.write(f"{CONFIG}/reasons/demotion/backend", "mt")
    rows = json.loads(tree.done("list", "-J"))["reasons"]
    equal([row["reason"] for row in rows], sorted(REASONS))
    equal(rows[3], {"reason": "demotion", "backend": "mt",
                    "batch_size": 512, "min_pages": 0, "workers": 0,
                    "classes": "anon,swapcache", "set": True})
    assert rows[0]["set"] is False


def test_json_has_a_schema(tree):
    for args, name in ((("list",), "reasons"), (("backends",), "backends"),
                       (("get", "damon"), "settings")):
        data = json.loads(tree.done("-J", *args))
        equal(list(data), ["schema", name])
        equal(data["schema"], 1)


def test_list_columns(tree):
    tree.write(f"{CONFIG}/reasons/damon/batch_size", "1")
    tree.write(f"{CONFIG}/reasons/damon/workers", "2")
    equal(tree.done("list", "-r", "-o", "changed,reason", "damon"),
          "CHANGED REASON\nbatch_size,workers damon\n")
    equal(tree.done("list", "-rn", "-o", "+reason,CHANGED", "damon"),
          "damon inline 1 0 2 anon,swapcache * batch_size,workers\n")
    page = os.sysconf("SC_PAGE_SIZE")
    equal(tree.done("list", "-rnb", "-o", "BATCH_BYTES", "damon"), f"{page}\n")
    equal(tree.done("list", "-rn", "-o", "BATCH_BYTES", "damon"),
          f"{page // 1024}K\n")


def test_list_output_all(tree):
    rows = json.loads(tree.done("list", "-Jb", "--output-all", "damon"))
    equal(sorted(rows["reasons"][0]),
          ["backend", "batch_bytes", "batch_size", "changed", "classes",
           "min_pages", "reason", "set", "strict", "workers"])
    equal(rows["reasons"][0]["batch_bytes"], 512 * os.sysconf("SC_PAGE_SIZE"))
    assert rows["reasons"][0]["changed"] is None


def test_list_without_an_attribute(tree):
    os.unlink(tree.path(f"{CONFIG}/reasons/damon/workers"))
    rows = json.loads(tree.done("list", "-J", "damon"))["reasons"]
    assert rows[0]["workers"] is None
    equal(rows[0]["classes"], "anon,swapcache")


def test_list_newer_kernel(tree):
    tree.write(f"{CONFIG}/reasons/damon/pacing", "1")
    tree.write(f"{SYSFS}/defaults/pacing", "0")
    equal(tree.done("list", "-rn", "-o", "SET,CHANGED", "damon"),
          "* pacing\n")


def test_list_unreadable(tree):
    tree.link(f"{CONFIG}/reasons/damon/workers", "workers")
    tree.fails(1, "damon.workers: cannot be read: Too many levels of symbolic "
                  "links", args=["list"])


def test_list_without_defaults(tree):
    shutil.rmtree(tree.path(f"{SYSFS}/defaults"))
    result = tree.run("list")
    equal(result.status, 1)
    contains(result.err, f"{SYSFS}/defaults: No such file or directory")


def on_terminal(tree, columns, *args, **env):
    """What the command writes to a terminal of this width."""
    parent, child = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "40"], stdin=child,
                   check=True)
    done = subprocess.Popen(
        [f"{BUILD}/migratectl", "--root", tree.root, *args], stdout=child,
        env={**SANITIZER, "LC_ALL": "C", "TERM": "xterm", **env})
    os.close(child)
    text = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(parent)
    equal(done.wait(60), 0)
    return text.decode().replace("\r\n", "\n")


def test_list_fits_80_columns(tree):
    tree.done("set", "all", "min_pages=262144", "batch_size=262144",
              "workers=64", "classes=anon,swapcache,shmem,file")
    out = on_terminal(tree, 80, "list", NO_COLOR="1")
    lines = out.splitlines()
    equal(len(lines), 1 + 2 * len(REASONS))
    assert max(map(len, lines)) <= 80, out
    contains(out, " anon,swapcache,shmem, *\n")
    equal(lines[2].strip(), "file")


def test_list_uses_a_wider_terminal(tree):
    tree.done("set", "all", "classes=anon,swapcache,shmem,file")
    out = on_terminal(tree, 120, "list", NO_COLOR="1")
    lines = out.splitlines()
    equal(len(lines), 1 + len(REASONS))
    assert max(map(len, lines)) <= 120, out
    contains(out, " anon,swapcache,shmem,file *\n")
    # With two such columns each gets its half.
    out = on_terminal(tree, 120, "get", "-o", "KEY,ALLOWED,HELP", "damon")
    assert max(map(len, out.splitlines())) <= 120, out


def test_profile_diff_fits_80_columns(tree):
    os.makedirs(tree.path("usr/lib/migratectl"))
    os.symlink(f"{SOURCE}/profiles", tree.path("usr/lib/migratectl/profiles"))
    tree.done("set", "all", "min_pages=262144", "batch_size=262144",
              "workers=64", "classes=anon,swapcache,shmem,file")
    for columns in (80, 120):
        out = on_terminal(tree, columns, "profile", "diff", "throughput")
        assert max(map(len, out.splitlines())) <= 80, out


def test_colour_only_where_wanted(tree):
    tree.write(f"{CONFIG}/reasons/damon/workers", "1")
    assert "\033[" not in tree.done("list")
    assert "\033[" not in on_terminal(tree, 80, "list", NO_COLOR="1")
    lines = on_terminal(tree, 80, "list").splitlines()
    equal([line for line in lines if "\033[" in line],
          [line for line in lines if "damon" in line])


# get

def test_get_bare_value(tree):
    equal(tree.done("get", "demotion.batch_size"), "512\n")
    equal(tree.done("get", "mt.cpus"), "0-1\n")
    equal(tree.done("get", "global.stats"), "0\n")


def test_get_reason(tree):
    equal(tree.done("get", "demotion"),
          "backend=inline\nbatch_size=512\nmin_pages=0\nworkers=0\n"
          "classes=anon,swapcache\nstrict=0\n")


def test_get_is_what_set_takes(tree):
    tree.done("set", "demotion", "backend=mt", "classes=anon,file")
    tree.done("set", "damon", *tree.done("get", "demotion").split())
    equal(tree.done("get", "damon"), tree.done("get", "demotion"))


def test_get_several(tree):
    equal(tree.done("get", "demotion,damon.workers", "mt"),
          "demotion.workers=0\ndamon.workers=0\nmt.cpus=0-1\n")
    equal(tree.done("get", "all.workers"),
          "".join(f"{reason}.workers=0\n" for reason in sorted(REASONS)))


def test_get_backend_without_settings(tree):
    equal(tree.done("get", "inline"), "")


def test_get_table(tree):
    tree.write(f"{CONFIG}/reasons/damon/workers", "3")
    equal(trim(tree.done("get", "-r", "damon.workers", "mt")),
          "NAME KEY VALUE DEFAULT\ndamon workers 3 0\nmt cpus 0-1\n")
    rows = json.loads(tree.done("get", "-J", "--output-all",
                                "demotion.backend"))["settings"]
    equal(rows, [{"name": "demotion", "key": "backend", "value": "inline",
                  "default": "inline", "allowed": "dma, inline, mt",
                  "help": "who copies: inline, as without a policy, or a "
                          "batch backend"}])


def test_get_folds_long_text(tree):
    equal(trim(tree.done("get", "-n", "-o", "KEY,ALLOWED,HELP",
                         "damon.classes")),
          "classes comma list of anon, classes of folios that\n"
          "        swapcache, shmem,   may be copied ahead\n"
          "        file; or none\n")


def test_get_errors(tree):
    tree.fails(1, "demotoin: no such reason or backend; did you mean "
                  "'demotion'?", args=["get", "demotoin.backend"])
    tree.fails(1, "demotion: no such key 'bakend'; did you mean 'backend'?",
               args=["get", "demotion.bakend"])
    tree.fails(1, "demotion: no such key ''; known: backend, batch_size, "
                  "min_pages, workers, classes, strict",
               args=["get", "demotion."])
    tree.misused("get: which reason?", "get", hint="migratectl help get")


# set

def test_set_one(tree):
    before = tree.snapshot()
    equal(tree.done("set", "demotion", "batch_size=2048"), "")
    path = tree.path(f"{CONFIG}/reasons/demotion/batch_size")
    equal(tree.snapshot(), {**before, path: "2048\n"})


def test_set_several(tree):
    tree.done("set", "demotion,compaction", "backend=mt", "workers=2")
    for reason in REASONS:
        changed = reason in ("demotion", "compaction")
        equal(tree.get(reason, "backend"), "mt" if changed else "inline")
        equal(tree.get(reason, "workers"), "2" if changed else "0")


def test_set_all(tree):
    tree.done("set", "all", "backend=mt")
    equal({tree.get(reason, "backend") for reason in REASONS}, {"mt"})


def test_set_backend_and_global(tree):
    tree.done("set", "mt", "cpus=1")
    equal(tree.read(f"{CONFIG}/backends/mt/cpus"), "1\n")
    tree.done("set", "global", "stats=1")
    equal(tree.read(f"{CONFIG}/stats"), "1\n")


def test_set_newer_key(tree):
    tree.write(f"{CONFIG}/reasons/damon/pacing", "0")
    tree.done("set", "damon", "pacing=1")
    equal(tree.get("damon", "pacing"), "1")


def test_set_value_with_equals_sign(tree):
    tree.done("set", "damon", "backend=a=b")
    equal(tree.get("damon", "backend"), "a=b")


def test_set_same_reason_twice(tree):
    out = tree.done("set", "damon,damon,all", "workers=1", "--dry-run")
    equal(len(out.splitlines()), len(REASONS))


def test_set_checks_all_names_first(tree):
    before = tree.snapshot()
    tree.fails(1, "damon: no such key 'worker'; did you mean 'workers'?",
               args=["set", "damon", "backend=mt", "worker=1"])
    tree.fails(1, "damn: no such reason or backend; did you mean 'damon'?",
               args=["set", "demotion,damn", "backend=mt"])
    tree.fails(1, "mt: no such key 'backend'; known: cpus",
               args=["set", "damon,mt", "backend=mt"])
    equal(tree.snapshot(), before)


def test_set_usage(tree):
    help_set = {"hint": "migratectl help set"}
    tree.misused("set: which reason?", "set", **help_set)
    tree.misused("set: damon: which KEY=VALUE?", "set", "damon", **help_set)
    tree.misused("set: 'backend' is not KEY=VALUE", "set", "damon",
                 "backend", "mt", **help_set)
    tree.misused("set: '=mt' is not KEY=VALUE", "set", "damon", "=mt",
                 **help_set)
    tree.misused("set: the name of a reason or backend comes before "
                 "'backend=mt'", "set", "backend=mt", **help_set)
    tree.misused("set: workers is given twice", "set", "damon", "workers=1",
                 "workers=2", **help_set)
    tree.misused("set prints no table: -J, -r, -n, -b, -o and --output-all "
                 "do not apply", "set", "-J", "damon", "workers=1",
                 **help_set)


def test_set_kernel_refuses(tree):
    for reason, assignment, err, text in (
            ("damon", "batch_size=0", ERANGE,
             "out of range; allowed: 1..262144 base pages"),
            ("damon", "workers=many", EINVAL, "not a valid value; allowed: "
             "0..64, 0 = the backend's own choice"),
            ("damon", "backend=mtt", ENOENT, "no such backend; allowed: "
             "dma, inline, mt; did you mean 'mt'?"),
            ("damon", "backend=mt", EBUSY,
             "not possible in the present state")):
        key = assignment.split("=")[0]
        before = tree.snapshot()
        tree.fails(1, f"{reason}.{assignment}: {text}",
                   args=["set", reason, assignment],
                   fault=f"{reason}/{key}:{err}")
        equal(tree.snapshot(), before)


def test_set_permission(tree):
    tree.fails(1, "damon.workers=1: permission denied; only root may change "
                  "the policy", args=["set", "damon", "workers=1"],
               fault=f"damon/workers:!{EACCES}")


def test_set_real_kernel_file(tree):
    """A file whose kernel code judges what is written: our own OOM score."""
    tree.link(f"{CONFIG}/reasons/damon/workers", "/proc/self/oom_score_adj")
    tree.fails(1, "damon.workers=5000: not a valid value; allowed: 0..64, "
                  "0 = the backend's own choice",
               args=["set", "damon", "workers=5000"])
    equal(tree.done("set", "damon", "workers=700"), "")


def test_set_full_device(tree):
    """What cannot be read is not written either."""
    tree.link(f"{CONFIG}/reasons/damon/workers", "/dev/full")
    tree.fails(1, "damon.workers: cannot be read: File too large",
               args=["set", "damon", "backend=mt", "workers=1"])
    equal(tree.get("damon", "backend"), "inline")


def test_set_puts_back(tree):
    before = tree.snapshot()
    tree.fails(1, "demotion.batch_size=0: out of range; allowed: 1..262144 "
                  "base pages", "3 earlier changes were put back",
               args=["set", "damon,demotion", "backend=mt", "batch_size=0"],
               fault=f"demotion/batch_size:{ERANGE}")
    equal(tree.snapshot(), before)
    tree.fails(1, "damon.workers=1: out of range; allowed: 0..64, 0 = the "
                  "backend's own choice", "1 earlier change was put back",
               args=["set", "damon", "backend=mt", "workers=1"],
               fault=f"damon/workers:{ERANGE}")
    equal(tree.snapshot(), before)


def test_set_cannot_put_back(tree):
    tree.fails(64, "damon.workers=1: out of range; allowed: 0..64, 0 = the "
                   "backend's own choice", "1 earlier change was put back",
               "damon.backend: could not be put back to 'inline'",
               args=["set", "damon", "batch_size=7", "backend=mt",
                     "workers=1"],
               fault=f"damon/workers:{ERANGE} damon/backend:{EBUSY}@2")
    equal(tree.get("damon", "backend"), "mt")
    equal(tree.get("damon", "batch_size"), "512")


def test_set_reads_back(tree):
    """The kernel said yes and stored something else."""
    tree.fails(64, "damon.workers=4: was accepted, but reads back as '3'",
               "1 earlier change was put back",
               "damon.workers: could not be put back to '0'",
               args=["set", "damon", "backend=mt", "workers=4"],
               fault="damon/workers:=3")
    equal(tree.get("damon", "backend"), "inline")


def test_set_accepts_other_spellings(tree):
    tree.done("set", "damon", "classes=file,anon",
              fault="damon/classes:=anon,file")
    equal(tree.get("damon", "classes"), "anon,file")
    tree.done("set", "mt", "cpus=0,1,2,3", fault="mt/cpus:=0-3")
    equal(tree.read(f"{CONFIG}/backends/mt/cpus"), "0-3\n")


def test_set_too_long(tree):
    value = "x" * 4095
    result = tree.run("set", "damon", f"backend={value}")
    equal(result.status, 1)
    equal(result.err, f"migratectl: damon.backend={'x' * 64}...: value too "
                      "long\n")
    equal(tree.get("damon", "backend"), "inline")


def test_set_names_cannot_leave_the_tree(tree):
    before = tree.snapshot()
    for args in (("../reasons/damon", "workers=1"), ("damon", "../damon/workers=1"),
                 ("damon", ".=1"), ("damon", "..=1"), ("", "workers=1"),
                 (".", "stats=1"), ("damon/", "workers=1"),
                 ("x" * 5000, "workers=1"), ("damon", "x" * 5000 + "=1")):
        result = tree.run("set", *args)
        equal(result.status, 1)
        contains(result.err, "no such ")
    equal(tree.snapshot(), before)


# reset

def test_reset_all(tree):
    before = tree.snapshot()
    tree.done("set", "all", "backend=mt", "batch_size=9", "classes=file")
    equal(tree.done("reset"), "")
    equal(tree.snapshot(), before)


def test_reset_some(tree):
    tree.done("set", "all", "workers=9")
    tree.done("reset", "damon,demotion", "compaction")
    for reason in REASONS:
        equal(tree.get(reason, "workers"),
              "0" if reason in ("damon", "demotion", "compaction") else "9")


def test_reset_takes_defaults_from_the_kernel(tree):
    tree.write(f"{SYSFS}/defaults/batch_size", "64")
    tree.done("reset", "damon")
    equal(tree.get("damon", "batch_size"), "64")


def test_reset_writes_only_differences(tree):
    tree.write(f"{CONFIG}/reasons/damon/workers", "9")
    equal(tree.done("reset", "--dry-run"),
          f"echo 0 > {tree.root}/{CONFIG}/reasons/damon/workers\n")
    equal(tree.get("damon", "workers"), "9")


def test_reset_leaves_the_rest(tree):
    tree.done("set", "mt", "cpus=1")
    tree.done("set", "global", "stats=1")
    tree.done("reset")
    equal(tree.read(f"{CONFIG}/backends/mt/cpus"), "1\n")
    equal(tree.read(f"{CONFIG}/stats"), "1\n")


def test_reset_errors(tree):
    tree.fails(1, "mt: only reasons can be reset; the kernel states no "
                  "defaults for mt", args=["reset", "mt"])
    tree.write(f"{CONFIG}/reasons/damon/pacing", "1")
    tree.write(f"{CONFIG}/reasons/damon/workers", "9")
    tree.fails(1, "damon.pacing: the kernel states no default",
               args=["reset"])
    equal(tree.get("damon", "workers"), "9")


def test_reset_puts_back(tree):
    tree.done("set", "damon", "backend=mt", "workers=9")
    tree.fails(1, "damon.workers=0: not possible in the present state",
               "1 earlier change was put back", args=["reset"],
               fault=f"damon/workers:{EBUSY}")
    equal(tree.get("damon", "backend"), "mt")


# dry run and verbose

def test_dry_run_is_a_script(tree):
    args = ("set", "damon,demotion", "backend=mt", "batch_size=512",
            "classes=a'b c", "workers=-1", "min_pages=\\n")
    before = tree.snapshot()
    script = tree.done("--dry-run", *args)
    base = f"{tree.root}/{CONFIG}/reasons/damon"
    equal(script.splitlines()[:4],
          [f"echo mt > {base}/backend", f"echo 'a'\\''b c' > {base}/classes",
           f"printf '%s\\n' -1 > {base}/workers",
           f"printf '%s\\n' '\\n' > {base}/min_pages"])
    equal(tree.snapshot(), before)
    subprocess.run(["sh", "-e"], input=script, encoding="utf-8", check=True)
    by_shell = tree.snapshot()
    assert by_shell != before
    tree.run("reset")
    equal(tree.snapshot(), before)
    tree.done(*args)
    equal(tree.snapshot(), by_shell)


def test_verbose_reports_writes(tree):
    result = tree.run("-v", "set", "damon", "workers=1", "batch_size=512")
    equal((result.status, result.out), (0, ""))
    equal(result.err,
          f"echo 1 > {tree.root}/{CONFIG}/reasons/damon/workers\n")
    equal(tree.get("damon", "workers"), "1")


# backends

def test_backends_default(tree):
    equal(trim(tree.done("backends")),
          "NAME   MIN_PAGES BATCHES PAGES COPY_NS DECLINED USERS\n"
          "dma          256       0     0       0        0\n"
          "inline         0       0     0       0        0 all\n"
          "mt            64       0     0       0        0\n")


def test_backends_counters(tree):
    tree.done("set", "demotion", "backend=mt")
    for counter, value in (
            ("batches", 4), ("pages", 2048), ("bytes", 8 << 20),
            ("copy_ns", 12345678), ("helper_ns", 6000000000),
            ("declined_min", 1), ("declined_slot", 10),
            ("declined_busy", 100), ("declined_nomem", 1000),
            ("declined_error", 10000)):
        tree.write(f"{SYSFS}/backends/mt/{counter}", str(value))
    equal(tree.done("backends", "-o", "+HELPER_NS,bytes"),
          "NAME   MIN_PAGES BATCHES PAGES COPY_NS DECLINED USERS            "
          "HELPER_NS BYTES\n"
          "dma          256       0     0       0        0                  "
          "        0     0\n"
          "inline         0       0     0       0        0 all but demotion "
          "        0     0\n"
          "mt            64       4  2048  12.3ms    11111 demotion         "
          "       6s    8M\n")
    rows = json.loads(tree.done("backends", "-J", "-o", "+HELPER_NS,BYTES"))
    rows = rows["backends"]
    equal(rows[2], {"name": "mt", "min_pages": 64, "batches": 4, "pages": 2048,
                    "copy_ns": 12345678, "helper_ns": 6000000000,
                    "declined": 11111, "users": "demotion", "bytes": 8 << 20})
    equal(len(rows[1]["users"].split(",")), len(REASONS) - 1)


def test_backends_channels(tree):
    """Which only dma has."""
    tree.write(f"{SYSFS}/backends/dma/taken", "16")
    tree.write(f"{SYSFS}/backends/dma/timeouts", "3")
    equal(tree.done("backends", "-rno", "NAME,TAKEN,TIMEOUTS"),
          "dma 16 3\ninline - -\nmt - -\n")
    tree.done("set", "dma", "channels=16", "devices=0000:00:01.0,b")
    equal(tree.read(f"{CONFIG}/backends/dma/channels"), "16\n")
    equal(tree.read(f"{CONFIG}/backends/dma/devices"), "0000:00:01.0,b\n")


def test_backends_every_counter(tree):
    for number, counter in enumerate(fake_tree.COUNTERS):
        tree.write(f"{SYSFS}/backends/mt/{counter}", str(1000 + number))
    rows = json.loads(tree.done("backends", "-Jb", "--output-all"))
    shown = [value for value in rows["backends"][2].values()
             if isinstance(value, int)]
    for number in range(len(fake_tree.COUNTERS)):
        assert 1000 + number in shown, rows


def test_backends_folds_users(tree):
    tree.done("set", "demotion,memory_failure,syscall_or_cpuset,damon",
              "backend=mt")
    equal(tree.done("backends", "-n", "-o", "NAME,USERS"),
          "dma    \n"
          "inline all but damon,\n"
          "       demotion,\n"
          "       memory_failure,\n"
          "       syscall_or_cpuset\n"
          "mt     damon, demotion,\n"
          "       memory_failure,\n"
          "       syscall_or_cpuset\n")
    equal(tree.done("backends", "-rn", "-o", "NAME,USERS").splitlines()[2],
          "mt damon,demotion,memory_failure,syscall_or_cpuset")


def test_backends_fits_80_columns(tree):
    tree.done("set", "syscall_or_cpuset,memory_failure", "backend=mt")
    for counter in fake_tree.COUNTERS:
        tree.write(f"{SYSFS}/backends/mt/{counter}", "99999999")
    out = on_terminal(tree, 80, "backends", NO_COLOR="1")
    assert max(map(len, out.splitlines())) <= 80, out


def test_backends_bad_counter(tree):
    tree.write(f"{SYSFS}/backends/mt/pages", "many")
    result = tree.run("backends")
    equal(result.status, 1)
    contains(result.err, "backends/mt/pages: 'many' is not a number")


def test_backends_older_kernel(tree):
    """What it does not count is empty, and a sum has one part less."""
    for counter in ("batches", "copy_ns", "declined_busy"):
        os.unlink(tree.path(f"{SYSFS}/backends/mt/{counter}"))
    tree.write(f"{SYSFS}/backends/mt/declined_min", "3")
    equal(tree.done("backends", "-rn").splitlines()[2], "mt 64 - 0 - 3 ")
    row = json.loads(tree.done("backends", "-J"))["backends"][2]
    equal((row["batches"], row["copy_ns"], row["declined"]), (None, None, 3))


def test_backends_takes_no_argument(tree):
    tree.misused("backends: unexpected argument 'mt'", "backends", "mt",
                 hint="migratectl help backends")


# stat

IDLE = ("migratectl: note: every reason is at its default and no trial is "
        "live, so nothing is counted; 'migratectl set global stats=1' counts "
        "all the same\n")


def counting(tree):
    tree.write(f"{CONFIG}/stats", "1")
    tree.count("damon", cuts=300, succeeded=1234567, failed=7, pages=1000000,
               cut_ns=2 * 10 ** 9, copy_ns=10 ** 9, declined_min=3,
               declined_busy=50)
    tree.count("demotion", succeeded=99999, cut_ns=99999 * 1500)


def test_stat(tree):
    counting(tree)
    equal(trim(tree.done("stat", "damon,demotion", "mt")),
          "NAME     SUCCEEDED FAILED PAGES ENGAGED COPY_SHARE DECLINED\n"
          "damon         1.2M      7    1M   81.0%      50.0%       53\n"
          "demotion     99999      0     0      0%                   0\n"
          "mt               0      0     0                           0\n")
    equal(len(tree.done("stat", "-n").splitlines()), len(REASONS))


def test_stat_exact(tree):
    counting(tree)
    equal(tree.done("stat", "-rn", "damon", "demotion"),
          "damon 1234567 7 1000000 81.0% 50.0% 53\n"
          "demotion 99999 0 0 0% - 0\n")
    rows = json.loads(tree.done("stat", "-J", "-o", "+PAGE_NS,CAUSES,BACKEND",
                                "damon", "mt"))["counters"]
    equal(rows[0], {"name": "damon", "succeeded": 1234567, "failed": 7,
                    "pages": 1000000, "engaged": 0.81, "copy_share": 0.5,
                    "declined": 53, "page_ns": 1620, "backend": "inline",
                    "causes": "min:3 busy:50"})
    assert rows[1]["engaged"] is None and rows[1]["page_ns"] is None, rows
    assert rows[1]["backend"] is None and rows[1]["causes"] is None, rows


def test_stat_every_counter(tree):
    counting(tree)
    for number, counter in enumerate(COUNTERS):
        tree.count("damon", **{counter: 10 ** 12 + number})
    row = json.loads(tree.done("stat", "-J", "--output-all", "damon"))
    row = row["counters"][0]
    for number, counter in enumerate(COUNTERS):
        equal(row[counter], 10 ** 12 + number)


def test_stat_fits_80_columns(tree):
    counting(tree)
    for reason in REASONS:
        tree.count(reason, **dict.fromkeys(COUNTERS, 99999 * 10 ** 12))
    for args in ((), ("--interval", "0.1", "--count", "1")):
        out = on_terminal(tree, 80, "stat", *args, NO_COLOR="1")
        assert max(map(len, out.splitlines())) <= 80, out


def run_beside(tree, *args, until, change):
    """Starts the command, and makes a change once it has read @until."""
    command = [f"{BUILD}/migratectl", "--root", tree.root, *args]
    fifo = tree.path(until)
    text = open(fifo, encoding="ascii").read()
    os.unlink(fifo)
    os.mkfifo(fifo)
    with subprocess.Popen(command, env={**SANITIZER, "LC_ALL": "C"},
                          stdout=subprocess.PIPE, encoding="utf-8") as child:
        with open(fifo, "w", encoding="ascii") as file:
            # The command has it open: the next open finds the plain file.
            os.unlink(fifo)
            change()
            if not os.path.exists(fifo):
                fake_tree.write(tree.root, until, text.rstrip("\n"))
            file.write(text)
        out = child.communicate(timeout=60)[0]
    equal(child.returncode, 0)
    return out


def test_stat_interval(tree):
    counting(tree)

    def change():
        tree.count("damon", succeeded=1234567 + 1000, pages=1000000 + 500,
                   cut_ns=2 * 10 ** 9 + 4000, copy_ns=10 ** 9 + 1000,
                   declined_busy=52, declined_min=3)

    out = run_beside(tree, "stat", "-J", "--interval", "0.5", "--count", "1",
                     "-o", "+CAUSES,PAGE_NS,RATE,INTERVAL_NS", "damon",
                     until=f"{CONFIG}/reasons/damon/backend", change=change)
    row = json.loads(out)["counters"][0]
    rate, interval = row.pop("rate"), row.pop("interval_ns")
    equal(row, {"name": "damon", "succeeded": 1000, "failed": 0,
                "pages": 500, "engaged": 0.5, "copy_share": 0.25,
                "declined": 2, "causes": "busy:2", "page_ns": 4})
    assert 0.4e9 < interval < 30e9, interval
    expected = 1000 * os.sysconf("SC_PAGE_SIZE") * 1e9 / interval
    assert abs(rate - expected) <= 1 + expected / 1000, (rate, expected)


def test_stat_counter_started_anew(tree):
    """A backend that was unregistered and registered again."""
    counting(tree)
    tree.count("mt", batches=1000, pages=7)
    out = run_beside(tree, "stat", "-rn", "--interval", "0.1", "--count", "1",
                     "-o", "BATCHES,PAGES", "mt",
                     until=f"{SYSFS}/backends/mt/stale",
                     change=lambda: tree.count("mt", batches=4))
    equal(out, "4 0\n")


def test_stat_reports(tree):
    counting(tree)
    args = ("stat", "damon", "--interval", "0.1", "--count", "3")
    lines = tree.done(*args).splitlines()
    equal(len(lines), 3 * 2 + 2)
    contains(lines[0], " RATE")
    out = tree.done(*args, "-J")
    decoder, count = json.JSONDecoder(), 0
    while out:
        value, end = decoder.raw_decode(out)
        equal(value["schema"], 1)
        out, count = out[end:].lstrip(), count + 1
    equal(count, 3)
    equal(tree.done(*args, "-rn", "-o", "NAME"), "damon\n" * 3)


def test_stat_idle(tree):
    for args in (("stat",), ("watch", "--count", "1", "--interval", "0.1")):
        result = tree.run(*args)
        equal((result.status, result.err), (0, IDLE))
    tree.write(f"{CONFIG}/reasons/damon/workers", "1")
    tree.done("stat")


def test_stat_errors(tree):
    hint = {"hint": "migratectl help stat"}
    for seconds in ("0", "x", "", "1s", "1e9", "nan", "-1", "0.01"):
        tree.misused(f"--interval: '{seconds}' is not a number of seconds "
                     "from 0.1 to 86400", "stat", "--interval", seconds,
                     **hint)
    for count in ("0", "x", "", "-1", "1.5", "9" * 30):
        tree.misused(f"--count: '{count}' is not a number from 1 on", "stat",
                     "--interval", "1", "--count", count, **hint)
    tree.misused("--count needs --interval", "stat", "--count", "1", **hint)
    tree.misused("--output-file needs --prometheus", "stat", "--output-file",
                 "x", **hint)
    tree.misused("--prometheus and --interval exclude each other", "stat",
                 "--prometheus", "--interval", "1", **hint)
    tree.misused("--prometheus prints no table: -J, -r, -n, -b, -o and "
                 "--output-all do not apply", "stat", "--prometheus", "-J",
                 **hint)
    tree.fails(1, "global: has no counters; only reasons and backends do",
               args=["stat", "global"])
    tree.fails(1, "damn: no such reason or backend; did you mean 'damon'?",
               args=["stat", "damn"])
    tree.write(f"{SYSFS}/reasons/damon/stale", "many")
    for args in (("stat",), ("stat", "--prometheus"), ("watch",)):
        result = tree.run(*args)
        equal((result.status, result.out), (1, ""))
        contains(result.err, "reasons/damon/stale: 'many' is not a number")
    shutil.rmtree(tree.path(f"{SYSFS}/reasons/damon"))
    result = tree.run("stat")
    equal((result.status, result.out), (1, ""))
    contains(result.err, "reasons/damon/mismatched: No such file or directory")


def test_stat_older_kernel(tree):
    """What it does not count is empty, and so is what follows from it."""
    counting(tree)
    for counter in ("verified", "pages", "copy_ns", "declined_busy"):
        os.unlink(tree.path(f"{SYSFS}/reasons/damon/{counter}"))
    shown = "NAME,VERIFIED,PAGES,ENGAGED,COPY_SHARE,PAGE_NS,DECLINED"
    equal(trim(tree.done("stat", "-o", shown, "damon,demotion")),
          "NAME     VERIFIED PAGES ENGAGED COPY_SHARE PAGE_NS DECLINED\n"
          "damon                                        1.6us        3\n"
          "demotion        0     0      0%              1.5us        0\n")
    equal(tree.done("stat", "-rn", "-o", shown, "damon"),
          "damon - - - - 1.6us 3\n")
    row = json.loads(tree.done("stat", "-J", "-o", shown, "damon"))
    row = row["counters"][0]
    equal([row[name] for name in ("verified", "pages", "engaged",
                                  "copy_share")], [None] * 4)
    for counter in ("succeeded", "cut_ns"):
        os.unlink(tree.path(f"{SYSFS}/reasons/damon/{counter}"))
    equal(tree.done("stat", "-rn", "--interval", "0.1", "--count", "1", "-o",
                    "SUCCEEDED,RATE,PAGE_NS,CUT_NS", "damon"), "- - - -\n")




def test_stat_fails_later(tree):
    counting(tree)
    for args in (("stat", "--interval", "0.1"), ("watch", "--interval", "0.1")):
        text = tree.read(f"{SYSFS}/reasons/demotion/stale")
        command = subprocess.Popen(
            [f"{BUILD}/migratectl", "--root", tree.root, *args], env=SANITIZER,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        command.stdout.readline()
        tree.write(f"{SYSFS}/reasons/demotion/stale", "many")
        err = command.communicate(timeout=60)[1]
        equal(command.returncode, 1)
        contains(err, "is not a number")
        tree.write(f"{SYSFS}/reasons/demotion/stale", text.strip())


# stat --prometheus

# Debian's module is for Debian's Python, which may not be the first in PATH.
PARSER = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps([[f.name, f.type, f.documentation,
                   [[s.name, s.labels, s.value] for s in f.samples]]
                  for f in parse(sys.stdin.read())]))
"""


def parse_metrics(text):
    """What Prometheus' own parser makes of it."""
    done = subprocess.run(["/usr/bin/python3", "-c", PARSER], input=text,
                          stdout=subprocess.PIPE, encoding="utf-8", check=True)
    families = json.loads(done.stdout)
    names = [family[0] for family in families]
    equal(len(names), len(set(names)))
    return {name: {"type": kind, "help": text, "samples": samples}
            for name, kind, text, samples in families}


def test_prometheus(tree):
    counting(tree)
    for number, counter in enumerate(COUNTERS):
        tree.count("damon", **{counter: 1500000000 + number})
        tree.count("mt", **{counter: 500000000 + number})
    text = tree.done("stat", "--prometheus")
    metrics = parse_metrics(text)
    for number, counter in enumerate(COUNTERS):
        for owner, name, others, base in (
                ("reason", "damon", len(REASONS), 1500000000),
                ("backend", "mt", len(BACKENDS), 500000000)):
            seconds = counter.endswith("_ns")
            metric = f"migrate_policy_{owner}_{counter}"
            if seconds:
                metric = metric[:-3] + "_seconds"
            family = metrics.pop(metric)
            equal(family["type"], "counter")
            assert family["help"], family
            equal(len(family["samples"]), others)
            values = [value for sample, labels, value in family["samples"]
                      if sample == metric + "_total" and
                      labels == {owner: name}]
            equal(values, [(base + number) / (1e9 if seconds else 1)])
    equal(metrics.pop("migrate_policy_enabled")["samples"],
          [["migrate_policy_enabled", {}, 1]])
    equal(metrics.pop("migrate_policy_generation")["type"], "counter")
    info = metrics.pop("migrate_policy_reason_info")
    equal(len(info["samples"]), len(REASONS))
    equal(info["samples"][0][1:],
          [{"reason": "compaction", **fake_tree.DEFAULTS}, 1])
    equal(metrics, {})
    assert text.endswith("\n")


def test_prometheus_older_kernel(tree):
    """No sample stands for what is not counted."""
    os.unlink(tree.path(f"{SYSFS}/reasons/damon/verified"))
    for reason in REASONS:
        os.unlink(tree.path(f"{SYSFS}/reasons/{reason}/stale"))
    metrics = parse_metrics(tree.done("stat", "--prometheus"))
    samples = metrics["migrate_policy_reason_verified"]["samples"]
    equal(len(samples), len(REASONS) - 1)
    assert "migrate_policy_reason_stale" not in metrics
    equal(len(metrics["migrate_policy_backend_stale"]["samples"]),
          len(BACKENDS))


def test_prometheus_selection(tree):
    text = tree.done("stat", "--prometheus", "damon")
    assert "backend=\"mt\"" not in text and "demotion" not in text
    assert "migrate_policy_backend" not in text


def test_prometheus_escapes(tree):
    value = 'a"b\\c'
    tree.write(f"{CONFIG}/reasons/damon/classes", value + "\nd")
    metrics = parse_metrics(tree.done("stat", "--prometheus", "damon"))
    info = metrics["migrate_policy_reason_info"]["samples"][0]
    equal(info[1]["classes"], value + "\nd")


def test_prometheus_file(tree):
    path = tree.path("metrics.prom")
    os.umask(0o022)
    equal(tree.done("stat", "--prometheus", "--output-file", path), "")
    equal(open(path, encoding="ascii").read(),
          tree.done("stat", "--prometheus"))
    equal(os.stat(path).st_mode & 0o777, 0o644)
    os.umask(0o027)
    tree.done("stat", "--prometheus", "--output-file", path)
    os.umask(0o022)
    equal(os.stat(path).st_mode & 0o777, 0o640)
    inode = os.stat(path).st_ino
    tree.count("damon", succeeded=5)
    tree.done("stat", "--prometheus", "--output-file", path)
    assert os.stat(path).st_ino != inode
    contains(open(path, encoding="ascii").read(), 'reason="damon"} 5\n')
    equal([name for name in os.listdir(tree.root) if "prom" in name],
          ["metrics.prom"])


def test_prometheus_file_errors(tree):
    args = ["stat", "--prometheus", "--output-file"]
    tree.fails(1, "/nowhere/x.prom: cannot be created: No such file or "
                  "directory", args=[*args, "/nowhere/x.prom"])
    tree.fails(1, "/dev/null: not a regular file", args=[*args, "/dev/null"])
    tree.fails(1, f"{'x' * 64}...: File name too long",
               args=[*args, "x" * 5000])
    path = tree.path("old.prom")
    tree.write("old.prom", "old")
    tree.fails(1, f"{path}: cannot be written: Input/output error",
               args=[*args, path], fault=f"old.prom.*:5")
    equal(open(path, encoding="ascii").read(), "old\n")
    equal([name for name in os.listdir(tree.root) if "prom" in name],
          ["old.prom"])


# watch

def watch(tree, *args, columns=80, rows=24, **env):
    return Terminal([f"{BUILD}/migratectl", "--root", tree.root, "watch",
                     "--interval", "0.2", *args], columns, rows,
                    **{**SANITIZER, "LC_ALL": "C", "TERM": "vt100", **env})


def test_watch_screen(tree):
    counting(tree)
    with watch(tree) as screen:
        screen.wait_for(lambda s: "syscall_or_cpuset" in s.text())
        lines = screen.lines()
        assert re.match(r"migratectl watch   \d\d:\d\d:\d\d   every 0.2s   "
                        "q quits$", lines[0]), lines
        equal(lines[2].split(), "NAME BACKEND SUCCEEDED ENGAGED COPY_SHARE "
              "DECLINED RATE PAGE_NS".split())
        equal([line.split()[0] for line in lines[3:13]], sorted(REASONS))
        tree.count("damon", succeeded=1234567 + 400000, pages=1000000 + 400000)
        screen.wait_for(lambda s: re.search(
            r"^damon +inline +400k +100% .*[MG]", s.text(), re.M))
        screen.wait_for(lambda s: re.search(r"^damon +inline +0 ", s.text(),
                                            re.M))
        tree.write(f"{CONFIG}/reasons/damon/backend", "mt")
        screen.wait_for(lambda s: re.search(r"^damon +mt ", s.text(), re.M))
        screen.send(b"q")
        equal(screen.wait_exit(), 0)
        equal(screen.wraps, 0)


def test_messages_do_not_wrap(tree):
    """On a terminal they are broken between words; all words are there."""
    args = ["stat", "-o", "nosuch"]
    whole = tree.run(*args).err
    equal(len(whole.splitlines()), 2)
    for columns in (80, 120, 41):
        with Terminal([f"{BUILD}/migratectl", *args], columns,
                      **{**SANITIZER, "LC_ALL": "C"}) as screen:
            equal(screen.wait_exit(), 2)
            equal(screen.wraps, 0)
            equal(screen.text().split(), whole.split())
            lines = screen.lines()
            assert len(lines[0]) > columns - 20, lines
            assert re.match(r" {12}\w", lines[1]), lines
    with Terminal([f"{BUILD}/migratectl", *args], 39,
                  **{**SANITIZER, "LC_ALL": "C"}) as screen:
        equal(screen.wait_exit(), 2)
        assert screen.wraps
    with Terminal([f"{BUILD}/migratectl", "list", "-o", "x" * 90, "x" * 9],
                  **{**SANITIZER, "LC_ALL": "C"}) as screen:
        equal(screen.wait_exit(), 2)
        contains(screen.text().replace("\n", ""), "x" * 90)


def test_watch_sizes(tree):
    counting(tree)
    with watch(tree, columns=120, rows=30) as screen:
        screen.wait_for(lambda s: "syscall_or_cpuset" in s.text())
        screen.resize(30, 6)
        screen.wait_for(lambda s: s.lines()[5].startswith("damon"))
        equal(screen.lines()[2], "NAME              BACKEND SUCC")
        screen.resize(80, 24)
        screen.wait_for(lambda s: "PAGE_NS" in s.text())
        screen.resize(1, 1)
        screen.send(b"xQ")
        equal(screen.wait_exit(), 0)


def test_watch_is_left_by_signals(tree):
    counting(tree)
    for leave in (lambda s: s.send(b"\x03"),
                  lambda s: s.signal(signal.SIGTERM)):
        with watch(tree) as screen:
            before = termios.tcgetattr(screen.fd)
            screen.wait_for(lambda s: "damon" in s.text())
            assert termios.tcgetattr(screen.fd) != before
            leave(screen)
            equal(screen.wait_exit(), 0)


def test_watch_puts_the_terminal_back(tree):
    counting(tree)
    with watch(tree) as screen:
        before = termios.tcgetattr(screen.fd)
        screen.wait_for(lambda s: "damon" in s.text())
        assert termios.tcgetattr(screen.fd) != before
        tree.write(f"{SYSFS}/reasons/damon/stale", "many")
        equal(screen.wait_exit(), 1)
        contains(screen.seen, "is not a number")


def test_watch_ends(tree):
    counting(tree)
    with watch(tree, "--count", "2", "damon") as screen:
        equal(screen.wait_exit(), 0)
        contains(screen.seen, "damon")


def test_watch_unknown_terminal(tree):
    counting(tree)
    with watch(tree, TERM="nonesuch") as screen:
        equal(screen.wait_exit(), 1)
        contains(screen.seen, "the terminal type is not known")


def test_watch_without_terminal(tree):
    counting(tree)
    out = tree.done("watch", "--interval", "0.1", "--count", "2", "damon")
    equal(out.splitlines()[0].split()[:2], ["NAME", "BACKEND"])
    equal(len(out.splitlines()), 5)
    equal(tree.done("watch", "--interval", "0.1", "--count", "2", "-rn", "-o",
                    "NAME", "damon"), "damon\ndamon\n")


# calibrate

def settings(tree):
    return {path: value for path, value in tree.snapshot().items()
            if CONFIG in path}


def calibrate(tree, *args, numa="normal@0", fault=None, status=0):
    """Runs it without dma; the settings must be what they were, however it
    ends."""
    shutil.rmtree(tree.path(f"{CONFIG}/backends/dma"), ignore_errors=True)
    tree.done("set", "syscall_or_cpuset", "batch_size=7", "min_pages=9",
              "workers=3", "classes=file")
    before = settings(tree)
    result = tree.run("calibrate", *args, numa=numa, fault=fault)
    equal(result.status, status)
    equal(settings(tree), before)
    return result


def profile(text):
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def test_calibrate(tree):
    path = tree.path("measured.conf")
    result = calibrate(tree, "-o", path)
    equal(result.out, "")
    lines = result.err.splitlines()
    equal(len(lines), 8)
    equal(lines[0], "migratectl: mt, 4K folios, 32 pages a batch: 0.28 (0.28 "
          "to 0.28), slower")
    equal(lines[7], "migratectl: mt, 2M folios, 4096 pages a batch: 1.91 "
          "(1.91 to 1.91), faster")
    text = open(path, encoding="ascii").read()
    contains(text, "#   mt            2M   4096    1.91  (1.91 to 1.91)  faster")
    sections = profile(text)
    equal(sorted(sections), sorted([*REASONS, "profile"]))
    equal(sections["profile"]["summary"],
          "Measured here: mt pays from 512 pages on, up to 1.9 times as fast")
    equal(sections["demotion"], {"backend": "mt", "batch_size": "512",
                                 "min_pages": "512", "workers": "0"})
    equal(sections["compaction"]["backend"], "inline")
    for name, keys in sections.items():
        if name != "profile":
            tree.done("set", name, *(f"{key}={value}"
                                     for key, value in keys.items()))
    tree.done("profile", "check", path)
    tree.done("reset")
    tree.done("profile", "apply", path)
    equal(tree.get("demotion", "min_pages"), "512")


def test_calibrate_two_backends(tree):
    """One that declines everything is measured, and not chosen."""
    result = tree.run("calibrate", numa="normal@0")
    equal(result.status, 0)
    lines = result.err.splitlines()
    equal(len(lines), 16)
    for line in lines:
        equal(line.startswith("migratectl: dma, "), line.endswith("declined"))
    equal(profile(result.out)["demotion"]["backend"], "mt")


def test_calibrate_where_nothing_pays(tree):
    for numa, verdict in (("slow@0", "slower"), ("decline@0", "declined")):
        result = calibrate(tree, numa=numa)
        assert all(line.endswith(verdict)
                   for line in result.err.splitlines()), result
        sections = profile(result.out)
        contains(sections["profile"]["summary"], "no backend is faster")
        equal({keys.get("backend") for keys in sections.values()},
              {"inline", None})


def test_calibrate_without_huge_folios(tree):
    result = calibrate(tree, numa="small@0")
    equal(len(result.err.splitlines()), 5)
    contains(result.err, "huge folios: not measured: the kernel gave none")
    contains(result.out, "# Huge folios could not be measured.")


def test_calibrate_failures_put_settings_back(tree):
    for numa, text in (
            ("fail@1", "cannot move pages to node 1: Device or resource busy"),
            ("fail@30", "cannot move pages to node 0: Device or resource busy"),
            ("stay@11", "1 of 512 folios could not be moved to node 1"),
            ("uncounted@20", "the kernel counted fewer pages than were moved"),
            ("corrupt@200", "memory that was moved holds something else now; "
                            "stop using backend mt"),
            ("stop@1", "interrupted"), ("stop@250", "interrupted")):
        path = tree.path("measured.conf")
        result = calibrate(tree, "-o", path, numa=numa, status=1)
        contains(result.err.splitlines()[-1], f"calibrate: {text}")
        assert not os.path.exists(path)


def test_calibrate_unwritable_profile(tree):
    result = calibrate(tree, "-o", "/nowhere/x.conf", status=1)
    contains(result.err, "/nowhere/x.conf: cannot be created")


def test_calibrate_needs(tree):
    result = calibrate(tree, numa="lonely@0", status=1)
    contains(result.err, "cannot measure here: pages have to be moved between "
             "two memory nodes")
    equal(len(result.err.splitlines()), 1)
    tree.write(f"{SYSFS}/enabled", "0")
    result = tree.run("calibrate", numa="normal@0")
    equal(result.status, 1)
    contains(result.err, "migrate_policy=off")
    tree.write(f"{SYSFS}/enabled", "1")
    shutil.rmtree(tree.path(f"{CONFIG}/backends/mt"))
    contains(calibrate(tree, status=1).err, "no backend but inline")


def test_calibrate_refused_by_the_kernel(tree):
    """A write that fails: what was written before is put back."""
    for fault, text in (
            ("/stats:5@1", "global.stats=1: Input/output error"),
            ("cpuset/backend:5@9", "syscall_or_cpuset.backend=mt: "
                                   "Input/output error")):
        result = calibrate(tree, fault=fault, status=1)
        contains(result.err.splitlines()[-1], text)


def test_calibrate_cannot_put_back(tree):
    """The first write of min_pages is for measuring, the second is back."""
    tree.done("set", "syscall_or_cpuset", "min_pages=9", "workers=3")
    result = tree.run("calibrate", numa="fail@5",
                      fault="cpuset/min_pages:5@2")
    equal(result.status, 64)
    equal(result.err.splitlines()[-1], "migratectl: syscall_or_cpuset."
          "min_pages: could not be put back to '9'")
    equal(tree.get("syscall_or_cpuset", "min_pages"), "1")
    equal(tree.get("syscall_or_cpuset", "workers"), "3")
    equal(tree.read(f"{CONFIG}/stats"), "0\n")


def test_calibrate_usage(tree):
    hint = {"hint": "migratectl help calibrate"}
    tree.misused("calibrate: unexpected argument 'x'", "calibrate", "x",
                 **hint)
    tree.misused("calibrate: nothing is known without measuring; --dry-run "
                 "does not apply", "calibrate", "--dry-run", **hint)
    tree.misused("calibrate prints no table: -J, -r, -n, -b and --output-all "
                 "do not apply", "calibrate", "-J", **hint)


# the kernel as a whole

def test_policy_off_warns(tree):
    tree.write(f"{SYSFS}/enabled", "0")
    for args in (("set", "all", "workers=1"), ("reset",), ("list",)):
        result = tree.run(*args)
        equal(result.status, 0)
        equal(len(result.err.splitlines()), 1)
        contains(result.err, "migrate_policy=off")
    equal(tree.done("get", "damon.workers"), "0\n")


def test_no_migrate_policy(tree):
    shutil.rmtree(tree.path(SYSFS))
    for args in ((), ("get", "damon"), ("set", "damon", "workers=1"),
                 ("reset",), ("backends",), ("stat",), ("watch",),
                 ("stat", "--prometheus")):
        tree.fails(3, f"this kernel has no migrate_policy: {tree.root}/"
                      f"{SYSFS} does not exist (CONFIG_MIGRATE_POLICY is "
                      "needed)", args=args)


def test_no_configfs_below_root(tree):
    shutil.rmtree(tree.path("sys/kernel/config"))
    result = tree.run("list")
    equal(result.status, 3)
    contains(result.err, f"{CONFIG} does not exist")


def test_root_is_no_directory(tree):
    result = tree.run("--root", f"{tree.root}/{CONFIG}/stats", "list")
    equal(result.status, 1)
    contains(result.err, "Not a directory")


def test_running_kernel_without_support(tree):
    """Without --root: this machine, which may or may not have it."""
    done = subprocess.run([f"{BUILD}/migratectl", "list"], check=False,
                          env={**SANITIZER, "LC_ALL": "C"},
                          capture_output=True, encoding="utf-8", timeout=60)
    if os.path.isdir(f"/{SYSFS}"):
        equal(done.returncode, 0)
        contains(done.stdout, "demotion")
    else:
        equal(done.returncode, 3)
        contains(done.stderr, f" /{SYSFS} does not exist")
    assert tree


# options and help

def test_options_before_and_behind(tree):
    first = tree.done("-J", "list", "damon")
    equal(tree.done("list", "damon", "-J"), first)
    equal(tree.done("list", "--json", "--", "damon"), first)
    equal(tree.done("-n", "list", "-r", "damon"),
          "damon inline 512 0 0 anon,swapcache -\n")


def test_wrong_options(tree):
    tree.misused("no such option '--jsno'; did you mean '--json'?", "--jsno")
    tree.misused("no such option '-x'", "-x")
    tree.misused("no such option '-x'", "list", "-nx",
                 hint="migratectl help list")
    tree.misused("option '-o' needs an argument", "list", "-o",
                 hint="migratectl help list")
    tree.misused("option '--json=1' takes no argument", "--json=1")
    tree.misused("--json and --raw exclude each other", "list", "-Jr",
                 hint="migratectl help list")
    tree.misused("--output and --output-all exclude each other", "list",
                 "-o", "SET", "--output-all", hint="migratectl help list")
    tree.misused("-o: no such column 'BACKENT'; did you mean 'BACKEND'?",
                 "list", "-o", "+BACKENT", hint="migratectl help list")
    tree.misused("-o: no such column ''; known: REASON, BACKEND, "
                 "BATCH_SIZE, MIN_PAGES, WORKERS, CLASSES, SET, BATCH_BYTES, "
                 "STRICT, CHANGED", "list", "-o", "",
                 hint="migratectl help list")


def test_options_of_other_commands(tree):
    tree.misused("--interval does not apply to 'list'", "--interval", "1",
                 "list", hint="migratectl help list")
    tree.misused("--prometheus does not apply to 'watch'", "watch",
                 "--prometheus", hint="migratectl help watch")
    tree.misused("no such option '--prometeus'; did you mean '--prometheus'?",
                 "stat", "--prometeus", hint="migratectl help stat")
    result = tree.run("list", "--prometeus")
    equal(result.status, 2)
    assert "prometheus" not in result.err, result


def test_wrong_command(tree):
    tree.misused("no such command 'lst'; did you mean 'list'?", "lst")
    tree.misused("no such command 'rese'; did you mean 'reset'?", "help",
                 "rese")


def test_usage_errors_need_no_kernel(tree):
    shutil.rmtree(tree.path("sys"))
    equal(tree.run("set", "damon").status, 2)
    equal(tree.run("list", "-o", "X").status, 2)
    equal(tree.run("get").status, 2)


def test_help(tree):
    shutil.rmtree(tree.path("sys"))
    overview = tree.done("--help")
    equal(tree.done("help"), overview)
    equal(tree.done("-h"), overview)
    for command in commands(tree):
        contains(overview, f"\n  {command} ")
        text = tree.done("help", command)
        contains(text, f"Usage: migratectl [OPTION...] {command}")
        equal(tree.done(command, "--help"), text)
        for line in (overview + text).splitlines():
            assert len(line) <= 80, line


def test_help_of_subcommands(tree):
    shutil.rmtree(tree.path("sys"))
    equal(subcommands(tree),
          [f"trial {word}" for word in "run list record report clean".split()] +
          [f"profile {word}" for word in
           "list show cat check diff apply save".split()])
    for name in subcommands(tree):
        text = tree.done("help", *name.split())
        contains(text, f"Usage: migratectl [OPTION...] {name}")
        equal(tree.done(*name.split(), "--help"), text)
        for line in text.splitlines():
            assert len(line) <= 80, line
    hint = {"hint": "migratectl help profile"}
    tree.misused("profile: no such command 'aply'; did you mean 'apply'?",
                 "profile", "aply", **hint)
    tree.misused("profile: no such command 'lst'; did you mean 'list'?",
                 "help", "profile", "lst", **hint)
    tree.misused("profile: list|show|cat|check|diff|apply|save?", "profile",
                 **hint)
    tree.misused("help: one command at a time", "help", "set", "get",
                 hint="migratectl help help")


def test_version(tree):
    shutil.rmtree(tree.path("sys"))
    version = tree.done("version")
    assert re.fullmatch(r"migratectl \d+\.\d+\n", version), version
    equal(tree.done("-V"), version)
    equal(tree.done("--version"), version)


def test_full_stdout(tree):
    for args in (("list",), ("get", "damon"), ("help",),
                 ("set", "damon", "workers=1", "--dry-run")):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = tree.run(*args, stdout=full)
        equal(result.status, 1)
        contains(result.err, "No space left on device")


# the manual

def commands(tree):
    text = tree.done("help").split("Commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in text.splitlines()]


def subcommands(tree):
    return [f"{command} {word}" for command in commands(tree)
            for word in re.findall(rf"^  {command} (\w+) ",
                                   tree.done("help", command), re.M)]


def manual(page="migratectl.8"):
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tutf8", "-rHY=0", "-P-cbou",
         f"{os.path.dirname(BUILD)}/man/{page}"], capture_output=True, encoding="utf-8",
        check=True)
    equal(done.stderr, "")
    return done.stdout.replace("\u2010", "-").replace("\u2212", "-")


def test_manual_is_clean(tree):
    assert tree
    contains(manual(), "EXIT STATUS")
    contains(manual("migratectl.conf.5"), "WHERE PROFILES ARE")
    pages = glob.glob(f"{os.path.dirname(BUILD)}/man/*")
    equal(len(pages), 2)
    done = subprocess.run(["mandoc", "-T", "lint", *pages], encoding="utf-8",
                          stdout=subprocess.PIPE, check=False)
    # The line below NAME may not be broken.
    equal([line for line in done.stdout.splitlines()
           if "input text line longer than 80 bytes" not in line], [])


def test_manual_names_everything(tree):
    text = manual()
    flat = re.sub(r"\s+", " ", text)
    for command in commands(tree) + subcommands(tree):
        assert re.search(rf"^ +{command}\b", text, re.M), command
    overview = tree.done("help")
    texts = [overview] + [tree.done("help", name) for name in commands(tree)]
    for option in re.findall(r"^ .* (--[a-z-]+)", "\n".join(texts), re.M):
        contains(flat, option)
    for code in re.findall(r"^ *(\d+)  ", overview, re.M):
        assert re.search(rf"^ +{code} ", text, re.M), code
    for command in commands(tree) + subcommands(tree):
        for column in re.findall(r"^  [* ] ([A-Z_0-9]+)",
                                 tree.done("help", *command.split()), re.M):
            assert re.search(rf"\b{column}\b", flat), column
    for key in re.findall(r"^  ([a-z_]+) .*\n +of ",
                          tree.done("help", "set"), re.M):
        assert re.search(rf"^ +{key}\b", text, re.M), key


# completion

REPO = os.path.dirname(os.path.dirname(SOURCE))
# Sets the line up as bash does, and prints what it would offer.
BASH = """
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
for COMP_LINE; do
    COMP_POINT=${#COMP_LINE} COMPREPLY=()
    _migratectl
    echo "${COMPREPLY[@]}"
done
"""
ZSH = """
for line; do
    echo $(_migratectl_candidates "${(@s: :)line}")
done
"""


def command_in_path(tree):
    """A directory with a migratectl that works on the tree."""
    path = tree.path("bin")
    os.makedirs(path)
    with open(f"{path}/migratectl", "w", encoding="ascii") as file:
        file.write(f"#!/bin/sh\nexec {BUILD}/migratectl --root {tree.root} "
                   '"$@"\n')
    os.chmod(f"{path}/migratectl", 0o755)
    return f"{path}:{os.environ['PATH']}"


def complete(tree, shell, *lines):
    """What the shell offers for each of the lines."""
    script = tree.done("completion", shell)
    if shell == "zsh":
        script = "compdef() { : }\n" + script
    done = subprocess.run(
        [shell, "-c", script + (BASH if shell == "bash" else ZSH), shell,
         *lines], env={**SANITIZER, "PATH": command_in_path(tree)
                       if not os.path.exists(tree.path("bin")) else
                       f"{tree.path('bin')}:{os.environ['PATH']}"},
        capture_output=True, encoding="utf-8", timeout=120, check=True)
    equal(done.stderr, "")
    replies = done.stdout.split("\n")[:-1]
    equal(len(replies), len(lines))
    return [set(reply.split()) for reply in replies]


def offers(tree, *expected):
    """Pairs of a line and what bash has to offer for it."""
    got = complete(tree, "bash", *(line for line, _ in expected))
    for (line, words), reply in zip(expected, got):
        assert reply == set(words.split()), f"{line}: {reply}"


def test_completion_bash(tree):
    tree.write(f"{CONFIG}/reasons/newer/backend", "inline")
    for counter in COUNTERS:
        tree.write(f"{SYSFS}/reasons/newer/{counter}", "0")
    offers(
        tree, ("migratectl s", "set stat save"), ("migratectl -J wa", "watch"),
        ("migratectl list de", "demotion"), ("migratectl list ne", "newer"),
        ("migratectl set a", "all"), ("migratectl set gl", "global"),
        ("migratectl set demotion,da", "demotion,damon"),
        ("migratectl set damon b", "backend= batch_size="),
        ("migratectl set mt ", "cpus="), ("migratectl set global ", "stats="),
        ("migratectl set dma p", "poll_us= poll_pages="),
        ("migratectl set damon workers=1 backend=", "dma inline mt"),
        ("migratectl set global stats=", "0 1"),
        ("migratectl set damon classes=anon,s", "anon,swapcache anon,shmem"),
        ("migratectl get damon.w", "damon.workers"),
        ("migratectl stat --pro", "--prometheus"),
        ("migratectl list --pro", ""), ("migratectl list --js", "--json"),
        ("migratectl --inter", ""), ("migratectl stat --interval ", ""),
        ("migratectl list -o SE", "SET"),
        ("migratectl list -o S", "SET STRICT"),
        ("migratectl list -o SET,CH", "SET,CHANGED"),
        ("migratectl list -o +CH", "+CHANGED"),
        ("migratectl backends --output MIN", "MIN_PAGES"),
        ("migratectl --root / li", "list"), ("migratectl help ba", "backends"),
        ("migratectl completion z", "zsh"), ("migratectl version ", ""),
        ("migratectl trial re", "record report"),
        ("migratectl trial run --reason dem", "demotion"),
        ("migratectl trial run --arm ", "dma inline mt"),
        ("migratectl trial run --sto", "--stop-if-worse"),
        ("migratectl trial report -o P_", "P_VALUE P_FILES"),
        ("migratectl trial list -o TR", "TRIAL"),
        ("migratectl reset m", "memory_failure memory_hotplug "
                               "mempolicy_mbind"))


def test_completion_files(tree):
    os.mkdir(tree.path("here"))
    tree.write("here.conf", "")
    offers(tree, (f"migratectl --root {tree.root}/he", tree.path("here")),
           (f"migratectl calibrate -o {tree.root}/he",
            tree.path("here") + " " + tree.path("here.conf")),
           (f"migratectl stat --output-file {tree.root}/here.",
            tree.path("here.conf")),
           (f"migratectl trial report {tree.root}/here.",
            tree.path("here.conf")),
           (f"migratectl trial record -o {tree.root}/here.",
            tree.path("here.conf")),
           (f"migratectl trial run --plot {tree.root}/here.",
            tree.path("here.conf")))


def test_completion_without_kernel(tree):
    """The names that the tool knows stand in."""
    shutil.rmtree(tree.path("sys"))
    offers(tree, ("migratectl list d", "demotion damon"),
           ("migratectl set damon backend=", "inline mt"))


def test_completion_zsh(tree):
    lines = ("migratectl ", "migratectl list -", "migratectl list -o SET,",
             "migratectl set damon ", "migratectl set damon backend=",
             "migratectl get damon.", "migratectl stat ", "migratectl reset ")
    replies = complete(tree, "zsh", *lines)
    equal(replies[0], set(commands(tree)))
    assert {"--json", "-J", "--root"} <= replies[1], replies[1]
    assert {"SET,REASON", "SET,CHANGED"} <= replies[2], replies[2]
    equal(replies[3], {f"{key}=" for key in fake_tree.DEFAULTS})
    equal(replies[4], {f"backend={name}" for name in BACKENDS})
    equal(replies[5], {f"damon.{key}" for key in fake_tree.DEFAULTS})
    equal(replies[6], {*REASONS, *BACKENDS, "all"})
    equal(replies[7], {*REASONS, "all"})


def interactive(tree, shell, setup, *args):
    """A shell with the completion loaded, and a prompt."""
    with open(tree.path("completion"), "w", encoding="ascii") as file:
        file.write(tree.done("completion", shell))
    terminal = Terminal([shutil.which(shell), *args], PS1="> ", TERM="dumb",
                        HOME=tree.root, LC_ALL="C", **SANITIZER,
                        PATH=command_in_path(tree))
    terminal.send(f"{setup}. {tree.path('completion')}; echo rea''dy\r"
                  .encode())
    terminal.wait_for(lambda t: "ready" in t.text())
    return terminal


def test_completion_interactive(tree):
    for shell, setup, args in (
            ("bash", "", ("--norc", "--noprofile", "-i")),
            ("zsh", "autoload -U compinit; compinit -D -u; ", ("-f", "-i"))):
        with interactive(tree, shell, setup, *args) as terminal:
            terminal.send(b"migratectl backe\t-o NAM\t-n; echo do''ne\r")
            terminal.wait_for(lambda t: re.search(r"^done", t.text(), re.M))
            contains(terminal.text(), "migratectl backends -o NAME -n")
            contains(terminal.text(), "\ninline")
            terminal.send(b"migratectl set dam\tback\tm\t; "
                          b"echo no''w=$(migratectl get damon.backend)\r")
            terminal.wait_for(lambda t: "now=" in t.text())
            equal(tree.get("damon", "backend"), "mt")
        tree.done("reset")
        shutil.rmtree(tree.path("bin"))


def test_completion_is_clean(tree):
    script = tree.done("completion", "bash")
    done = subprocess.run(["shellcheck", "-s", "bash", "-"], input=script,
                          capture_output=True, encoding="utf-8", check=False)
    equal(done.stdout, "")
    with open("/dev/full", "w", encoding="ascii") as full:
        equal(tree.run("completion", "zsh", stdout=full).status, 1)


def test_completion_errors(tree):
    hint = {"hint": "migratectl help completion"}
    tree.misused("completion: for which shell, bash or zsh?", "completion",
                 **hint)
    tree.misused("completion: no such shell 'zhs'; did you mean 'zsh'?",
                 "completion", "zhs", **hint)


# agreement: help, manual, completion, ABI files, the kernel's sources

# Columns that are no setting and no counter.
OWN_COLUMNS = {
    "list": {"reason", "set", "changed", "batch_bytes"},
    "get": {"name", "key", "value", "default", "allowed", "help"},
    "backends": {"name", "users", "declined"},
    "stat": {"name", "engaged", "copy_share", "declined", "causes", "rate",
             "page_ns", "interval_ns"},
}
OWN_COLUMNS["watch"] = OWN_COLUMNS["stat"]
OWN_COLUMNS.update({
    "profile list": {"name", "summary", "settings", "file"},
    "profile show": {"name", "key", "value", "from"},
    "profile diff": {"name", "key", "now", "profile", "from"},
    "trial list": {"reason", "trial", "live", "share", "backend",
                   "batch_size", "min_pages", "workers", "classes", "strict",
                   "calls",
                   "cuts", "succeeded", "failed", "retries", "engaged",
                   "rate", "page_ns"},
    "trial run": {"file", "reason", "arm", "backend", "share", "calls", "cuts",
                  "folios", "succeeded", "failed", "retries", "engaged",
                  "copy_ns", "helper_ns", "rate", "rate_low", "rate_high",
                  "ratio", "ratio_low", "ratio_high", "p_value", "p_files",
                  "verdict"} | {
                      f"{what}_{quantile}{end}"
                      for what in ("page", "cut", "first", "away")
                      for quantile in ("p50", "p90", "p99")
                      for end in ("", "_low", "_high")},
})
OWN_COLUMNS["trial report"] = OWN_COLUMNS["trial run"]


def source(path):
    with open(f"{REPO}/{path}", encoding="utf-8") as file:
        return file.read()


def abi(name):
    return source(f"Documentation/ABI/testing/{name}")


def shell_function(tree, name, *args):
    """The words that a function of the completion prints."""
    script = tree.done("completion", "bash") + '\n"$@"\n'
    done = subprocess.run(["bash", "-c", script, "bash", name, *args],
                          stdout=subprocess.PIPE, encoding="ascii",
                          env={"PATH": "/usr/bin:/bin"}, check=False)
    return set(done.stdout.split())


def help_columns(tree, command):
    return {name.lower() for name in re.findall(
        r"^  [* ] ([A-Z_0-9]+) ", tree.done("help", *command.split()), re.M)}


def help_options(tree, *command):
    text = tree.done("help", *command)
    return set(re.findall(r"^ +(?:-., )?(--[a-z-]+)", text, re.M))


def help_keys(tree, owner):
    return set(re.findall(r"^  ([a-z_]+) .*\n +of " + owner + ":",
                          tree.done("help", "set"), re.M))


def test_agreement_on_reasons(tree):
    from_help = set(re.findall(r"^  ([a-z_]+) +\S", tree.done("help", "list")
                               .split("Reasons:")[1].split("\n\n")[0], re.M))
    equal(from_help, set(REASONS))
    equal(shell_function(tree, "_migratectl_reasons"), from_help)
    text = abi("configfs-migrate-policy").split("/reasons/<reason>/\n")[1]
    text = text.split("What:")[0]
    table = re.split(r"^\t\t=+  ?=+$", text, flags=re.M)[2]
    equal(set(re.findall(r"^\t\t([a-z_]+) ", table, re.M)), from_help)
    page = manual().split("\nREASONS\n")[1].split("\nKEYS\n")[0]
    equal(set(re.findall(r"^ {7}([a-z_]+)\b", page, re.M)), from_help)


def test_agreement_on_keys(tree):
    keys = help_keys(tree, "a reason")
    equal(keys, set(tree.read(f"{SYSFS}/features").split()))
    equal(keys, set(fake_tree.DEFAULTS))
    equal(keys, {key.lower() for key in re.findall(
        r"^\t\[MIGRATE_KEY_(\w+)\]", source("mm/migrate_policy.c"), re.M)})
    equal(keys, set(re.findall(r"^DEFAULT\((\w+),",
                               source("mm/migrate_policy_sysfs.c"), re.M)))
    text = abi("configfs-migrate-policy")
    equal(keys, set(re.findall(r"/reasons/<reason>/(\w+)$", text, re.M)))
    equal(help_keys(tree, "a backend"),
          set(re.findall(r"/backends/(?:mt|dma)/(\w+)$", text, re.M)))
    equal(help_keys(tree, "global"),
          set(re.findall(r"/migrate_policy/(\w+)$", text, re.M)))
    equal(keys, set(re.findall(r"/defaults/(\w+)$",
                               abi("sysfs-kernel-mm-migrate-policy"), re.M)))
    equal(shell_function(tree, "_migratectl_keys", "damon"), keys)
    for backend in ("mt", "dma"):
        equal(shell_function(tree, "_migratectl_keys", backend),
              set(BACKENDS[backend]))
    equal(shell_function(tree, "_migratectl_keys", "global"), {"stats"})


def test_agreement_on_counters(tree):
    counters = set(re.findall(r"^COUNTER\((\w+),",
                              source("mm/migrate_policy_sysfs.c"), re.M))
    equal(counters, set(COUNTERS))
    text = abi("sysfs-kernel-mm-migrate-policy")
    equal(counters, set(re.findall(r"/reasons/<reason>/(\w+)$", text, re.M)))
    equal(counters | {"min_pages"},
          set(re.findall(r"/backends/<backend>/(\w+)$", text, re.M)))
    for command in ("stat", "watch"):
        equal(help_columns(tree, command) - OWN_COLUMNS[command],
              counters | {"backend"})
    equal(help_columns(tree, "backends") - OWN_COLUMNS["backends"],
          counters | {"min_pages"} |
          set(re.findall(r"/backends/dma/(\w+)$", text, re.M)))
    equal(help_columns(tree, "list") - OWN_COLUMNS["list"],
          set(fake_tree.DEFAULTS))


def test_agreement_on_columns(tree):
    flat = re.sub(r"\s+", " ", manual().split("\nCOLUMNS\n")[1]
                  .split("\nEXIT STATUS\n")[0])
    known = set()
    for command in commands(tree) + subcommands(tree):
        columns = help_columns(tree, command)
        equal(command in OWN_COLUMNS, bool(columns))
        equal(shell_function(tree, "_migratectl_columns", command),
              {column.upper() for column in columns})
        known |= columns
    named = {word.lower() for word in re.findall(r"\b[A-Z][A-Z_0-9]+\b",
                                                 flat)}
    equal(named - {"json", "cpu", "command"}, known)


def test_agreement_on_commands_and_options(tree):
    names = set(commands(tree))
    equal(shell_function(tree, "_migratectl_commands"), names)
    page = manual()
    text = page.split("\nCOMMANDS\n")[1].split("\nOPTIONS\n")[0]
    equal(set(re.findall(r"^ {7}([a-z]+)\b", text, re.M)) & names, names)
    equal(set(re.findall(r"^ {7}((?:profile|trial) [a-z]+)\b", text, re.M)),
          set(subcommands(tree)))
    common = help_options(tree)
    every = set(common)
    for group in ("profile", "trial"):
        equal(shell_function(tree, "_migratectl_subcommands", group),
              {name.split()[1] for name in subcommands(tree)
               if name.split()[0] == group})
    for command in [*names, *subcommands(tree)]:
        own = help_options(tree, *command.split()) - {"--dry-run"}
        words = shell_function(tree, "_migratectl_options", command)
        equal({word for word in words if word.startswith("--")}, common | own)
        every |= own
    text = page.split("\nOPTIONS\n")[1].split("\nREASONS\n")[0]
    equal(set(re.findall(r"^ {7}(?:-., |-. \w+, )?(--[a-z-]+)", text, re.M)),
          every)


def run_test(number, name, function, make_tree):
    tree = make_tree()
    try:
        function(tree)
    except Exception:  # a test may fail in any way
        for line in traceback.format_exc().splitlines():
            print(f"# {line}")
        print(f"not ok {number} - {name}", flush=True)
        return False
    finally:
        tree.remove()
    print(f"ok {number} - {name}", flush=True)
    return True


def main(names, make_tree=Tree):
    global BUILD
    if len(sys.argv) < 2:
        sys.exit(f"usage: {os.path.basename(sys.argv[0])} DIR [NAME...]")
    BUILD = os.path.abspath(sys.argv[1])
    tests = [(name, function) for name, function in names.items()
             if name.startswith("test_") and callable(function) and
             (len(sys.argv) == 2 or name in sys.argv[2:])]
    print(f"TAP version 13\n1..{len(tests)}")
    passed = [run_test(number, *test, make_tree)
              for number, test in enumerate(tests, 1)]
    sys.exit(0 if passed and all(passed) else 1)


if __name__ == "__main__":
    main(globals())
