"""`make lint` notices a lock that does not fit."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = ("requirements.in", "requirements.lock", "requirements-node.in", "requirements-node.lock", "package.json",
         "package-lock.json")  # fmt: skip


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The check, looking at a copy of the locks."""
    spec = importlib.util.spec_from_file_location("check_locks", CHECKOUT / "setup" / "check_locks.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in FILES:
        shutil.copy(CHECKOUT / name, tmp_path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def errors(locks: ModuleType) -> list[str]:
    return [*locks.addresses(), *locks.python_locks(), *locks.npm_lock()]


def test_the_locks_fit(locks: ModuleType) -> None:
    assert errors(locks) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        ("requirements.lock", "django==", "# https://example.com\ndjango==", "requirements.lock names an address"),
        ("package-lock.json", '"name"', '"resolved": "https://example.com", "name"', "package-lock.json names an"),
        ("requirements.in", "polars>=2,<3", "polars>=3", "has polars 2"),
        ("requirements.in", "granian>=2.8 ", "", "which requirements.in no longer wants: lock again"),
        ("requirements.in", "granian>=2.8 ", "granian>=2.8\nnew-thing>=1 ", "has new-thing None"),
        ("requirements-node.lock", "--hash=sha256:", "--hash=md5:", "without a hash"),
        ("package.json", '"htmx.org": "', '"htmx.org": "9', "does not have the dependencies of package.json"),
        ("package-lock.json", '"integrity"', '"lost"', "without a hash"),
    ],
)
def test_a_lock_that_does_not_fit_is_noticed(
    locks: ModuleType, tmp_path: Path, name: str, old: str, new: str, sentence: str
) -> None:
    file = tmp_path / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    assert any(sentence in error for error in errors(locks)), errors(locks)
