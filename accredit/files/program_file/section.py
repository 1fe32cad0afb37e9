"""One table of a program file, read key by key. Every reader notes what is wrong and returns None for it, so that one
pass finds all errors."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from accredit import money
from accredit.engine.program import PPM_PER_PERCENT
from accredit.files.errors import Sentence, suggestion
from accredit.files.program_file.toml import Path

MAX_TEXT = 500
MAX_CODE = 100
MAX_PERCENT = 1000
MAX_WINDOW_DAYS = 3650
MAX_DIGITS = 28  # what decimal arithmetic keeps without rounding
FIRST_YEAR, LAST_YEAR = 1900, 9998  # what Python, Polars and PostgreSQL can all hold and reckon with
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
REQUIRED: Any = object()

A_TEXT = Sentence("a text")
TEXTS = Sentence("a list of texts")
A_TIME = Sentence("a time with an offset and without quotation marks, such as 2026-01-01T00:00:00Z")
AN_AMOUNT = Sentence('an amount such as "5.00", or a table such as {{ USD = "5.00" }}')
TABLES = Sentence("an array of tables")

Span = tuple[Any, datetime | None]
"""Half-open; a start that is not required, and an end, may be absent: open."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with the value at a path of a program file."""

    path: Path
    message: Sentence


class Section:
    """The table at a path of a program file. `what` names it in messages."""

    def __init__(self, values: Mapping[str, Any], path: Path, what: Sentence, errors: list[Finding]) -> None:
        self.values, self.path, self.what, self.errors = values, path, what, errors
        self.known: set[str] = set()

    def error(self, key: str | int | None, message: Sentence, *inside: str | int) -> None:
        """Note an error at a key of this table, or at the table itself."""
        self.errors.append(Finding(self.path if key is None else (*self.path, key, *inside), message))

    def done(self) -> None:
        """Refuse the keys that nobody asked for."""
        for key in self.values.keys() - self.known:
            hint = suggestion(key, self.known)
            self.error(key, Sentence("{what} has no {key!r}. {hint}", what=self.what, key=key, hint=hint))

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self.known.add(key)
        return key in self.values

    def _must_be(self, key: str, value: Any, expected: Sentence, *inside: str | int) -> None:
        message = Sentence("{key!r} is {value}; it must be {expected}.", key=key, value=shown(value), expected=expected)
        self.error(key, message, *inside)

    def _take(self, key: str, kind: type | tuple[type, ...], expected: Sentence, default: Any) -> Any:
        """The value of a key; the default where it is absent; None, with the error noted, where that is not allowed or
        the value is of another kind."""
        if not self.has(key):
            if default is REQUIRED:
                message = Sentence("{what} needs {key!r}: {expected}.", what=self.what, key=key, expected=expected)
                self.error(None, message)
                return None
            return default
        value = self.values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self._must_be(key, value, expected)
            return None
        return value

    def text(self, key: str, default: Any = REQUIRED, *, limit: int = MAX_TEXT) -> Any:
        """A text of one line without outer blanks."""
        value = self._take(key, str, A_TEXT, default)
        return value if value is default else self._checked_text(value, key, limit=limit)

    def _checked_text(self, value: str | None, key: str, *inside: str | int, limit: int = MAX_TEXT) -> str | None:
        if value is None:
            return None
        if not value.strip():
            self.error(key, Sentence("{key!r} is empty.", key=key), *inside)
        elif len(value) > limit:
            self.error(
                key,
                Sentence(
                    "{key!r} has {number} characters; at most {limit} are allowed.",
                    key=key,
                    number=len(value),
                    limit=limit,
                ),
                *inside,
            )
        elif _CONTROL.search(value):
            self.error(key, Sentence("{key!r} holds a line break or another control character.", key=key), *inside)
        elif not inside and value != value.strip():
            self.error(key, Sentence("{key!r} begins or ends with a blank: {value}.", key=key, value=shown(value)))
        else:
            return value
        return None

    def code(self, key: str = "code", default: Any = REQUIRED) -> Any:
        """A code: a short text. Browsers take `.` and `..` in an address for a way to another one."""
        value = self.text(key, default, limit=MAX_CODE)
        if value in (".", ".."):
            self.error(key, Sentence("{key!r} is {value}, which no address can hold.", key=key, value=shown(value)))
            return None
        return value

    def name(self, key: str, default: Any = REQUIRED) -> Any:
        """A name that is joined with others by `;` in results."""
        value = self.text(key, default)
        if value is not None and ";" in value:
            self.error(
                key, Sentence("{key!r} holds a ';', which separates names in the results. Leave it out.", key=key)
            )
            return None
        return value

    def comment(self, key: str) -> str:
        """A text of any number of lines."""
        value = self._take(key, str, A_TEXT, "") or ""
        if "\0" in value:
            self.error(key, Sentence("{key!r} holds a NUL character.", key=key))
        return str(value)

    def choice(self, key: str, choices: Sequence[str], default: Any = REQUIRED) -> Any:
        """One of a few words."""
        expected = Sentence("one of {choices}", choices=", ".join(f'"{choice}"' for choice in choices))
        value = self._take(key, str, expected, default)
        if value is None or value in choices:
            return value
        self._must_be(key, value, expected)
        return None

    def reference(self, key: str, known: Iterable[str], kind: Sentence, default: Any = REQUIRED) -> Any:
        """The code of something else that the file defines; `kind` says what it would be."""
        value = self.text(key, default)
        if value is None or value is default or value in known:
            return value
        hint = suggestion(value, known)
        self.error(key, Sentence("There is no {kind} {value}. {hint}", kind=kind, value=shown(value), hint=hint))
        return None

    def integer(self, key: str, default: Any = REQUIRED, *, least: int = 1, most: int) -> Any:
        """A whole number within bounds."""
        expected = Sentence("a whole number from {least} to {most}", least=least, most=most)
        if least == most:
            expected = Sentence("{least}", least=least)
        value = self._take(key, int, expected, default)
        if value is None or value is default or least <= value <= most:
            return value
        self._must_be(key, value, expected)
        return None

    def window_days(self, default: Any = REQUIRED) -> Any:
        """A referral window."""
        return self.integer("referral_window_days", default, most=MAX_WINDOW_DAYS)

    def boolean(self, key: str, default: bool) -> bool:
        """true or false."""
        return bool(self._take(key, bool, Sentence("true or false"), default))

    def instant(self, key: str, default: Any = REQUIRED) -> Any:
        """A time with an offset, as UTC."""
        value = self._take(key, datetime, A_TIME, default)
        if not isinstance(value, datetime):
            return value
        if value.tzinfo is None:
            self.error(
                key,
                Sentence(
                    "{key!r} has no offset: {value}. Write {expected}.",
                    key=key,
                    value=value.isoformat(),
                    expected=A_TIME,
                ),
            )
        elif not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.error(
                key,
                Sentence(
                    "{key!r} is in the year {year}; years go from {first} to {last}.",
                    key=key,
                    year=value.year,
                    first=FIRST_YEAR,
                    last=LAST_YEAR,
                ),
            )
        else:
            return value.astimezone(UTC)
        return None

    def span(self, *, start_required: bool = True) -> Span | None:
        """`starts_at` and `ends_at`, of which the second is later; None where one of them is wrong."""
        before = len(self.errors)
        starts_at = self.instant("starts_at", REQUIRED if start_required else None)
        ends_at = self.instant("ends_at", None)
        if starts_at is not None and ends_at is not None and ends_at <= starts_at:
            self.error("ends_at", Sentence("'ends_at' is not later than 'starts_at'."))
        return (starts_at, ends_at) if len(self.errors) == before else None

    def texts(self, key: str, default: Any = REQUIRED, *, expected: Sentence = TEXTS) -> tuple[str, ...] | None:
        """A list of texts. Outer blanks stay: what compares such texts passes over them."""
        value = self._take(key, list, expected, default)
        if value is None or value is default:
            return value
        texts = []
        for number, element in enumerate(value):
            if isinstance(element, str):
                texts.append(self._checked_text(element, key, number))
            else:
                self.error(
                    key,
                    Sentence(
                        "{key!r} holds {value}; it must be {expected}, in quotation marks.",
                        key=key,
                        value=shown(element),
                        expected=expected,
                    ),
                    number,
                )
                texts.append(None)
        return None if None in texts else tuple(text for text in texts if text is not None)

    def decimal(self, key: str, *inside: str, expected: Sentence) -> Decimal | None:
        """An exact number, in quotation marks or bare."""
        self.known.add(key)
        value: Any = self.values[key]
        for step in inside:
            value = value[step]
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = Decimal(value)
        if isinstance(value, int) and not isinstance(value, bool):
            value = Decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite():
            self._must_be(key, value, expected, *inside)
        elif len(value.as_tuple().digits) > MAX_DIGITS:
            self.error(
                key,
                Sentence(
                    "{key!r} has more than {number} digits; it must be {expected}.",
                    key=key,
                    number=MAX_DIGITS,
                    expected=expected,
                ),
                *inside,
            )
        else:
            return value
        return None

    def percent_ppm(self, key: str, *, least: int) -> int | None:
        """A percentage in parts per million."""
        expected = Sentence(
            'a percentage from {least} to {most} with at most four decimals, such as "12.5"',
            least=least,
            most=MAX_PERCENT,
        )
        value = self.decimal(key, expected=expected)
        if value is None:
            return None
        in_range = value.adjusted() < 5 and least <= value <= MAX_PERCENT
        if not in_range or value * PPM_PER_PERCENT != int(value * PPM_PER_PERCENT):
            self._must_be(key, value, expected)
            return None
        return int(value * PPM_PER_PERCENT)

    def amounts(self, key: str, currency: str | None, *, negative: bool) -> dict[str, int] | None:
        """An amount in the program's currency, or a table of amounts by currency, in minor units."""
        self.known.add(key)
        value = self.values[key]
        if not isinstance(value, dict):
            amount = self._amount(key, currency=currency, negative=negative)
            return None if currency is None or amount is None else {currency: amount}
        if not value:
            self.error(key, Sentence("{key!r} names no currency.", key=key))
        amounts = {code: self._amount(key, code, currency=code, negative=negative) for code in value}
        found = {code: amount for code, amount in amounts.items() if amount is not None}
        return found if value and len(found) == len(value) else None

    def _amount(self, key: str, *inside: str, currency: str | None, negative: bool) -> int | None:
        value = self.decimal(key, *inside, expected=AN_AMOUNT)
        if value is None or currency is None:
            return None
        if value < 0 and not negative:
            message = Sentence("{key!r} is {value}; it must not be negative.", key=key, value=shown(value))
            self.error(key, message, *inside)
            return None
        try:
            return money.to_minor(value, currency)
        except money.AmountError as error:
            self.error(key, Sentence("{key!r} is wrong: {why}.", key=key, why=error), *inside)
            return None

    def url(self, key: str) -> str:
        """A web address, or nothing."""
        value: str = self.text(key, "", limit=2000) or ""
        try:
            parts = urlsplit(value)
            right = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            right = False
        if value and not right:
            self._must_be(key, value, Sentence("a web address such as https://shop.example/"))
        return value

    def tables(self, key: str, what: Sentence) -> list["Section"]:
        """The tables of an array."""
        value = self._take(key, list, TABLES, [])
        sections = []
        for number, element in enumerate(value or []):
            if isinstance(element, dict):
                sections.append(Section(element, (*self.path, key, number), what, self.errors))
            else:
                self.error(
                    key,
                    Sentence(
                        "{key!r} holds {value}; it must be {expected}.", key=key, value=shown(element), expected=TABLES
                    ),
                    number,
                )
        return sections

    def table(self, key: str, what: Sentence) -> "Section | None":
        """A table, where there is one."""
        values = self._take(key, dict, Sentence("a table [{key}]", key=key), None)
        return None if values is None else Section(values, (*self.path, key), what, self.errors)


def shown(value: Any) -> str:
    """A value as a message shows it."""
    match value:
        case str():
            return repr(value if len(value) <= 60 else value[:60] + "…")
        case bool():
            return str(value).lower()
        case list():
            return "a list"
        case dict():
            return "a table"
        case int() if abs(value) > 10**30:
            return "a number of more than 30 digits"
        case _:
            return str(value)[:60]
