# SPDX-License-Identifier: GPL-2.0-only
"""Put the project into a kernel tree, and take edits back out of it.

Two kinds of files are managed in a tree: new files, which stand in this
repository at the paths they have there, and kernel files that the patches of
a series change. The originals of the latter are kept in TREE/.migrate-policy/,
together with a manifest of what the last apply wrote, so that

- applying again writes only what differs, and the kernel build stays
  incremental;
- an edit made in the tree is never overwritten unawares, but taken back by
  refresh();
- everything can be taken out again.

A series is applied to copies first: a patch that does not apply leaves the
tree as it was.
"""

import filecmp
import hashlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from .common import HarnessError, REPO, need_tool, run

# Where this repository's files have their place in the kernel tree.
NEW_FILES = ("mm", "include", "Documentation", "samples",
             "tools/testing/selftests/migrate_policy")
STATE = ".migrate-policy"
HUNK_FAILED = re.compile(r"Hunk #(\d+) FAILED at (\d+)")
OFFERED = re.compile(r"(?:checking|patching) file '?([^'\n]+)'?")


def digest(path):
    """A file's content, to compare; None if there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def new_files():
    """The repository's own kernel files, as paths relative to its root."""
    listed = run(["git", "-C", REPO, "ls-files", "-co", "--exclude-standard",
                  "--", *NEW_FILES])
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        names = [str(path.relative_to(REPO)) for top in NEW_FILES
                 for path in (REPO / top).rglob("*")]
    return sorted(name for name in names if is_source(REPO / name))


def is_source(path):
    """Whether a file belongs to the sources and is no leftover."""
    return (path.is_file() and not path.name.endswith(("~", ".orig", ".rej"))
            and (not path.name.startswith(".")
                 or path.name in (".gitignore", ".kunitconfig")))


def all_series():
    """The series that there are patches for, the oldest first."""
    return sorted((path.name for path in (REPO / "patches").iterdir()
                   if path.is_dir()),
                  key=lambda name: [int(part) for part in name.split(".")])


def patch_files(series):
    """The patches of a series in their order."""
    folder = REPO / "patches" / series
    if not folder.is_dir():
        raise HarnessError(f"there is no series {series}; there are "
                           + ", ".join(all_series()))
    return sorted(folder.glob("*.patch"))


def touched(patch):
    """The kernel files that one patch changes, in its own order."""
    names = []
    for line in patch.read_text(encoding="utf-8").splitlines():
        found = re.match(r"(?:---|\+\+\+) [ab]/(\S+)", line)
        if found and found[1] not in names:
            names.append(found[1])
    return names


def copy_file(source, target):
    """Copy content and mode; the target is a new file, with today's time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.migrate-policy")
    shutil.copy(source, fresh)
    os.replace(fresh, target)


def run_patch(patch, folder):
    """Apply one patch without fuzz as far as it goes; returns what patch said
    and where it failed: the file, the hunk and the line of each."""
    result = run([need_tool("patch", "patch"), "-p1", "--fuzz=0", "--forward",
                  "--batch", "--no-backup-if-mismatch", "--reject-file=-",
                  "-d", folder, "-i", patch])
    failures = []
    name = "?"
    for line in result.stdout.splitlines():
        offered = OFFERED.match(line)
        failed = HUNK_FAILED.search(line)
        if offered:
            name = offered[1]
        elif failed:
            failures.append((name, int(failed[1]), int(failed[2])))
    return result, failures


def try_patch(patch, folder):
    """Apply one patch as far as it goes; returns the file and the number of
    each hunk that does not fit."""
    return [(name, number) for name, number, _ in run_patch(patch, folder)[1]]


def apply_patch(patch, folder):
    """Apply one patch without fuzz, or say which hunk does not fit."""
    result, failures = run_patch(patch, folder)
    if result.returncode == 0:
        return
    where = [f"hunk {number} of {name} (line {line})"
             for name, number, line in failures]
    detail = ", ".join(where) or result.stdout.strip().splitlines()[-1]
    raise HarnessError(f"{patch.name} does not apply: {detail}; the tree is "
                       "unchanged. Is it a kernel of the series "
                       f"{patch.parent.name}?")


def link_copy(tree, target):
    """A second tree in a moment: hard links. Files of it are only ever
    replaced, never written to."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    result = run(["cp", "-al", tree, target])
    if result.returncode:
        raise HarnessError(f"cannot link {tree} to {target}: {result.stdout}")


class Tree:
    """A kernel tree with what this project has put into it."""

    def __init__(self, path):
        self.path = Path(path).absolute()
        if not (self.path / "mm/migrate.c").is_file():
            raise HarnessError(f"{self.path} is no kernel source tree: "
                               "it has no mm/migrate.c")
        self.state = self.path / STATE
        read = self._read("manifest")
        self.manifest = read.get("files", {})
        self.complete = read.get("complete", True)

    def _read(self, name):
        try:
            text = (self.state / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        return json.loads(text)

    def _write(self, name, data):
        self.state.mkdir(exist_ok=True)
        fresh = self.state / f".{name}"
        fresh.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n",
                         encoding="utf-8")
        os.replace(fresh, self.state / name)

    def _write_manifest(self, series, complete=True):
        patches = {path.name: digest(path) for path in patch_files(series)}
        self.complete = complete
        self._write("manifest", {"series": series, "files": self.manifest,
                                 "patches": patches, "complete": complete})

    def original(self, name):
        """The kernel's own version of a file."""
        kept = self.state / "orig" / name
        return kept if kept.exists() else self.path / name

    def edited(self):
        """Managed files that are not what the last apply wrote. An apply that
        was interrupted says nothing about edits; the next one ends it."""
        if not self.complete:
            return []
        return [name for name, written in sorted(self.manifest.items())
                if digest(self.path / name) != written]

    def stage(self, folder, series):
        """Lay the whole series out in an empty folder; returns its files."""
        patches = patch_files(series)
        changed = sorted({name for patch in patches for name in touched(patch)})
        for name in changed:
            if self.original(name).is_file():
                copy_file(self.original(name), folder / name)
        for patch in patches:
            apply_patch(patch, folder)
        for name in new_files():
            if name in changed:
                raise HarnessError(f"{name} is a new file, but a patch of "
                                   f"{series} changes it")
            if name not in self.manifest and (self.path / name).exists():
                raise HarnessError(f"{self.path} has a {name} of its own")
            copy_file(REPO / name, folder / name)
        return sorted(str(path.relative_to(folder))
                      for path in folder.rglob("*") if path.is_file())

    def apply(self, series, force=False):
        """Bring the tree to the state that the series describes; returns the
        names of the files that were written or removed."""
        edited = self.edited()
        if edited and not force:
            raise HarnessError(
                f"{self.path / edited[0]} was edited since the last apply; "
                "take the edits over with scripts/refresh, or drop them with "
                "scripts/apply --force")
        with tempfile.TemporaryDirectory(prefix="migrate-policy.") as tmp:
            folder = Path(tmp)
            names = self.stage(folder, series)
            self._keep_originals(names)
            gone = set(self.manifest) - set(names)
            # Until the end the manifest names the old files as well.
            self.manifest.update({name: digest(folder / name)
                                  for name in names})
            self._write_manifest(series, complete=False)
            changes = self._drop(gone)
            changes += [name for name in names if self._update(folder, name)]
        for name in gone:
            del self.manifest[name]
        self._write_manifest(series)
        return changes

    def _keep_originals(self, names):
        for name in names:
            kept = self.state / "orig" / name
            if name not in self.manifest and (self.path / name).exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.path / name, kept)

    def _update(self, folder, name):
        """Write one file if it differs."""
        target = self.path / name
        if target.exists() and filecmp.cmp(folder / name, target, False):
            return False
        copy_file(folder / name, target)
        return True

    def _drop(self, names):
        """Take files out: originals come back, new files go."""
        for name in names:
            kept = self.state / "orig" / name
            if kept.exists():
                os.replace(kept, self.path / name)
            else:
                (self.path / name).unlink(missing_ok=True)
                self._drop_folders(Path(name).parent)
        return sorted(names)

    def _drop_folders(self, folder):
        """Remove a new file's folders once they are empty."""
        while folder != Path(".") and not any((self.path / folder).iterdir()):
            (self.path / folder).rmdir()
            folder = folder.parent

    def remove(self):
        """Take everything out again."""
        gone = self._drop(set(self.manifest))
        shutil.rmtree(self.state, ignore_errors=True)
        self.manifest = {}
        return gone

    def register(self, patch, names):
        """Let a patch change further kernel files, before they are edited."""
        for name in names:
            if name in self.manifest:
                raise HarnessError(f"{name} is part of the series already")
            if not (self.path / name).is_file():
                raise HarnessError(f"{self.path} has no {name}")
            kept = self.state / "orig" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.path / name, kept)
            self.manifest[name] = digest(kept)
        registered = self._read("registered")
        registered.setdefault(patch, []).extend(names)
        self._write("registered", registered)
        self._write_manifest(self._read("manifest")["series"])

    def refresh(self, series):
        """Write the tree's edits back: new files into the repository, changes
        of kernel files into the last patch that touches each of them. Returns
        the names of the files of the repository that changed."""
        self._check_unchanged(series)
        changes = [self._take_back(name) for name in self.edited()
                   if not self._is_kernel(name)]
        changes += self._refresh_patches(series)
        (self.state / "registered").unlink(missing_ok=True)
        self.manifest = {name: digest(self.path / name)
                         for name in self.manifest}
        self._write_manifest(series)
        return changes

    def _check_unchanged(self, series):
        """Refuse where this repository was changed since the last apply too:
        one of the two changes would be lost."""
        if not self.complete:
            raise HarnessError("the last apply was interrupted; run "
                               "scripts/apply again")
        read = self._read("manifest")
        if series != read["series"]:
            raise HarnessError(f"{self.path} has the series {read['series']}")
        for path in patch_files(series):
            if read["patches"].get(path.name) != digest(path):
                raise HarnessError(f"{path.name} changed since the last apply")
        for name in self.edited():
            if not (self.path / name).exists():
                raise HarnessError(f"{self.path / name} is gone; remove files "
                                   "in the repository, then apply")
            if not self._is_kernel(name) and (
                    digest(REPO / name) != self.manifest[name]):
                raise HarnessError(f"{name} changed both here and in "
                                   f"{self.path} since the last apply")

    def _is_kernel(self, name):
        return (self.state / "orig" / name).exists()

    def _take_back(self, name):
        """A new file that was edited in the tree."""
        copy_file(self.path / name, REPO / name)
        return name

    def _refresh_patches(self, series):
        patches = patch_files(series)
        registered = self._read("registered")
        files = {patch: touched(patch) + registered.get(patch.name, [])
                 for patch in patches}
        changes = []
        with tempfile.TemporaryDirectory(prefix="migrate-policy.") as tmp:
            before, after = Path(tmp) / "a", Path(tmp) / "b"
            for name in {n for names in files.values() for n in names}:
                if self._is_kernel(name):
                    copy_file(self.original(name), before / name)
            shutil.copytree(before, after)
            for index, patch in enumerate(patches):
                later = {n for p in patches[index + 1:] for n in files[p]}
                self._step(patch, files[patch], later, after)
                changes += rewrite(patch, files[patch], Path(tmp))
                shutil.rmtree(before)
                shutil.copytree(after, before)
        return changes

    def _step(self, patch, names, later, after):
        """Bring the staged files to their state after one patch: what a later
        patch changes too, by the patch itself; the rest, by the tree."""
        if later.intersection(names):
            apply_patch(patch, after)
        for name in names:
            if name in later:
                continue
            copy_file(self.path / name, after / name)


def difference(names, folder):
    """The diff of some files between folder/a and folder/b, as in a patch."""
    attributes = folder / "attributes"
    attributes.write_text("*.[ch] diff=cpp\n", encoding="ascii")
    text = ""
    for name in names:
        sides = [f"{side}/{name}" if (folder / side / name).exists()
                 else "/dev/null" for side in ("a", "b")]
        if sides == ["/dev/null"] * 2:
            continue
        result = run(["git", "-c", "core.quotepath=off",
                      "-c", f"core.attributesFile={attributes}",
                      "diff", "--no-index",
                      "--no-color", "--no-ext-diff", "--no-prefix",
                      "--diff-algorithm=myers", *sides], cwd=folder)
        if result.returncode not in (0, 1):
            raise HarnessError(f"git cannot compare {name}: "
                               + result.stdout.strip())
        text += re.sub(r"^index [0-9a-f]+\.\.[0-9a-f]+.*\n", "",
                       result.stdout, flags=re.MULTILINE)
    return text


def stat(diff, folder):
    """The summary that stands above a patch's diff."""
    path = folder / "diff"
    path.write_text(diff, encoding="utf-8")
    return run(["git", "apply", "--stat", "--summary", path],
               cwd=folder).stdout


def rewrite(patch, names, folder):
    """Give a patch its new diff under the header it has."""
    text = patch.read_text(encoding="utf-8")
    header, _, old = text.partition("\n---\n")
    diff = difference(names, folder)
    if not diff:
        raise HarnessError(f"{patch.name} would be empty; remove it by hand")
    old_diff = old[old.find("diff --git"):]
    if old_diff.rstrip("\n-") == diff.rstrip("\n"):
        return []
    patch.write_text(f"{header}\n---\n{stat(diff, folder)}\n{diff}",
                     encoding="utf-8")
    return [f"patches/{patch.parent.name}/{patch.name}"]
