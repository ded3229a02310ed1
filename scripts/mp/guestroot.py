# SPDX-License-Identifier: GPL-2.0-only
"""The root of a guest that cannot use this machine's own: an initramfs.

Its programs are those of the distribution for the guest's architecture,
unpacked in the cache; nothing of it is installed on this machine. The folder is
also what is cross-built against.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import archive
from .common import HarnessError, SCRIPTS, cache_dir, locked, note, run

# A shell with its tools, file systems to be made, and what is built against.
PACKAGES = ("busybox-static", "e2fsprogs", "libext2fs2", "libcom-err2",
            "libblkid1", "libuuid1", "libss2", "libc6", "libnuma1",
            "libnuma-dev", "libsmartcols1", "libsmartcols-dev", "libjson-c5",
            "libjson-c-dev")
FOLDERS = ("dev", "proc", "sys", "run", "tmp", "mnt", "root", "lib/modules")


def root_folder(arch):
    """The unpacked packages; downloaded once. Remove it to have newer ones."""
    folder = cache_dir() / f"root-{arch.name}"
    names = folder / "packages"
    with locked("root"):
        if (names.exists()
                and names.read_text(encoding="ascii").split() == [*PACKAGES]):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        note(f"downloading programs of {arch.name} for the guest")
        unpack(arch, folder)
        names.write_text("\n".join(PACKAGES) + "\n", encoding="ascii")
    return folder


def unpack(arch, folder):
    """All packages in one folder, with names for what busybox can do."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix=".deb.", dir=cache_dir()) as tmp:
        for deb in archive.download_foreign(PACKAGES, arch.name, tmp):
            result = run(["dpkg-deb", "-x", deb, folder])
            if result.returncode:
                raise HarnessError(f"cannot unpack {deb.name}: {result.stdout}")
    (folder / "bin/sh").symlink_to("busybox")


def archive_of(folder, target, names):
    """Write a cpio archive of the named files of a folder, as root's."""
    with open(target, "wb") as out:
        result = subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc", "-R", "+0:+0"],
            input="\n".join(names), text=True, stdout=out, cwd=folder,
            stderr=subprocess.PIPE, check=False)
    if result.returncode:
        raise HarnessError(f"cannot pack {folder}: {result.stderr.strip()}")


def wanted(path):
    """Whether the guest has use for a file of the packages."""
    return not path.startswith(("usr/share", "usr/include")) \
        and not path.endswith((".a", ".pc"))


def initramfs(arch, target):
    """The guest's root with scripts/guest-init-ram as its first process."""
    folder = root_folder(arch)
    kept = folder.with_suffix(".cpio")
    if (not kept.exists()
            or kept.stat().st_mtime < (folder / "packages").stat().st_mtime):
        names = sorted(str(path.relative_to(folder))
                       for path in folder.rglob("*"))
        fresh = Path(f"{kept}.{os.getpid()}")
        archive_of(folder, fresh, filter(wanted, names))
        fresh.rename(kept)
    own = target.with_suffix(".init")
    own.mkdir()
    shutil.copy(SCRIPTS / "guest-init-ram", own / "init")
    archive_of(own, target, ["init"])
    # The kernel takes one archive behind the other.
    target.write_bytes(kept.read_bytes() + target.read_bytes())
    return target
