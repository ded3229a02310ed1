# SPDX-License-Identifier: GPL-2.0-only
"""Download a package that the machine's own release does not have.

It comes from the same archive as the release's own packages: out of the
backports suite of this release or a later one, or out of the release itself
for another architecture. apt is given lists and configuration of its own in the
cache: what the machine installs from stays as it is, and nothing is trusted but
the distribution's archive keyring.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

from .common import HarnessError, cache_dir, need_tool, note, run

# Debian's releases from the oldest that the harness runs on.
RELEASES = ("bookworm", "trixie", "forky")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def release():
    """The code name of the machine's own release."""
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r'^VERSION_CODENAME="?(\w+)', text, re.MULTILINE)
    if not found or found[1] not in RELEASES:
        raise HarnessError("this is no Debian that the harness knows the "
                           "backports of; name a kernel tree with KDIR")
    return found[1]


def suites():
    """Where to look, in this order."""
    return [f"{name}-backports"
            for name in RELEASES[RELEASES.index(release()):]]


def configured_archive(listed):
    """The address that the release's own packages come from, by what
    `apt-get indextargets` says: code name, origin and address a line."""
    for line in listed.splitlines():
        codename, origin, uri = line.split(maxsplit=2)
        if codename == release() and origin == "Debian":
            return uri
    return None


def archive():
    """The same, once apt has lists at all."""
    ask = ["apt-get", "indextargets", "--format",
           "$(CODENAME) $(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    uri = configured_archive(run(ask).stdout)
    if uri is None:
        sudo = [] if os.geteuid() == 0 else [need_tool("sudo", "sudo")]
        run([*sudo, "apt-get", "update"])
        uri = configured_archive(run(ask).stdout)
    if uri is None:
        raise HarnessError(f"apt is configured for no archive of {release()}; "
                           "name a kernel tree with KDIR")
    return uri


def private_apt(root, suite):
    """The options that let apt know one suite and nothing else."""
    if not KEYRING.is_file():
        raise HarnessError(f"{KEYRING} is missing; install the package "
                           "debian-archive-keyring")
    for name in ("lists/partial", "cache/archives/partial"):
        (root / name).mkdir(parents=True, exist_ok=True)
    sources = root / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {archive()} {suite} main\n",
                       encoding="ascii")
    options = {"Dir::Etc::SourceList": sources, "Dir::Etc::SourceParts": "-",
               "Dir::State::Lists": root / "lists",
               "Dir::Cache": root / "cache", "APT::Sandbox::User": ""}
    return [word for name, value in options.items()
            for word in ("-o", f"{name}={value}")]


def complaint(result):
    """What apt said last."""
    said = [line for line in result.stdout.splitlines()
            if line.startswith(("E:", "W:"))]
    return said[0] if said else "apt-get failed"


def download(package, folder):
    """Put a package's file into a folder; returns its path."""
    said = []
    for suite in suites():
        with tempfile.TemporaryDirectory(prefix=".apt.",
                                         dir=cache_dir()) as tmp:
            options = private_apt(Path(tmp), suite)
            note(f"looking for {package} in {suite}")
            for command in (["update"], ["download", package]):
                result = run(["apt-get", *options, *command], cwd=folder)
                if result.returncode:
                    said.append(f"{suite}: {complaint(result)}")
                    break
            else:
                return next(Path(folder).glob(f"{package}_*.deb"))
    raise HarnessError(f"cannot get {package} ({'; '.join(said)}); check the "
                       "network, or name a kernel tree with KDIR")


def download_foreign(packages, architecture, folder):
    """Put the release's own packages of another architecture into a folder;
    returns their paths."""
    with tempfile.TemporaryDirectory(prefix=".apt.", dir=cache_dir()) as tmp:
        # What is installed here is of this machine's architecture.
        (Path(tmp) / "status").touch()
        options = [*private_apt(Path(tmp), release()),
                   "-o", f"APT::Architecture={architecture}",
                   "-o", f"APT::Architectures={architecture}",
                   "-o", f"Dir::State::status={tmp}/status"]
        for command in (["update"], ["download", *packages]):
            result = run(["apt-get", *options, *command], cwd=folder)
            if result.returncode:
                raise HarnessError(f"cannot get packages of {architecture} "
                                   f"({complaint(result)}); check the network")
    return sorted(Path(folder).glob(f"*_{architecture}.deb"))


def extract(deb, name, folder):
    """Take one file out of a package's file; returns its path."""
    result = run([need_tool("dpkg-deb", "dpkg"), "-x", deb, folder / "deb"])
    path = folder / "deb" / name
    if result.returncode or not path.is_file():
        raise HarnessError(f"{deb.name} has no {name}: "
                           + result.stdout.strip()[:200])
    target = folder / path.name
    os.replace(path, target)
    shutil.rmtree(folder / "deb")
    return target
