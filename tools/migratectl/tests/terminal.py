# SPDX-License-Identifier: GPL-2.0-only
"""
A terminal for the tests: runs a command on a pseudo terminal, sends keys,
changes the size, and keeps the screen as a VT100 would show it.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

SEQUENCE = re.compile(r"\x1b(?:\[([?0-9;]*)([A-Za-z])|[()][A-B0]|[=>78DEHMc])")
TIMEOUT = 120


class Terminal:
    """The command is killed at the end of a with block."""

    def __init__(self, args, columns=80, rows=24, **env):
        self.columns, self.rows = columns, rows
        self.pending, self.seen = "", ""
        self.wraps = 0
        self.clear()
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.clear()
            os.environ.update(env)
            self.set_size(0, columns, rows)
            os.execv(args[0], args)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    @staticmethod
    def set_size(fd, columns, rows):
        fcntl.ioctl(fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.clear()
        self.set_size(self.fd, columns, rows)

    def clear(self):
        self.cells = [[" "] * self.columns for _ in range(self.rows)]
        self.x = self.y = 0

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    def text(self):
        return "\n".join(self.lines())

    def send(self, keys):
        os.write(self.fd, keys)

    def signal(self, number):
        os.kill(self.pid, number)

    def pump(self, seconds):
        """Takes in what the command writes; False at its end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.feed(data.decode("utf-8", "replace"))
        return bool(data)

    def wait_for(self, condition):
        """Until the screen is as it should be."""
        end = time.monotonic() + TIMEOUT
        while not condition(self):
            assert time.monotonic() < end, f"never seen; now:\n{self.text()}"
            assert self.pump(0.1), f"ended early:\n{self.text()}\n{self.seen}"

    def wait_exit(self):
        end = time.monotonic() + TIMEOUT
        while self.pump(0.1):
            assert time.monotonic() < end, f"does not end:\n{self.text()}"
        status = os.waitpid(self.pid, 0)[1]
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def feed(self, data):
        self.seen += data
        data = self.pending + data
        at = 0
        while at < len(data):
            if data[at] != "\x1b":
                self.put(data[at])
                at += 1
                continue
            match = SEQUENCE.match(data, at)
            if not match:
                break
            self.obey(match[1], match[2])
            at = match.end()
        self.pending = data[at:]
        assert len(self.pending) < 16, f"unknown sequence {self.pending!r}"

    def put(self, char):
        if char == "\r":
            self.x = 0
        elif char == "\n":
            self.y = min(self.y + 1, self.rows - 1)
        elif char == "\b":
            self.x = max(self.x - 1, 0)
        elif char >= " " and self.y < self.rows:
            if self.x == self.columns:
                self.wraps += 1
                self.x, self.y = 0, min(self.y + 1, self.rows - 1)
            self.cells[self.y][self.x] = char
            self.x += 1

    def obey(self, numbers, letter):
        if not letter or numbers.startswith("?"):
            return
        arg = [int(n or 0) for n in numbers.split(";")]
        step = max(arg[0], 1)
        if letter == "H":
            self.y = min(step, self.rows) - 1
            self.x = min(max(arg[1] if len(arg) > 1 else 1, 1),
                         self.columns) - 1
        elif letter in "AB":
            self.y += -step if letter == "A" else step
        elif letter in "CD":
            self.x += step if letter == "C" else -step
        elif letter in "JK":
            self.erase(letter, arg[0])
        else:
            assert letter in "mrhl", f"unknown sequence {numbers}{letter}"
        # What was written for another size may point beyond this one.
        self.y = min(max(self.y, 0), self.rows - 1)
        self.x = min(max(self.x, 0), self.columns - 1)

    def erase(self, letter, which):
        first = 0 if which else self.x
        last = self.x + 1 if which == 1 else self.columns
        for x in range(first, last):
            self.cells[self.y][x] = " "
        if letter == "J":
            rows = {0: range(self.y + 1, self.rows), 1: range(self.y),
                    2: range(self.rows)}[which]
            for y in rows:
                self.cells[y] = [" "] * self.columns
