# SPDX-License-Identifier: GPL-2.0-only
"""Architectures: how a kernel of each is built, and where its image lies.

A flavour of scripts/build belongs to the architecture that its name begins
with, and to x86 if it begins with none. The environment variable ARCH chooses
the one that demo and tests are about, as SERIES chooses the kernel's series.
"""

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Arch:
    """What differs. Where a cross compiler is named, nothing of this machine's
    root is of use to the kernel: it gets an initramfs."""
    name: str
    image: str              # in a build folder
    flavour: str            # the one that demo and tests boot
    make: tuple = ()        # what the kernel's make is told
    cross: str = ""         # prefix of the compiler and its kin
    modules: bool = True    # whether backends as modules are built

    @property
    def make_args(self):
        """All that the kernel's make is told, cross compiler included."""
        return [*self.make, *([f"CROSS_COMPILE={self.cross}"] if self.cross
                              else [])]


ARCHES = {arch.name: arch for arch in (
    Arch("x86", "arch/x86/boot/bzImage", "y"),
    Arch("arm64", "arch/arm64/boot/Image", "arm64", make=("ARCH=arm64",),
         cross="aarch64-linux-gnu-"),
    # A program of this machine.
    Arch("uml", "linux", "uml", make=("ARCH=um", "SUBARCH=x86_64"),
         modules=False),
)}
DEFAULT_ARCH = "x86"
# The one that a run is about.
ARCH = os.environ.get("ARCH") or DEFAULT_ARCH
if ARCH not in ARCHES:
    sys.exit(f"ARCH={ARCH}: there are {' '.join(ARCHES)}")


def arch_of(flavour):
    """The architecture of a flavour."""
    return ARCHES.get(flavour.split("-")[0], ARCHES[DEFAULT_ARCH])
