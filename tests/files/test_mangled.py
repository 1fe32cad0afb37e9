"""Whatever is in a file: it is read, or its errors are told, each in one line; nothing else happens."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from accredit.files import FileError, FileErrors, parse_program, read_inputs, write_program
from tests.cli.test_credit import CLICKS, ITEMS, ORDERS, PROGRAM
from tests.files.test_program_file import EXAMPLE

T = TypeVar("T")

TOML_PIECES = [
    '"', "=", "[", "]", "{", "}", "5", "-1", "1e400", "nan", "true", '""', '"x"', "2026-01-01T00:00:00Z", "2026-01-01",
    "[]", "{}", "[[1]]", '"a;b"', '"\\u0000"', "'''", "\n", ".", "#", "9" * 20, "0.1", '"🙂"', "{a=1}", "inf",
]  # fmt: skip
CSV_PIECES = [
    b'"', b",", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"", b"1e400", b"NaN", b"-", b".", b" ", b"\xef\xbb\xbf",
    b"9" * 20, b'""', b";", b"2026-01-31T12:00:00Z", b"sale", b"barb", "ä".encode(), b"0",
]  # fmt: skip


def outcome(read: Callable[[], T]) -> tuple[T | None, list[FileError]]:
    """What was read, or the errors, each in one line."""
    try:
        return read(), []
    except FileErrors as raised:
        errors = list(raised)
        said = str(raised)
    assert errors
    assert len(said.splitlines()) == len(errors)
    return None, errors


def mangled_toml(lines: list[str], chance: random.Random) -> str:
    lines = list(lines)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        key, is_pair, _ = lines[at].partition("=")
        kind = chance.randrange(5)
        if kind == 0 and is_pair:
            lines[at] = f"{key}= {chance.choice(TOML_PIECES)}"
        elif kind == 1:
            lines.insert(at, chance.choice(lines))
        elif kind == 2:
            del lines[at]
        elif kind == 3:
            inside = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:inside] + chance.choice(TOML_PIECES) + lines[at][inside:]
        else:
            lines[at], lines[at - 1] = lines[at - 1], lines[at]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_a_mangled_program_file(seed: int) -> None:
    chance, lines = random.Random(seed), EXAMPLE.read_text().split("\n")
    read = 0
    for _ in range(60):
        text = mangled_toml(lines, chance)
        program, errors = outcome(lambda text=text: parse_program("p.toml", text.encode()))  # type: ignore[misc]
        if program is not None:
            read += 1
            assert parse_program("p.toml", write_program(program).encode()) == program
        assert all(1 <= error.row <= text.count("\n") + 1 and error.column.isdigit() for error in errors)
    assert 0 < read < 60


def mangled_csv(text: str, chance: random.Random) -> bytes:
    content = bytearray(text.encode())
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(content) + 1)
        kind = chance.randrange(3)
        if kind == 0:
            content[at:at] = chance.choice(CSV_PIECES)
        elif kind == 1:
            content[at : at + chance.randint(1, 5)] = chance.choice(CSV_PIECES)
        else:
            rows = bytes(content).split(b"\n")
            rows.insert(chance.randrange(len(rows)), chance.choice(rows))
            content = bytearray(b"\n".join(rows))
    return bytes(content)


@pytest.mark.parametrize("seed", range(4))
def test_mangled_tables(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    program = tmp_path / "p.toml"
    program.write_text(PROGRAM)
    paths = {tmp_path / f"{name}.csv": text for name, text in (("c", CLICKS), ("o", ORDERS), ("i", ITEMS))}
    read = 0
    for _ in range(40):
        for path, text in paths.items():
            path.write_bytes(mangled_csv(text, chance) if chance.random() < 0.6 else text.encode())
        inputs, errors = outcome(lambda: read_inputs(program, *paths))
        read += inputs is not None
        assert all(error.row >= 1 and error.column for error in errors)
    assert 0 < read < 40
