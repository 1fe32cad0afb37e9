"""Errors of files as values: all of them are collected, and each says where, what, and what would be right."""

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl

ERRORS = {"file": pl.String(), "row": pl.Int64(), "column": pl.String(), "message": pl.String()}
"""Columns of a frame of errors. `row` counts records from 1, the header; in a program file it is the line."""
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that steer what shows a text, or are not seen."""


class Sentence(str):
    """An English text that remembers what it was made of, so that pages can say it in another language: `template` as
    `str.format` takes it, and its `values`, which may be sentences too."""

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, **values: Any) -> Self:
        self = super().__new__(cls, template.format(**values))
        self.template, self.values = template, values
        return self


@dataclass(frozen=True, slots=True)
class FileError:
    """`column` is the name of a table's column, or the position in the line of a program file."""

    file: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}:{self.column}: {self.message}"


class FileErrors(Exception):
    """Everything that is wrong with the files that were read. Iterates over its FileErrors in the order of the files,
    rows and columns that they were given in; holds them as a frame (columns ERRORS), since there may be millions."""

    def __init__(self, errors: Iterable[FileError] | pl.DataFrame) -> None:
        self.frame = errors if isinstance(errors, pl.DataFrame) else errors_frame(errors)
        super().__init__(self.frame)

    def __iter__(self) -> Iterator[FileError]:
        for row in self.frame.iter_rows():
            yield FileError(*row)

    def __len__(self) -> int:
        return self.frame.height

    def __str__(self) -> str:
        return "\n".join(map(str, self))


def errors_frame(errors: Iterable[FileError]) -> pl.DataFrame:
    """The errors as a frame with the columns ERRORS."""
    return pl.DataFrame([astuple(error) for error in errors], schema=ERRORS, orient="row")


def unreadable(path: Path, error: OSError) -> FileError:
    """The error of a file that the system does not give us."""
    return FileError(str(path), 1, "1", f"The file cannot be read: {error.strerror or error}.")


def printable(text: str) -> str:
    """A text that others wrote as a terminal may be given it, in a line."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _UNSEEN else character for character in text
    )


def suggestion(word: str, known: Iterable[str]) -> Sentence:
    """A sentence that names the nearest known word, or all of them where they are few."""
    words = sorted(set(known))
    nearest = difflib.get_close_matches(word, words, n=1)
    if nearest:
        return Sentence("Did you mean {word!r}?", word=nearest[0])
    if not words:
        return Sentence("There are none.")
    shown = ", ".join(words[:20])
    if len(words) <= 20:
        return Sentence("There are: {words}.", words=shown)
    return Sentence("There are {number}, such as: {words}.", number=len(words), words=shown)
