# SPDX-License-Identifier: GPL-2.0-only
"""Get what a build needs: the distribution's packages and a kernel tree."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from . import archive
from .arch import ARCH
from .common import (DEFAULT_SERIES, HarnessError, SCRIPTS, SERIES, cache_dir,
                     need_space, need_tool, note, of_series, run)
from .series import STATE, Tree

UNPACKED_MIB = 2200

# What a build inside a tree leaves there; a tree with any of it cannot be
# used for builds elsewhere.
PRODUCTS = ("/.git", "/.config", "/include/config", "/include/generated",
            "/arch/*/include/generated", "/vmlinux*", "/Module.symvers",
            "*.o", "*.a", "*.ko", "*.mod", "*.cmd", "/" + STATE)


# What the line of a package ends with that is for one architecture.
FOR_ARCH = "; only with ARCH="


def wanted_packages(kdir):
    """The lines of scripts/packages, each a list of alternatives. The kernel's
    source is of use for the default series alone, and some are for one
    architecture."""
    lines = (SCRIPTS / "packages").read_text(encoding="utf-8").splitlines()
    names = [line.split()[0].split("|") for line in lines
             if line.strip() and not line.startswith("#")
             and line.partition(FOR_ARCH)[2] in ("", ARCH)]
    return [name for name in names
            if not name[0].startswith("linux-source-")
            or (SERIES == DEFAULT_SERIES and not kdir)]


def is_installed(package):
    """Whether dpkg has a package, in any architecture."""
    result = run(["dpkg-query", "-W", "-f", "${db:Status-Status} ", package])
    return result.returncode == 0 and "installed" in result.stdout.split()


def install_packages(kdir=None):
    """Install what is missing of the packages; nothing else is looked up."""
    if not shutil.which("dpkg-query"):
        raise HarnessError("this is no Debian: install what scripts/packages "
                           "names by hand, and name a kernel tree with KDIR")
    missing = [names[0] for names in wanted_packages(kdir)
               if not any(is_installed(name) for name in names)]
    if not missing:
        return
    note("installing " + " ".join(missing))
    sudo = [] if os.geteuid() == 0 else [need_tool("sudo", "sudo")]
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = [*sudo, "apt-get", "install", "-y", "--no-install-recommends",
               *missing]
    result = run(install, env=env)
    if result.returncode:
        # The lists may be old, or not there at all.
        run([*sudo, "apt-get", "update"], env=env)
        result = run(install, env=env)
    if result.returncode:
        said = [line for line in result.stdout.splitlines()
                if line.startswith("E:")] or ["apt-get failed"]
        raise HarnessError(f"cannot install {' '.join(missing)} ({said[0]}); "
                           "check the network and apt's sources, or install "
                           "them by hand")


def package_tree():
    """The tree of the distribution's linux-source package: the installed one
    of the default series, the backported one of another."""
    name = f"linux-source-{SERIES}"
    return (installed_tree(name) if SERIES == DEFAULT_SERIES
            else backported_tree(name))


def installed_tree(name):
    """The tree of an installed package, unpacked once for each version."""
    version = run(["dpkg-query", "-W", "-f", "${Version}", name])
    tarball = Path(f"/usr/src/{name}.tar.xz")
    if version.returncode or not tarball.is_file():
        raise HarnessError(f"{tarball} is missing; install {name}, or name a "
                           "kernel tree with KDIR")
    target = tree_of_version(name, version.stdout.strip())
    if not target.is_dir():
        note(f"unpacking {tarball.name} {version.stdout.strip()}")
        unpack(tarball, name, target)
    return target


def backported_tree(name):
    """The tree of a package that is downloaded once; remove the tree to have
    a newer one."""
    trees = sorted(cache_dir().glob(f"{name}_*"), key=os.path.getmtime)
    if trees:
        return trees[-1]
    with tempfile.TemporaryDirectory(prefix=".deb.", dir=cache_dir()) as tmp:
        deb = archive.download(name, Path(tmp))
        target = tree_of_version(name, deb.name.split("_")[1])
        note(f"unpacking {deb.name}")
        tarball = archive.extract(deb, f"usr/src/{name}.tar.xz", Path(tmp))
        unpack(tarball, name, target)
    return target


def tree_of_version(name, version):
    """Where the tree of a package's version is kept."""
    return cache_dir() / f"{name}_{re.sub(r'[^a-zA-Z0-9_.+-]', '_', version)}"


def unpack(tarball, name, target):
    """Unpack a tree beside its place, then move it there."""
    need_space(cache_dir(), UNPACKED_MIB, f"unpacking {name}")
    with tempfile.TemporaryDirectory(prefix=".unpack.", dir=cache_dir()) as tmp:
        result = run(["tar", "-C", tmp, "-xf", tarball])
        if result.returncode:
            raise HarnessError(f"cannot unpack {tarball}: "
                               + result.stdout.strip().splitlines()[-1])
        (Path(tmp) / name).rename(target)


# What the new files use and early releases of the series do not have.
NEEDED = (("include/linux/mm.h", "folio_expected_ref_count"),
          ("include/linux/workqueue.h", "WQ_PERCPU"))


def copied_tree(kdir):
    """A copy of the user's own tree; the user's stays as it is.

    What this project has put into the copy is left out of the comparison,
    except that the originals of patched files follow the user's tree.
    """
    kdir = Path(kdir).absolute()
    if not (kdir / "mm/migrate.c").is_file():
        raise HarnessError(f"KDIR={kdir} is no kernel source tree: "
                           "it has no mm/migrate.c")
    for name, symbol in NEEDED:
        file = kdir / name
        if not file.is_file() or symbol not in file.read_text(
                encoding="utf-8", errors="replace"):
            raise HarnessError(f"KDIR={kdir} is too old: {name} has no "
                               f"{symbol}; take Linux 6.12.117, a later 6.12, "
                               "or a newer series")
    if (kdir / STATE).exists():
        raise HarnessError(f"KDIR={kdir} has the project in it already; take "
                           f"it out with scripts/apply --remove {kdir}")
    key = hashlib.sha256(str(kdir).encode()).hexdigest()[:12]
    target = cache_dir() / f"kdir-{kdir.name}-{key}"
    if not target.is_dir():
        need_space(cache_dir(), UNPACKED_MIB, f"a copy of {kdir}")
        note(f"copying {kdir}")
    originals = target / STATE / "orig"
    managed = Tree(target).manifest if target.is_dir() else {}
    with tempfile.NamedTemporaryFile("w", suffix=".exclude") as skip:
        skip.writelines(f"{name}\n" for name in PRODUCTS)
        skip.writelines(f"/{name}\n" for name in managed)
        skip.flush()
        sync(["--delete", f"--exclude-from={skip.name}", f"{kdir}/", target])
    for name in managed:
        if (originals / name).exists() and (kdir / name).exists():
            sync(["--checksum", kdir / name, originals / name])
    if any((target / name).exists() for name in ("scripts/basic/fixdep",
                                                 "scripts/kconfig/conf")):
        run(["make", "-C", target, "mrproper"])
    return target


def sync(args):
    """One rsync, or what it complained about."""
    result = run([need_tool("rsync", "rsync"), "-a", *args])
    if result.returncode:
        raise HarnessError("cannot copy the tree: "
                           + result.stdout.strip().splitlines()[0])


def fetch(kdir=None):
    """Everything that a build starts from; returns the tree, not applied."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    install_packages(kdir)
    tree = copied_tree(kdir) if kdir else package_tree()
    link = cache_dir() / of_series("src")
    fresh = cache_dir() / of_series(".src")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(tree.name)
    os.replace(fresh, link)
    return tree


def current_tree():
    """The tree that was fetched last."""
    link = cache_dir() / of_series("src")
    if not link.exists():
        raise HarnessError("there is no kernel source yet; run make kernel"
                           + (f" SERIES={SERIES}" if os.environ.get("SERIES")
                              else ""))
    return link.resolve()
