"""What is left of a list, as a value: read from the parameters of an address, and written to them.

    status=open&status=approved     one of these
    sub1.starts=summer              begins with, as it is written
    ad.contains=banner              contains, in capitals or not
    customer.is=empty               has none; `filled`: has one
    time.from=2026-03-01            from here on; `time.until`: to here, both included
    turnover.from=10.50             in the program's currency, or in that of `turnover.currency`

What is said of one column of texts or choices are alternatives; the two ends of a range and different columns must all
hold. Days are of the program's time zone.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from accredit.database.keys import KeyTextError, key_from_text
from accredit.lists.columns import Column, Kind
from accredit.money import AmountError, decimals

MAX_CHARACTERS = 200
MAX_VALUES = 1_000
"""Of one column: as many order numbers as somebody may paste at once."""
Parameter = tuple[str, str]


class FilterError(ValueError):
    """A parameter that says nothing which the list could be filtered by."""


class Operator(StrEnum):
    ONE_OF = ""
    STARTS = "starts"
    CONTAINS = "contains"
    IS = "is"
    FROM = "from"
    UNTIL = "until"
    CURRENCY = "currency"


EMPTY, FILLED = "empty", "filled"
_RANGE = (Operator.FROM, Operator.UNTIL)
OPERATORS: Mapping[Kind, Sequence[Operator]] = {
    Kind.TEXT: (Operator.ONE_OF, Operator.STARTS, Operator.CONTAINS),
    Kind.CHOICE: (Operator.ONE_OF,),
    Kind.FLAG: (Operator.ONE_OF,),
    Kind.KEY: (Operator.ONE_OF,),
    Kind.MONEY: (*_RANGE, Operator.CURRENCY),
    Kind.NUMBER: _RANGE,
    Kind.INSTANT: _RANGE,
}


def operators(column: Column) -> Sequence[Operator]:
    """How a column can be filtered."""
    return (*OPERATORS[column.kind], Operator.IS) if column.can_be_empty else OPERATORS[column.kind]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is said of one column by one operator. `values`: as parameters have them, each right for its column."""

    column: Column
    operator: Operator
    values: tuple[str, ...]

    @property
    def parameter(self) -> str:
        return f"{self.column.name}.{self.operator}" if self.operator else self.column.name


@dataclass(frozen=True, slots=True)
class Filters:
    """All conditions, in the order of the columns."""

    conditions: tuple[Condition, ...] = ()

    def parameters(self) -> Sequence[Parameter]:
        """What an address says of them; `filters_from` reads it."""
        return [(one.parameter, value) for one in self.conditions for value in one.values]

    def of(self, column: str) -> Mapping[Operator, Sequence[str]]:
        """The values of one column, by operator."""
        return {one.operator: one.values for one in self.conditions if one.column.name == column}

    def without(self, column: str) -> "Filters":
        """The others, with nothing said of this column."""
        return Filters(tuple(one for one in self.conditions if one.column.name != column))

    @property
    def columns(self) -> Sequence[Column]:
        """Those of which something is said."""
        return list({one.column.name: one.column for one in self.conditions}.values())


def read(
    parameters: Iterable[Parameter], columns: Mapping[str, Column], names: Container[str], aliases: Mapping[str, str]
) -> tuple[Filters, Sequence[Parameter]]:
    """The filters of an address's parameters, of these columns; what is not understood is left out, and told beside.
    Parameters that name no column of the list (`names`) belong to others and are passed over. `aliases`: what addresses
    said once → what they say today."""
    found: dict[tuple[str, Operator], dict[str, None]] = {}
    wrong: list[Parameter] = []
    for given, text in parameters:
        name, _dot, operator = aliases.get(given, given).partition(".")
        if name not in names:
            continue
        for value in filter(None, (part.strip() for part in text.splitlines())):
            try:
                column, understood = columns[name], Operator(operator)
                canonical = _canonical(column, understood, value)
            except (KeyError, ValueError):
                wrong.append((given, value))
                continue
            values = found.setdefault((name, understood), {})
            if len(values) < _limit(understood):
                values[canonical] = None
            elif canonical not in values:
                wrong.append((given, value))
    conditions = [
        Condition(column, operator, tuple(said))
        for column in columns.values()
        for operator in operators(column)
        if (said := found.get((column.name, operator))) and (operator != Operator.CURRENCY or _bounded(found, column))
    ]
    return Filters(tuple(conditions)), wrong


def _bounded(found: Mapping[tuple[str, Operator], object], column: Column) -> bool:
    """A currency says nothing without an amount."""
    return any((column.name, end) in found for end in _RANGE)


def _limit(operator: Operator) -> int:
    return 1 if operator in (*_RANGE, Operator.CURRENCY) else MAX_VALUES


def _canonical(column: Column, operator: Operator, value: str) -> str:
    """The value as it is kept. Raises ValueError where the column cannot be filtered so."""
    if operator not in operators(column) or "\0" in value or len(value) > MAX_CHARACTERS:
        raise FilterError(f"{column.name} cannot be filtered by {value[:80]!r}")
    if operator == Operator.IS:
        return _one_of(value, (EMPTY, FILLED))
    if operator == Operator.CURRENCY:
        return _currency(value)
    match column.kind:
        case Kind.CHOICE if column.codes:
            return _one_of(value, column.codes)
        case Kind.FLAG:
            return _one_of(value, ("yes", "no"))
        case Kind.KEY:
            return _key(column, value)
        case Kind.MONEY:
            return _figure(value, r"[0-9]{1,13}([.,][0-9]{1,4})?").replace(",", ".")
        case Kind.NUMBER:
            return str(int(_figure(value, r"[0-9]{1,9}")))
        case Kind.INSTANT:
            return date.fromisoformat(_figure(value, r"[0-9]{4}-[0-9]{2}-[0-9]{2}")).isoformat()
    return value


def _one_of(value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise FilterError(f"{value[:80]!r} is none of {', '.join(allowed)}")
    return value


def _currency(value: str) -> str:
    try:
        decimals(value.upper())
    except AmountError as error:
        raise FilterError(str(error)) from error
    return value.upper()


def _key(column: Column, value: str) -> str:
    try:
        key_from_text(column.prefix, value)
    except KeyTextError as error:
        raise FilterError(str(error)) from error
    return value


def _figure(value: str, shape: str) -> str:
    if not re.fullmatch(shape, value, re.ASCII):
        raise FilterError(f"{value[:80]!r} is no such figure")
    return value


def bounds(filters: Filters, column: str) -> tuple[str | None, str | None]:
    """The two ends of a range; None where it is open."""
    of = filters.of(column)
    ends = [of.get(operator, [None])[0] for operator in _RANGE]
    return ends[0], ends[1]


def is_reversed(filters: Filters, column: Column) -> bool:
    """Whether a range ends before it begins."""
    low, high = bounds(filters, column.name)
    if not low or not high:
        return False
    return low > high if column.kind == Kind.INSTANT else Decimal(low) > Decimal(high)


def minor_bound(amount: str, currency: str, *, up: bool) -> int:
    """An amount as minor units of its currency; one with more decimals than the currency goes to the next within."""
    scaled = Decimal(amount).scaleb(decimals(currency))
    whole = int(scaled)
    return whole + 1 if up and whole != scaled else whole
