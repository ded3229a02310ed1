# SPDX-License-Identifier: GPL-2.0-only
"""Kernel configurations from the fragments in scripts/config/."""

import re

from .arch import arch_of
from .common import HarnessError, SCRIPTS, SERIES, run

# What each flavour is made of; a later fragment wins.
FLAVOURS = {
    "y": ("base", "y"),
    "n": ("base", "n"),
    "torture": ("base", "torture"),
    "lockdep": ("base", "torture", "lockdep"),
    "kasan": ("base", "torture", "lockdep", "kasan"),
    "kcsan": ("base", "torture", "kcsan"),
    # For the kernel's own tests, which compare the two.
    "selftests-y": ("base", "selftests", "y"),
    "selftests-n": ("base", "selftests", "n"),
    # For check-off, never booted.
    "distro-y": ("base", "distro", "y"),
    "distro-n": ("base", "distro", "n"),
    # User-mode Linux: for KUnit, and for measuring.
    "uml": ("uml", "uml-kunit"),
    "uml-bench": ("uml", "uml-kunit", "uml-bench"),
    # Emulated: a machine with a real driver of DMA engines.
    "arm64": ("base", "arm64", "y"),
}


def parse(text):
    """The options of a fragment or .config; n and "is not set" are the same,
    and the same as no line at all."""
    options = {}
    for line in text.splitlines():
        unset = re.fullmatch(r"# (CONFIG_\w+) is not set", line)
        found = re.fullmatch(r"(CONFIG_\w+)=(.*)", line)
        if unset:
            options[unset[1]] = "n"
        elif found:
            options[found[1]] = found[2]
    return options


def fragments(flavour, series=SERIES):
    """The files that a flavour is made of: behind each fragment NAME.config
    the one that says what is different in a series, if there is any."""
    for name in FLAVOURS[flavour]:
        yield SCRIPTS / "config" / f"{name}.config"
        own = SCRIPTS / "config" / f"{name}-{series}.config"
        if own.exists():
            yield own


def wanted(flavour, series=SERIES):
    """The options that a flavour asks for."""
    if flavour not in FLAVOURS:
        raise HarnessError(f"there is no flavour {flavour}; there are "
                           + ", ".join(FLAVOURS))
    options = {}
    for path in fragments(flavour, series):
        options.update(parse(path.read_text(encoding="utf-8")))
    return options


def missing(options, config):
    """The options that a .config does not have as asked for."""
    return [f"{name}={value}" for name, value in options.items()
            if config.get(name, "n") != value]


def configure(flavour, tree, build, compiler=None):
    """Write build/.config; it keeps its time if nothing has changed."""
    build.mkdir(parents=True, exist_ok=True)
    options = wanted(flavour)
    fragment = build / "wanted.config"
    fragment.write_text("".join(f"{name}={value}\n"
                                for name, value in options.items()),
                        encoding="utf-8")
    result = run(["make", "-C", tree, f"O={build}",
                  *arch_of(flavour).make_args,
                  *([f"CC={compiler}"] if compiler else []), "allnoconfig",
                  f"KCONFIG_ALLCONFIG={fragment}"])
    if result.returncode:
        raise HarnessError("the kernel's configuration failed:\n    "
                           + "\n    ".join(result.stdout.splitlines()[-5:]))
    config = parse((build / ".config").read_text(encoding="utf-8"))
    lost = missing(options, config)
    if lost:
        raise HarnessError(f"this kernel does not take over {', '.join(lost)}; "
                           f"see what they depend on in {build}/.config")
