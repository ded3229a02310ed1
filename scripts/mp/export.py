# SPDX-License-Identifier: GPL-2.0-only
"""Turn the project into mails: a series of patches that can be reviewed one by
one, as git format-patch writes them.

Each file of the final tree, new or changed, belongs to exactly one mail, so
that no mail has to be undone by a later one. The order lets git bisect work:
the option that compiles the new files comes after all of them.
"""

import fnmatch
import os
import re
import shutil
from dataclasses import dataclass

from .common import HarnessError, REPO, SCRIPTS, need_tool, run
from .series import Tree, copy_file, new_files, patch_files, touched

MESSAGES = SCRIPTS / "messages"
GUIDE = "Documentation/admin-guide/mm/migrate_policy.rst"
IDENTITY = re.compile(r"^From: (.*) <(.*)>$\n^Date: (.*)$", re.MULTILINE)


@dataclass
class Mail:
    """What is in one mail: files by their names, and its text by the name of
    a file in scripts/messages/ or of a patch of the series."""
    text: str
    files: tuple


MAILS = (
    Mail("0001", ("include/linux/page-flags.h", "mm/internal.h")),
    Mail("model", ("mm/migrate_policy.[ch]", "mm/migrate_trial.[ch]",
                   "mm/migrate_result.c", "include/linux/*.h")),
    Mail("engine", ("mm/migrate_copy.[ch]", "mm/migrate_copy_debug.h",
                    "include/trace/events/*")),
    Mail("debug", ("mm/migrate_copy_fault.c", "mm/migrate_copy_verify.c")),
    Mail("configfs", ("mm/migrate_policy_configfs.c",
                      "mm/migrate_trial_configfs.[ch]",
                      "mm/migrate_policy_sysfs.c")),
    Mail("mt", ("mm/migrate_copy_mt.c",)),
    Mail("dma", ("mm/migrate_copy_dma*.[ch]",)),
    Mail("kunit", ("mm/tests/*", "mm/tests/.kunitconfig")),
    Mail("0002", ("mm/migrate.c",)),
    Mail("0003", ("mm/Kconfig*", "mm/Makefile")),
    Mail("docs", ("Documentation/*",)),
    Mail("selftests", ("tools/testing/selftests/*",)),
    Mail("0005", ("samples/*",)),
    Mail("maintainers", ("MAINTAINERS",)),
)
# The mail from which on the option exists.
WIRED = "0003"


def divide(names):
    """The files of each mail; a mail without any is left out."""
    rest = set(names)
    parts = []
    for mail in MAILS:
        part = sorted(name for name in rest if any(
            fnmatch.fnmatchcase(name, pattern) for pattern in mail.files))
        rest.difference_update(part)
        if part:
            parts.append((mail, part))
    if rest:
        raise HarnessError(f"no mail of the export takes {min(rest)}; see "
                           "MAILS in scripts/mp/export.py")
    return parts


def message(mail, series):
    """Subject and body of a mail, as for git commit."""
    if not mail.text.isdigit():
        text = (MESSAGES / f"{mail.text}.txt").read_text(encoding="utf-8")
        return text.partition("\n")[2]
    patch = next((path for path in patch_files(series)
                  if path.name.startswith(mail.text)), None)
    if patch is None:
        raise HarnessError(f"the series {series} has no patch {mail.text}")
    header = patch.read_text(encoding="utf-8").partition("\n---\n")[0]
    subject, _, body = header.partition("Subject: [PATCH] ")[2].partition(
        "\n\n")
    body = re.sub(r"^(Upstream-status|Signed-off-by): .*\n?", "", body,
                  flags=re.MULTILINE)
    return f"{' '.join(subject.split())}\n\n{body.strip()}\n"


def identity(series):
    """Name, address and date that the patches of a series have."""
    found = IDENTITY.search(patch_files(series)[0].read_text(encoding="utf-8"))
    return found.groups()


def git(folder, *args, author=None):
    """One git command in a repository of its own; its output."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("GIT_")}
    env.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
    name, address, date = author or ("export", "export@localhost", "")
    for who in ("AUTHOR", "COMMITTER"):
        env.update({f"GIT_{who}_NAME": name, f"GIT_{who}_EMAIL": address})
        if date:
            env[f"GIT_{who}_DATE"] = date
    result = run(["git", "-C", folder, "-c", "core.quotepath=off", *args],
                 env=env)
    if result.returncode:
        raise HarnessError(f"git {args[0]} failed:\n{result.stdout.strip()}")
    return result.stdout


def pristine(tree, series, folder, author):
    """A repository that has the kernel's own version of each file that a
    patch changes. The rest of the kernel would change nothing."""
    for name in {name for patch in patch_files(series)
                 for name in touched(patch)}:
        copy_file(tree.original(name), folder / name)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "The kernel", author=author)


def final(tree, series, folder):
    """All files as they are in the end; returns their names."""
    names = tree.stage(folder, series)
    return [name for name in names if not name.startswith(".git/")]


def commit_all(parts, source, repository, series, author):
    """One commit for each mail."""
    signed = f"\nSigned-off-by: {author[0]} <{author[1]}>\n"
    for mail, names in parts:
        for name in names:
            copy_file(source / name, repository / name)
        git(repository, "add", "-A", "-f")
        path = repository / ".git/message"
        path.write_text(message(mail, series).rstrip("\n") + "\n" + signed,
                        encoding="utf-8")
        git(repository, "commit", "-q", "-F", path, author=author)


def tables():
    """What was measured, as the administrator's guide has it: each table with
    the paragraphs before and after it."""
    text = (REPO / GUIDE).read_text(encoding="utf-8")
    section = re.search(r"^Measured\n=+\n\n(.*?)(?=^[^\n]+\n=+\n\n|\Z)", text,
                        re.MULTILINE | re.DOTALL)
    blocks = section[1].split("\n\n") if section else []
    places = [index for index, block in enumerate(blocks)
              if block.startswith("==")]
    if not places:
        raise HarnessError(f"{GUIDE} has no table of what was measured")
    return "\n\n".join("\n\n".join(blocks[place - 1:place + 2])
                       for place in places).strip()


def cover(parts):
    """Subject and body of the letter that goes before."""
    text = message(Mail("cover", ()), None)
    wired = [mail.text for mail, _ in parts].index(WIRED)
    text = text.replace("@TABLES@", tables()).replace("@WIRED@", str(wired))
    subject, _, body = text.partition("\n\n")
    return subject, body.strip()


def write_mails(repository, parts, out, author):
    """Let git write the mails, and put our words into the cover letter."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    base = git(repository, "rev-list", "--max-parents=0", "HEAD").strip()
    git(repository, "format-patch", "-q", "--cover-letter", "--no-signature",
        "--zero-commit", "--diff-algorithm=myers", "-o", out, f"{base}..HEAD",
        author=author)
    letter = next(out.glob("0000-*"))
    subject, body = cover(parts)
    letter.write_text(letter.read_text(encoding="utf-8")
                      .replace("*** SUBJECT HERE ***", subject)
                      .replace("*** BLURB HERE ***", body), encoding="utf-8")
    return sorted(path for path in out.glob("*.patch") if path != letter)


def export(path, series, out, tmp):
    """Write all mails; returns them with their parts."""
    tree = Tree(path)
    author = identity(series)
    source, repository = tmp / "final", tmp / "repository"
    source.mkdir()
    repository.mkdir()
    parts = divide(final(tree, series, source))
    pristine(tree, series, repository, author)
    commit_all(parts, source, repository, series, author)
    return parts, write_mails(repository, parts, out, author)


def check_am(path, series, mails, tmp):
    """Apply the mails to the pristine files with git am, and compare what
    comes out with the tree that was built and tested, bit by bit."""
    tree = Tree(path)
    repository = tmp / "am"
    repository.mkdir()
    author = identity(series)
    pristine(tree, series, repository, author)
    git(repository, "am", "-q", *mails, author=author)
    names = git(repository, "ls-files").splitlines()
    wanted = set(new_files()).union(*(touched(p) for p in patch_files(series)))
    different = sorted(wanted.symmetric_difference(names))
    different += [name for name in names if name in wanted and
                  (repository / name).read_bytes()
                  != (tree.path / name).read_bytes()]
    return different


def patterns(folder):
    """The files that MAINTAINERS names as ours and that are not there."""
    text = (folder / "MAINTAINERS").read_text(encoding="utf-8")
    entry = re.search(r"^MEMORY MANAGEMENT - MIGRATION POLICY\n(.*?)\n\n",
                      text, re.MULTILINE | re.DOTALL)[1]
    return [name for name in re.findall(r"^F:\t(.*)$", entry, re.MULTILINE)
            if not any(folder.glob(name.rstrip("/")))]


def compilers():
    """gcc, and clang 19; where this is missing, the clang that there is."""
    clang = "clang-19"
    if not shutil.which(clang):
        need_tool("clang", clang)
        clang = "clang"
    return ["gcc", clang]


def warnings(said):
    """The warnings and errors in what a compiler or sparse has said."""
    return [line for line in said if re.search(r"\b(warning|error):", line,
                                               re.IGNORECASE)]


def new_warnings(before, said):
    """What was not said before; lines of code may have moved meanwhile."""
    known = {re.sub(r":\d+", "", line) for line in before}
    return [line for line in said if re.sub(r":\d+", "", line) not in known]
