"""The conversion list: one page of rows at a time, found by their keys, and the totals of what is filtered.

A page starts after a row and never at an offset, so that its rows come as fast in a program of ten million conversions
as in one of ten thousand. Amounts of different currencies are never compared: they sort by currency first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from accredit.conversions.models import Conversion, CreditedTo
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.programs.visibility import Viewpoint

ROWS = 100
PREFIX = "cv"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORDERS = {
    "time": ("occurred_at",),
    "turnover": ("currency", "turnover_minor"),
    "commission": ("currency", "commission_minor"),
}
"""What the list sorts by → columns; the key of the row comes last."""
FORMS = {
    "occurred_at": r"\.(-?[0-9]{1,18})",  # microseconds since EPOCH
    "currency": r"\.([A-Z]{3})",
    "turnover_minor": r"\.([0-9]{1,16})",
    "commission_minor": r"\.([0-9]{1,16})",
}
"""Column → its part of a cursor's text."""


class CursorError(ValueError):
    """A text that names no place in the list."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is left of the list. Days are of the program's time zone, both included; None leaves everything in."""

    first_date: date | None = None
    last_date: date | None = None
    credited_to: str | None = None
    credited_code: str | None = None
    status: str | None = None
    customer_status: str | None = None
    event_type: str | None = None
    order_token: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """`name`: a key of ORDERS."""

    name: str = "time"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row after (or before) which a page starts, and how many rows of the list stand before that place."""

    rows_before: int
    values: tuple[Any, ...]
    backwards: bool

    def to_text(self) -> str:
        """Figures and a key, joined by dots: `100.1309876543210000.cv_…`."""
        *values, key = self.values
        texts = [str((v - EPOCH) // timedelta(microseconds=1) if isinstance(v, datetime) else v) for v in values]
        return ".".join([str(self.rows_before), *texts, key_to_text(PREFIX, key)])


def cursor_from_text(text: str, order: Order, *, backwards: bool) -> Cursor:
    """The cursor of a text that `to_text` wrote for this order. Raises CursorError for every other text."""
    columns = ORDERS[order.name]
    shape = re.compile(rf"([0-9]{{1,12}}){''.join(FORMS[column] for column in columns)}\.([^.]+)")
    found = shape.fullmatch(text)
    if not found:
        raise CursorError(f"{text[:80]!r} names no place in a list by {order.name}")
    rows_before, *texts, key = found.groups()
    try:
        values = [_value(column, value) for column, value in zip(columns, texts, strict=True)]
        return Cursor(int(rows_before), (*values, key_from_text(PREFIX, key)), backwards)
    except (OverflowError, KeyTextError) as error:
        raise CursorError(f"{text[:80]!r} names no place in the list: {error}") from error


def _value(column: str, text: str) -> str | int | datetime:
    if column == "currency":
        return text
    return EPOCH + timedelta(microseconds=int(text)) if column == "occurred_at" else int(text)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order asked for. `before` and `after` start the pages beside this one, where there are any."""

    rows: Sequence[Conversion]
    rows_before: int
    before: Cursor | None
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Total:
    currency: str
    conversions: int
    turnover_minor: int
    commission_minor: int


def conversion_of(view: Viewpoint, key: UUID) -> Conversion:
    """One conversion that the viewer may see. Raises Conversion.DoesNotExist for every other."""
    return _seen_from(view).get(id=key)


def page_of(view: Viewpoint, filters: Filters, order: Order, cursor: Cursor | None = None, *, rows: int = ROWS) -> Page:
    """The page of the filtered list that starts at `cursor`, or the first one."""
    columns = (*ORDERS[order.name], "id")
    backwards = cursor is not None and cursor.backwards
    falling = order.descending != backwards
    found = _filtered(view, filters).order_by(*[F(column).desc() if falling else F(column).asc() for column in columns])
    if cursor:
        beyond = TupleLessThan if falling else TupleGreaterThan
        found = found.filter(beyond(Tuple(*[F(column) for column in columns]), cursor.values))
    taken = list(found[: rows + 1])
    more, taken = len(taken) > rows, taken[:rows]
    if backwards:
        taken.reverse()
    start = cursor.rows_before if cursor else 0
    rows_before = (start - len(taken) if more else 0) if backwards else start
    has_before, has_after = (more, True) if backwards else (cursor is not None, more)

    def beside(row: Conversion, before: int, *, backwards: bool) -> Cursor:
        return Cursor(before, tuple(getattr(row, column) for column in columns), backwards)

    return Page(
        taken,
        rows_before,
        beside(taken[0], rows_before, backwards=True) if taken and has_before else None,
        beside(taken[-1], rows_before + len(taken), backwards=False) if taken and has_after else None,
    )


def latest_key(view: Viewpoint) -> UUID | None:
    """The key of the conversion that was booked last: keys begin with the time of booking. None: there is none."""
    return _seen_from(view).order_by("-id").values_list("id", flat=True).first()


def count_after(view: Viewpoint, filters: Filters, key: UUID | None) -> int:
    """How many conversions of the filtered list were booked after that of `key`; ROWS at most."""
    found = _filtered(view, filters)
    return (found if key is None else found.filter(id__gt=key)).order_by()[:ROWS].count()


def totals_of(view: Viewpoint, filters: Filters) -> Sequence[Total]:
    """One total a currency, over everything that the filters leave."""
    sums = (
        _filtered(view, filters)
        .values("currency")
        .annotate(n=Count("*"), turnover=Sum("turnover_minor"), commission=Sum("commission_minor"))
        .order_by("currency")
    )
    return [Total(row["currency"], row["n"], int(row["turnover"]), int(row["commission"])) for row in sums]


def _seen_from(view: Viewpoint) -> QuerySet[Conversion]:
    seen = Conversion.objects.filter(program=view.program)
    if view.partners is None:
        return seen
    return seen.filter(credited_to=CreditedTo.PARTNER, partner__in=sorted(view.partners))


def _filtered(view: Viewpoint, filters: Filters) -> QuerySet[Conversion]:
    zone = ZoneInfo(view.program.timezone)
    first, last = filters.first_date, filters.last_date
    wanted: dict[str, object] = {
        "occurred_at__gte": first and datetime.combine(first, time.min, zone),
        "occurred_at__lt": datetime.combine(last + timedelta(days=1), time.min, zone)
        if last and last < date.max
        else None,
        "credited_to": filters.credited_to,
        "status": filters.status,
        "customer_status": filters.customer_status,
        "event_type": filters.event_type,
        "order_token": filters.order_token,
    }
    if filters.credited_to in (CreditedTo.PARTNER, CreditedTo.CHANNEL):
        wanted[filters.credited_to] = filters.credited_code
    return _seen_from(view).filter(**{name: value for name, value in wanted.items() if value is not None})
