# SPDX-License-Identifier: GPL-2.0-only
"""The user-space programs' build folders in the cache."""

import shutil

from .common import REPO, cache_dir


def output_folder(name):
    """The folder to build a tool in.

    Their Makefiles go by file times, which mean nothing between two clones:
    the folder is emptied when another clone has built there.
    """
    folder = cache_dir() / "tools" / name
    owner = folder / ".clone"
    if not owner.exists() or owner.read_text(encoding="utf-8") != str(REPO):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        owner.write_text(str(REPO), encoding="utf-8")
    return folder
