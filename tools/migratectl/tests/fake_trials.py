# SPDX-License-Identifier: GPL-2.0-only
"""
What a kernel with trials counts, for the tests of trial: a thread that sees
which trials of a fake tree are live, draws calls for them, and writes their
results. The time of a call follows a log-normal distribution.
"""
import collections
import os
import random
import threading
import time

from fake_tree import CONFIG

HISTOGRAMS = ("hist_page_ns", "hist_cut_ns", "hist_first_ns", "hist_away_ns")
PAGES = 64
TICK = 0.02


def bucket(value):
    """The lower end of the bucket: four to each power of two."""
    value = int(value)
    if value < 4:
        return value
    power = value.bit_length() - 1
    return value >> (power - 2) << (power - 2)


class Arm:
    """Counters and histograms of one directory."""

    def __init__(self, path):
        self.path = path
        self.counters = collections.Counter()
        self.hist = {name: collections.Counter() for name in HISTOGRAMS}

    def count(self, page_ns, engaged):
        cut_ns = int(page_ns * PAGES)
        self.counters.update(
            calls=1, cuts=1, folios=PAGES, pages=PAGES, succeeded=PAGES,
            failed=0, retries=0, engaged_pages=engaged, offered=PAGES,
            cut_ns=cut_ns, first_ns=cut_ns // 2, away_ns=cut_ns, copy_ns=0,
            helper_ns=0)
        for name, value in zip(HISTOGRAMS, (page_ns, cut_ns, cut_ns / 2,
                                            cut_ns)):
            self.hist[name][bucket(value)] += 1

    def replace(self, name, text):
        """As one step: nobody ever reads half of it."""
        results = os.path.join(self.path, "results")
        temporary = os.path.join(os.path.dirname(self.path), f".{name}")
        if not os.path.isdir(results):
            return
        with open(temporary, "w", encoding="ascii") as file:
            file.write(text)
        try:
            os.rename(temporary, os.path.join(results, name))
        except FileNotFoundError:
            os.unlink(temporary)

    def publish(self):
        self.replace("summary", "".join(f"{key} {value}\n" for key, value in
                                        self.counters.items()))
        for name, hist in self.hist.items():
            self.replace(name, "".join(f"{lower} {count}\n" for lower, count
                                       in sorted(hist.items())))


class Kernel:
    """
    With calls a second for a reason. A backend takes @times[backend] as long
    as inline and copies @engaged of its pages. In a with block it runs.
    """

    def __init__(self, root, reason="demotion", calls=20000, times=None,
                 engaged=1.0, seed=1):
        self.base = os.path.join(root, CONFIG, "reasons", reason)
        self.calls, self.engaged = calls, engaged
        self.times = times or {}
        self.random = random.Random(seed)
        self.arms = {}
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        prepare(root)

    def value(self, path, key):
        """None while a directory comes or goes."""
        try:
            with open(os.path.join(path, key), encoding="ascii") as file:
                return file.read().strip()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def live(self):
        """Arms and their shares, the control first."""
        trials = os.path.join(self.base, "trials")
        shares = {}
        for name in os.listdir(trials):
            path = os.path.join(trials, name)
            if self.value(path, "live") == "1":
                shares[path] = int(self.value(path, "share") or 0)
        return {self.base: 100 - sum(shares.values()), **shares}

    def tick(self):
        shares = self.live()
        for path in [path for path in self.arms if path not in shares]:
            del self.arms[path]
        if len(shares) < 2:
            return
        paths = self.random.choices(list(shares), list(shares.values()),
                                    k=int(self.calls * TICK))
        backends = {path: self.value(path, "backend") or "inline"
                    for path in shares}
        for path in paths:
            backend = backends[path]
            self.arms.setdefault(path, Arm(path)).count(
                self.random.lognormvariate(7, 0.4) *
                self.times.get(backend, 1),
                int(PAGES * self.engaged) if backend != "inline" else 0)
        for arm in self.arms.values():
            arm.publish()

    def run(self):
        while not self.stop.is_set():
            self.tick()
            time.sleep(TICK)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def prepare(root):
    """What every reason has of trials before there is one."""
    reasons = os.path.join(root, CONFIG, "reasons")
    for reason in os.listdir(reasons):
        os.makedirs(f"{reasons}/{reason}/trials", exist_ok=True)
        os.makedirs(f"{reasons}/{reason}/results", exist_ok=True)
        for name in ("summary", *HISTOGRAMS):
            path = f"{reasons}/{reason}/results/{name}"
            if not os.path.exists(path):
                with open(path, "w", encoding="ascii"):
                    pass
