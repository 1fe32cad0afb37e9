"""Filters as conditions of the database."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from accredit.database.keys import key_from_text
from accredit.lists.beginning import Begins
from accredit.lists.columns import Column, Kind
from accredit.lists.filters import EMPTY, Filters, Operator, bounds, minor_bound
from accredit.programs.models import Program


def condition(program: Program, filters: Filters, column: Column) -> Q:
    """What the filters say of one column."""
    match column.kind:
        case Kind.INSTANT:
            return _days(program, filters, column)
        case Kind.MONEY:
            return _amounts(program, filters, column)
        case Kind.NUMBER:
            return _numbers(filters, column)
    return _alternatives(filters, column)


def _alternatives(filters: Filters, column: Column) -> Q:
    """Any of what is said of a column holds."""
    found: list[Q] = []
    for operator, values in filters.of(column.name).items():
        match operator:
            case Operator.ONE_OF:
                found.append(_one_of(column, values))
            case Operator.STARTS:
                found += [Q(Begins(F(column.field), value)) for value in values]
            case Operator.CONTAINS:
                found += [Q(**{f"{column.field}__icontains": value}) for value in values]
            case Operator.IS:
                found += [Q(**{f"{column.field}__isnull": value == EMPTY}) for value in values]
    return reduce(or_, found)


def _one_of(column: Column, values: Sequence[str]) -> Q:
    if column.matches:
        return reduce(or_, map(column.matches, values))
    wanted: list[Any] = list(values)
    if column.kind == Kind.KEY:
        wanted = [key_from_text(column.prefix, value) for value in values]
    if column.kind == Kind.FLAG:
        wanted = [value == "yes" for value in values]
    return Q(**{column.field: wanted[0]}) if len(wanted) == 1 else Q(**{f"{column.field}__in": wanted})


def _days(program: Program, filters: Filters, column: Column) -> Q:
    zone = ZoneInfo(program.timezone)
    first, last = (text and date.fromisoformat(text) for text in bounds(filters, column.name))
    found = Q()
    if first:
        found &= Q(**{f"{column.field}__gte": datetime.combine(first, time.min, zone)})
    if last and last < date.max:
        found &= Q(**{f"{column.field}__lt": datetime.combine(last + timedelta(days=1), time.min, zone)})
    return found


def _amounts(program: Program, filters: Filters, column: Column) -> Q:
    (currency,) = filters.of(column.name).get(Operator.CURRENCY, [program.currency])
    low, high = bounds(filters, column.name)
    found = Q(currency=currency)
    if low:
        found &= Q(**{f"{column.field}__gte": minor_bound(low, currency, up=True)})
    if high:
        found &= Q(**{f"{column.field}__lte": minor_bound(high, currency, up=False)})
    return found


def _numbers(filters: Filters, column: Column) -> Q:
    low, high = bounds(filters, column.name)
    found = Q()
    if low:
        found &= Q(**{f"{column.field}__gte": int(low)})
    if high:
        found &= Q(**{f"{column.field}__lte": int(high)})
    return found
