"""What a table that people upload may hold, declared once: from a Table come the finding of its columns, the checks,
the sample file, the grid and the annotated download.

The room above declares the columns and asks the database; this one knows programs by their UUID only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

import polars as pl
from django.utils.functional import Promise

from accredit.engine.frames import INSTANT, TEXT
from accredit.imports.sheets import MAX_CHARACTERS, MAX_ROWS

Text = str | Promise


class Kind(StrEnum):
    """What the cells of a column hold, and what a frame of values has for it."""

    TEXT = "text"
    NUMBER = "number"
    """A whole number."""
    AMOUNT = "amount"
    """Ten-thousandths of its currency."""
    INSTANT = "instant"
    """A day with a time of day; a day alone is its first moment. Without an offset it is of the table's zone."""
    DATE = "date"
    CURRENCY = "currency"
    CHOICE = "choice"
    """One of a closed list: its code."""
    KEY = "key"
    """An id such as cv_…: its UUID as text."""


TYPES: Mapping[Kind, pl.DataType] = {
    Kind.TEXT: TEXT,
    Kind.NUMBER: pl.Int64(),
    Kind.AMOUNT: pl.Int128(),
    Kind.INSTANT: INSTANT,
    Kind.DATE: pl.Date(),
    Kind.CURRENCY: TEXT,
    Kind.CHOICE: TEXT,
    Kind.KEY: TEXT,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """`code`: for programs; `de`, `en`: as people write it, shown in drop-downs; `also`: what they write as well. All
    of them are read, whatever the language."""

    code: str
    de: str
    en: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """`name`: the column for programs; `de`, `en`: as people head it; `also`: what they write as well. `required`:
    every row has a value; or where this expression over the values of the row says so. `choices`: of a CHOICE.
    `least`, `most`: of a NUMBER. `longest`: of a TEXT; `lines`: it may have line breaks. `signed`: an AMOUNT may be
    below zero. `prefix`: of a KEY. The help explains the column in the sample file."""

    name: str
    de: str
    en: str
    also: tuple[str, ...] = ()
    kind: Kind = Kind.TEXT
    required: bool | pl.Expr = False
    choices: Sequence[Choice] = ()
    least: int = 0
    most: int = 10**8
    longest: int = MAX_CHARACTERS
    lines: bool = False
    signed: bool = False
    prefix: str = ""
    help_de: str = ""
    help_en: str = ""

    def title(self, language: str) -> str:
        """The heading in a language, `de` or `en`."""
        return self.de if language == "de" else self.en

    def help(self, language: str) -> str:
        """The explanation in a language, `de` or `en`."""
        return self.help_de if language == "de" else self.help_en

    @property
    def texts(self) -> Sequence[str]:
        """Everything that may head the column."""
        return (self.name, self.de, self.en, *self.also)


@dataclass(frozen=True, slots=True)
class Rule:
    """A check without a look into the database. `wrong`: an expression over the values of a row that is true where
    they break it; `column`: whose cell is marked; `code`: of the table's `words`; `details`: what its sentence says
    besides, as texts."""

    column: str
    code: str
    wrong: pl.Expr
    details: Mapping[str, pl.Expr] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Columns of which a file needs one at least, and every row too. `lacking`: the code where a file has none,
    `empty`: where a row has none."""

    columns: tuple[str, ...]
    lacking: str = "columns_missing"
    empty: str = "any_of"


@dataclass(frozen=True, slots=True)
class Said:
    """What is wrong, and what would be right. Both take `%(value)s` and the details."""

    what: Text
    remedy: Text = ""


Check = Callable[[pl.DataFrame], pl.DataFrame]
"""Takes the values of some rows, and answers FOUND: one query a lookup, never one a row. A cell that is wrong by itself
is null, as an empty one; a second fault of the same cell is left out."""
FOUND: Mapping[str, pl.DataType] = {
    "row": pl.Int64(),
    "column": TEXT,  # the name of a declared column; empty: the whole row
    "code": TEXT,
    "details": TEXT,  # a JSON object of texts, or null
}
FAULTS: Mapping[str, pl.DataType] = {**FOUND, "value": TEXT}
"""Every fault of every cell; `row` as the spreadsheet numbers it, `value` as it stands in the cell."""


@dataclass(frozen=True, slots=True)
class Together:
    """What rows have in common that are to be checked together: at most two texts of each row (TOGETHER), which `texts`
    tells row by row from the values of `columns`. A correction checks its row, and those that share one of its texts
    before or after."""

    columns: Sequence[str]
    texts: Callable[[pl.DataFrame], pl.DataFrame]


TOGETHER: Mapping[str, pl.DataType] = {"together": TEXT, "also": TEXT}
"""Null: the row has nothing (more) in common with others."""


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` in the order of the sample file. `zone`: of times without an offset. `currency`: of amounts where the
    table has no CURRENCY column, or its cell is empty. `rules` and `checks` look at values that are right by
    themselves. `together` covers what these compare across rows. `words`: of the codes that the table has of its own.
    `most_rows`: a file with more is refused."""

    columns: Sequence[Column]
    zone: ZoneInfo
    currency: str = ""
    any_of: Sequence[AnyOf] = ()
    rules: Sequence[Rule] = ()
    checks: Sequence[Check] = ()
    together: Together | None = None
    words: Mapping[str, Said] = field(default_factory=dict)
    most_rows: int = MAX_ROWS

    def column(self, name: str) -> Column:
        """A declared column by its name. Raises KeyError."""
        for one in self.columns:
            if one.name == name:
                return one
        raise KeyError(name)


class Decimals(StrEnum):
    """What stands before the decimals of an amount."""

    COMMA = "comma"
    POINT = "point"


class Dates(StrEnum):
    """How days are written."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    ISO = "iso"


@dataclass(frozen=True, slots=True)
class Format:
    """What the user says about the file. None: each column is read in the way that all its cells agree on, and what can
    be read in two ways is a fault."""

    decimals: Decimals | None = None
    dates: Dates | None = None


AS_READ = Format()
"""The user says nothing."""
