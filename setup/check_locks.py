"""Whether the locks say what they were made from, and name no address: packages come from wherever pip and npm are
told to look. Needs no network."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKED = re.compile(r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>\S+)", re.MULTILINE)


def addresses() -> Iterator[str]:
    """Locks that hold an address."""
    for file in [*ROOT.glob("*.lock"), ROOT / "package-lock.json"]:
        if "://" in file.read_text():
            yield f"{file.name} names an address: make it again as CONTRIBUTING.md says"


def wanted(file: Path) -> list[Requirement]:
    """The requirements of a .in file."""
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def python_locks() -> Iterator[str]:
    """Requirements that their lock does not meet, and locked packages without a hash."""
    for file in ROOT.glob("requirements*.in"):
        lock = file.with_suffix(".lock")
        text = lock.read_text()
        versions = {canonicalize_name(match["name"]): match["version"] for match in LOCKED.finditer(text)}
        direct = set()
        for requirement in wanted(file):
            name = canonicalize_name(requirement.name)
            direct.add(name)
            if name not in versions or not requirement.specifier.contains(versions[name], prereleases=True):
                yield f"{lock.name} has {name} {versions.get(name)}, {file.name} wants {requirement}: lock again"
        for block in re.split(r"\n(?=\S)", text):
            match = LOCKED.match(block)
            if match and "--hash=sha256:" not in block:
                yield f"{lock.name} has {match['name']} without a hash: lock again"
            if match and f"-r {file.name}" in block and canonicalize_name(match["name"]) not in direct:
                yield f"{lock.name} has {match['name']}, which {file.name} no longer wants: lock again"


def npm_lock() -> Iterator[str]:
    """Whether package-lock.json is that of package.json, and every package in it has a hash."""
    package, lock = (json.loads((ROOT / name).read_text()) for name in ("package.json", "package-lock.json"))
    for kind in ("dependencies", "devDependencies"):
        if package.get(kind, {}) != lock["packages"][""].get(kind, {}):
            yield f"package-lock.json does not have the {kind} of package.json: run `npm install --package-lock-only`"
    for path, entry in lock["packages"].items():
        if path and "integrity" not in entry:
            yield f"package-lock.json has {path} without a hash"


if __name__ == "__main__":
    errors = [*addresses(), *python_locks(), *npm_lock()]
    print("\n".join(errors) or "The locks match their sources and name no address.")
    sys.exit(bool(errors))
