"""The conversion list: one page of rows at a time, found by their keys, and the totals of what is filtered.

A page starts after a row and never at an offset, so that its rows come as fast in a program of ten million conversions
as in one of ten thousand, wherever an index serves order and filters. Where none does, the database looks for a limited
time only, and the reader is told what to narrow.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import Coalesce
from psycopg.errors import QueryCanceled

from accredit.conversions.columns import COLUMNS, Column
from accredit.conversions.conditions import condition
from accredit.conversions.filters import PREFIX as PREFIX
from accredit.conversions.filters import FilterError, Filters
from accredit.conversions.models import Conversion, CreditedTo, Hold, Item
from accredit.database.keys import key_from_text, key_to_text
from accredit.programs.visibility import Viewpoint

ROWS = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS, TOTALS_PATIENCE_SECONDS = 4, 20
"""How long the database looks for the rows of a page, and for its totals, which come after."""
TEXT = r"\.([A-Za-z0-9_~%-]*)"
FORMS = {
    "occurred_at": r"\.(-?[0-9]{1,18})",  # microseconds since EPOCH
    "currency": r"\.([A-Z]{3})",
    "turnover_minor": r"\.([0-9]{1,16})",
    "commission_minor": r"\.([0-9]{1,16})",
    "terms_version": r"\.([0-9]{1,9})",
    "item_count": r"\.([0-9]{1,9})",
}
"""Field → its part of a cursor's text; those of all others are texts, as addresses escape them."""


class CursorError(ValueError):
    """A text that names no place in the list."""


class TakesTooLong(Exception):
    """No index serves what was asked for, and there is too much to look through."""


@dataclass(frozen=True, slots=True)
class Order:
    """`name`: a column that has a `sort`."""

    name: str = "time"
    descending: bool = True

    @property
    def fields(self) -> Sequence[str]:
        """What the list sorts by; the key of the row comes last."""
        return list(dict.fromkeys((*COLUMNS[self.name].sort, "id")))


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row after (or before) which a page starts, and how many rows of the list stand before that place."""

    rows_before: int
    values: tuple[Any, ...]
    backwards: bool

    def to_text(self) -> str:
        """Figures and a key, joined by dots: `100.1309876543210000.cv_…`."""
        *values, key = self.values
        return ".".join([str(self.rows_before), *map(_text_of, values), key_to_text(PREFIX, key)])


def _text_of(value: object) -> str:
    if isinstance(value, datetime):
        return str((value - EPOCH) // timedelta(microseconds=1))
    if isinstance(value, int):
        return str(value)
    return quote(str(value), safe="").replace(".", "%2E")


def cursor_from_text(text: str, order: Order, *, backwards: bool) -> Cursor:
    """The cursor of a text that `to_text` wrote for this order. Raises CursorError for every other text."""
    *fields, _key = order.fields
    shape = re.compile(rf"([0-9]{{1,12}}){''.join(FORMS.get(field, TEXT) for field in fields)}\.([^.]+)")
    found = shape.fullmatch(text)
    if not found:
        raise CursorError(f"{text[:80]!r} names no place in a list by {order.name}")
    rows_before, *texts, key = found.groups()
    try:
        values = [_value(field, value) for field, value in zip(fields, texts, strict=True)]
        return Cursor(int(rows_before), (*values, key_from_text(PREFIX, key)), backwards)
    except (OverflowError, ValueError) as error:
        raise CursorError(f"{text[:80]!r} names no place in the list: {error}") from error


def _value(field: str, text: str) -> str | int | datetime:
    if field == "occurred_at":
        return EPOCH + timedelta(microseconds=int(text))
    if field in FORMS and field != "currency":
        return int(text)
    value = unquote(text, errors="strict")
    if "\0" in value:
        raise CursorError("no text has such a character")
    return value


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order asked for. `before` and `after` start the pages beside this one, where there are any."""

    rows: Sequence[Conversion]
    rows_before: int
    before: Cursor | None
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Total:
    """Of one currency and status."""

    currency: str
    status: str
    conversions: int
    turnover_minor: int
    commission_minor: int


def conversion_of(view: Viewpoint, key: UUID) -> Conversion:
    """One conversion that the viewer may see. Raises Conversion.DoesNotExist for every other."""
    return with_added(_seen_from(view), ADDED).get(id=key)


def page_of(
    view: Viewpoint,
    filters: Filters,
    order: Order,
    cursor: Cursor | None = None,
    *,
    rows: int = ROWS,
    columns: Sequence[Column] = (),
) -> Page:
    """The page of the filtered list that starts at `cursor`, or the first one. `columns`: those that will be shown.
    Raises TakesTooLong."""
    backwards = cursor is not None and cursor.backwards
    falling = order.descending != backwards
    found = filtered(view, filters)
    found = with_added(found, [*order.fields, *(field for column in columns for field in column.fields)])
    found = ordered(found, Order(order.name, descending=falling))
    places = [_sorted(field) for field in order.fields]
    if cursor:
        beyond = TupleLessThan if falling else TupleGreaterThan
        found = found.filter(beyond(Tuple(*places), cursor.values))
    with patient():
        taken = list(found[: rows + 1])
    more, taken = len(taken) > rows, taken[:rows]
    if backwards:
        taken.reverse()
    start = cursor.rows_before if cursor else 0
    rows_before = (start - len(taken) if more else 0) if backwards else start
    has_before, has_after = (more, True) if backwards else (cursor is not None, more)

    def beside(row: Conversion, before: int, *, backwards: bool) -> Cursor:
        return Cursor(before, tuple(_place(row, field) for field in order.fields), backwards)

    return Page(
        taken,
        rows_before,
        beside(taken[0], rows_before, backwards=True) if taken and has_before else None,
        beside(taken[-1], rows_before + len(taken), backwards=False) if taken and has_after else None,
    )


def ordered(found: QuerySet[Conversion], order: Order) -> QuerySet[Conversion]:
    """Conversions in an order of the list; for that of `item_count`, conversions that have it (`with_added`)."""
    places = [_sorted(field) for field in order.fields]
    return found.order_by(*[place.desc() if order.descending else place.asc() for place in places])


def _is_null(field: str) -> bool:
    return field != "item_count" and bool(Conversion._meta.get_field(field).null)


def _nothing(field: str) -> str | int:
    """Where a row that has none of a field stands among the others: before them."""
    return 0 if field in FORMS else ""


def _sorted(field: str) -> F | Coalesce:
    if not _is_null(field):
        return F(field)
    return Coalesce(field, Value(_nothing(field), IntegerField() if field in FORMS else TextField()))


def _place(row: Conversion, field: str) -> Any:
    value = getattr(row, field)
    return _nothing(field) if value is None else value


@contextmanager
def patient(seconds: int = PATIENCE_SECONDS) -> Iterator[None]:
    """Lets the database look for so long only; raises TakesTooLong then."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = '{seconds}s'")
            yield
            cursor.execute("set local statement_timeout to default")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TakesTooLong from error
        raise


def latest_key(view: Viewpoint) -> UUID | None:
    """The key of the conversion that was booked last: keys begin with the time of booking. None: there is none."""
    return _seen_from(view).order_by("-id").values_list("id", flat=True).first()


def count_after(view: Viewpoint, filters: Filters, key: UUID | None) -> int:
    """How many conversions of the filtered list were booked after that of `key`; ROWS at most. Raises TakesTooLong."""
    found = filtered(view, filters)
    with patient():
        return (found if key is None else found.filter(id__gt=key)).order_by()[:ROWS].count()


def totals_of(view: Viewpoint, filters: Filters) -> Sequence[Total]:
    """One total a currency and status, over everything that the filters leave. Raises TakesTooLong."""
    sums = (
        filtered(view, filters)
        .values("currency", "status")
        .annotate(n=Count("*"), turnover=Sum("turnover_minor"), commission=Sum("commission_minor"))
        .order_by("currency", "status")
    )
    with patient(TOTALS_PATIENCE_SECONDS):
        return [
            Total(row["currency"], row["status"], row["n"], int(row["turnover"]), int(row["commission"]))
            for row in sums
        ]


def currencies_of(view: Viewpoint) -> Sequence[str]:
    """The program's own, then what else the viewer's conversions are in: a step in the index for each."""
    found, seen = [view.program.currency], _seen_from(view).order_by("currency").values_list("currency", flat=True)
    last = seen.first()
    while last is not None:
        found.append(last)
        last = seen.filter(currency__gt=last).first()
    return list(dict.fromkeys(found))


def _seen_from(view: Viewpoint) -> QuerySet[Conversion]:
    seen = Conversion.objects.filter(program=view.program)
    if view.partners is None:
        return seen
    return seen.filter(credited_to=CreditedTo.PARTNER, partner__in=sorted(view.partners))


def with_added(found: QuerySet[Conversion], fields: Iterable[str]) -> QuerySet[Conversion]:
    """With those of these fields that no conversion has by itself (ADDED)."""
    for name in ADDED.keys() & set(fields):
        found = ADDED[name](found)
    return found


def _with_items(found: QuerySet[Conversion]) -> QuerySet[Conversion]:
    """How many items the decision that counts has."""
    items = Item.objects.filter(
        program=OuterRef("program"), conversion_id=OuterRef("id"), decision=OuterRef("decision")
    )
    count = Subquery(items.order_by().values("program").annotate(n=Count("*")).values("n"))
    return found.annotate(item_count=Coalesce(count, 0))


def _with_holds(found: QuerySet[Conversion]) -> QuerySet[Conversion]:
    """Whether somebody holds it back from approving itself."""
    holds = Hold.objects.filter(program=OuterRef("program"), conversion_id=OuterRef("id"), released_at=None)
    return found.annotate(held=Exists(holds))


ADDED: Mapping[str, Callable[[QuerySet[Conversion]], QuerySet[Conversion]]] = {
    "item_count": _with_items,
    "held": _with_holds,
}
"""Fields of columns that are no fields of the conversion."""


def filtered(view: Viewpoint, filters: Filters) -> QuerySet[Conversion]:
    """The conversions that the viewer may see and the filters leave, in no order. Raises FilterError for a column that
    the viewer has not: what it said would tell of what it holds."""
    found = _seen_from(view)
    for column in filters.columns:
        if not column.shown_to(view):
            raise FilterError(f"{column.name} is no column for partners")
        found = with_added(found, column.fields)
        found = found.filter(condition(view.program, filters, column))
    return found
