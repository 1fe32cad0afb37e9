"""TOML with positions: tomllib reads the values, tree-sitter says where each of them stands."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from accredit.files.errors import FileError

Path = tuple[str | int, ...]
Position = tuple[int, int]

MAX_SYNTAX_ERRORS = 100
_LANGUAGE = Language(tree_sitter_toml.language())
_POSITION = re.compile(
    r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a TOML file, and the line and column (from 1) at which each path's key or element stands."""

    values: Mapping[str, Any]
    positions: Mapping[Path, Position]

    def position(self, path: Path) -> Position:
        """Where a path stands, or the nearest thing around it that has a place."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, (1, 1))


def parse_toml(file: str, content: bytes) -> Document | list[FileError]:
    """Read TOML 1.0. Floats become decimals. Where the syntax is wrong, the errors of all its statements."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [FileError(file, line, "1", "The file is not UTF-8. Save it as UTF-8.")]
    text = text.replace("\r\n", "\n")
    values = _values(text)
    if isinstance(values, tuple):
        return _syntax_errors(file, text, values)
    tree = Parser(_LANGUAGE).parse(text.encode())
    return Document(values, _Positions(text).of(tree.root_node))


def _values(text: str) -> dict[str, Any] | tuple[int, int, str]:
    """The values, or line, column and words of the first syntax error."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        match = _POSITION.match(str(error))
        if match is None or match["line"] is None:
            return text.count("\n") + 1, 1, match["what"] if match else str(error)
        return int(match["line"]), int(match["column"]), match["what"]
    except (ValueError, RecursionError, ArithmeticError) as error:
        return 1, 1, f"a value is too large or too deeply nested ({error})"


def _syntax_errors(file: str, text: str, first: tuple[int, int, str]) -> list[FileError]:
    """The first syntax error, and those that show when the lines of the ones before are left out."""
    lines = text.split("\n")
    errors: dict[int, FileError] = {}
    found: Any = first
    while isinstance(found, tuple) and found[0] not in errors and len(errors) < MAX_SYNTAX_ERRORS:
        line, column, what = found
        errors[line] = FileError(file, line, str(column), f"This is not valid TOML: {what}.")
        lines[line - 1] = ""
        found = _values("\n".join(lines))
    return list(errors.values())


class _Positions:
    """Walks the tree of a document whose syntax is right and notes where every path begins."""

    def __init__(self, text: str) -> None:
        self.lines = text.encode().split(b"\n")
        self.found: dict[Path, Position] = {}
        self.elements: dict[Path, int] = {}  # number of [[tables]] met so far

    def of(self, root: Node) -> dict[Path, Position]:
        for node in root.named_children:
            if node.type == "pair":
                self._pair((), node)
            elif node.type in ("table", "table_array_element"):
                self._table(node)
        return self.found

    def _note(self, path: Path, node: Node) -> None:
        row, column = node.start_point
        before = self.lines[row][:column].decode(errors="replace")
        self.found.setdefault(path, (row + 1, len(before) + 1))

    def _table(self, node: Node) -> None:
        key = node.named_children[0]
        *around, last = _names(key)
        path: Path = ()
        for name in around:
            path = (*path, name)
            if path in self.elements:
                path = (*path, self.elements[path] - 1)
        path = (*path, last)
        if node.type == "table_array_element":
            self._note(path, key)
            self.elements[path] = self.elements.get(path, 0) + 1
            path = (*path, self.elements[path] - 1)
        self._note(path, key)
        for child in node.named_children[1:]:
            if child.type == "pair":
                self._pair(path, child)

    def _pair(self, path: Path, node: Node) -> None:
        key, value = node.named_children[0], node.named_children[-1]
        for name in _names(key):
            path = (*path, name)
            self._note(path, key)
        self._value(path, value)

    def _value(self, path: Path, node: Node) -> None:
        if node.type == "array":
            elements = [child for child in node.named_children if child.type != "comment"]
            for number, element in enumerate(elements):
                self._note((*path, number), element)
                self._value((*path, number), element)
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(path, child)


def _names(key: Node) -> list[str]:
    """The names of a bare, quoted or dotted key."""
    if key.type == "dotted_key":
        return [name for child in key.named_children for name in _names(child)]
    text = (key.text or b"").decode()
    return list(tomllib.loads(f"{text} = 0")) if key.type == "quoted_key" else [text]
