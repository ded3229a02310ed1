# SPDX-License-Identifier: GPL-2.0-only
"""The project as patches for quilt, such as a distribution's kernel package
keeps in debian/patches: one with the new files, then those of the series."""

import shutil
import tempfile
from pathlib import Path

from .common import HarnessError, REPO, need_tool, run
from .series import (copy_file, difference, digest, new_files, patch_files,
                     touched)

FOLDER = "migrate-policy"
FIRST = "0000-new-files.patch"
HEADER = """\
Description: per-reason page-migration policy, new files
 Nothing of it is built before the next patches name it in Kconfig and
 Makefiles.
Forwarded: no
---
"""


def new_files_patch(tmp):
    """The text of the patch that creates the new files."""
    names = new_files()
    for name in names:
        copy_file(REPO / name, tmp / "b" / name)
    (tmp / "a").mkdir()
    return HEADER + difference(names, tmp)


def write(series, out):
    """Write out/FOLDER/*.patch and out/series; returns the patches' names."""
    shutil.rmtree(out, ignore_errors=True)
    folder = out / FOLDER
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="migrate-policy.") as tmp:
        (folder / FIRST).write_text(new_files_patch(Path(tmp)),
                                    encoding="utf-8")
    for patch in patch_files(series):
        shutil.copy(patch, folder)
    names = [f"{FOLDER}/{path.name}" for path in sorted(folder.iterdir())]
    (out / "series").write_text("".join(f"{name}\n" for name in names),
                                encoding="ascii")
    return names


def apply(folder, out):
    """Apply them to a folder as dpkg-source does: in their order, no fuzz."""
    for name in (out / "series").read_text(encoding="ascii").splitlines():
        result = run([need_tool("patch", "patch"), "-p1", "--fuzz=0", "--forward",
                      "--batch", "--no-backup-if-mismatch", "--reject-file=-",
                      "-d", folder, "-i", out / name])
        if result.returncode:
            raise HarnessError(f"{name} does not apply: "
                               + result.stdout.strip())


def differing(tree, series, out, tmp):
    """Apply to the kernel's own version of each file that a patch changes, and
    compare with what the harness builds and tests, bit by bit; returns the
    names of the files that differ."""
    kernel, tested = tmp / "kernel", tmp / "tested"
    for name in {name for patch in patch_files(series)
                 for name in touched(patch)}:
        if tree.original(name).is_file():
            copy_file(tree.original(name), kernel / name)
    apply(kernel, out)
    names = set(tree.stage(tested, series)).union(
        str(path.relative_to(kernel)) for path in kernel.rglob("*")
        if path.is_file())
    return sorted(name for name in names
                  if digest(kernel / name) != digest(tested / name))
