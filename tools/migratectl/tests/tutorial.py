# SPDX-License-Identifier: GPL-2.0-only
"""
Runs the commands of a section of a document and compares what they print with
what the document says. A command stands behind "# " in an indented block, and
goes on behind "> "; what follows is its output. Figures and the width of
columns may differ, and nothing else. A line "..." stands for any lines.
"""
import difflib
import re
import subprocess

TITLE = "From question to profile"
MARK = "==== tutorial:"


def section(text, title):
    """The lines below a heading, up to the next one of its kind."""
    start = re.search(rf"^{re.escape(title)}\n(=+)\n", text, re.M)
    assert start, f"no section '{title}'"
    end = re.search(r"^.+\n=+\n", text[start.end():], re.M)
    return text[start.end():start.end() + end.start() if end else None]


def commands(text):
    """Pairs of a command and its output, in order."""
    found = []
    for line in text.splitlines():
        if not line.startswith("    "):
            continue
        line = line[4:]
        if line.startswith("# "):
            found.append((line[2:], []))
        elif line.startswith("> "):
            command, output = found.pop()
            assert not output, line
            found.append((f"{command}\n{line[2:]}", []))
        elif found:
            found[-1][1].append(line)
    return found


def plain(line):
    """Without figures, units and the width of columns. A p-value that is too
    small to be told is a figure, too."""
    line = re.sub(r"\033\[\d*m", "", line).replace("p < 0.001", "p = 0.000")
    line = re.sub(r"<?\b\d[\d.]*(?:[kMGTPE]|ns|us|ms|s|x|%)?(?!\w)", "N", line)
    return re.sub(r"\s+", " ", line).strip()


def same(expected, got):
    """Whether the output is as it should be; else what differs."""
    expected = [plain(line) for line in expected if line.strip()]
    got = [plain(line) for line in got if line.strip()]
    if "..." in expected:
        at = expected.index("...")
        tail = len(expected) - at - 1
        if len(got) >= len(expected) - 1:
            got[at:len(got) - tail] = ["..."]
    return "\n".join(difflib.unified_diff(expected, got, "document", "output",
                                          lineterm="", n=9))


def outputs(pairs):
    """What each of the commands prints, in one shell."""
    script = "".join(f"echo '{MARK}'\n{command}\n" for command, _ in pairs)
    script += f"echo '{MARK}'\nkill $(jobs -p) 2>/dev/null\nexit 0\n"
    done = subprocess.run(["bash", "-c", script], encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=600, check=True)
    parts = re.split(rf"^{MARK}\n", done.stdout, flags=re.M)[1:]
    assert len(parts) == len(pairs) + 1, done.stdout
    return [part.splitlines() for part in parts[:-1]]


def run(text, title):
    """Runs all of them; returns what differs, command by command, each with
    what the machine printed."""
    pairs = commands(section(text, title))
    assert pairs, title
    return ["\n".join([f"# {command}", *got, difference])
            for (command, expected), got in zip(pairs, outputs(pairs))
            if (difference := same(expected, got))]
