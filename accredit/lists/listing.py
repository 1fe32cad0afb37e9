"""A declared list: one page of rows at a time, found by their keys, and the totals of what is filtered.

A page starts after a row and never at an offset, so that its rows come as fast in a program of ten million as in one of
ten thousand, wherever an index serves order and filters. Where none does, the database looks for a limited time only,
and the reader is told what to narrow.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

import polars as pl
from django.db.models import Aggregate, Count, DateTimeField, F, IntegerField, Model, QuerySet, Sum, TextField, Value
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import Coalesce

from accredit.engine.frames import INSTANT, MINOR, TEXT
from accredit.lists.columns import Column
from accredit.lists.conditions import condition
from accredit.lists.filters import FilterError, Filters, Parameter, read
from accredit.lists.patience import TOTALS_PATIENCE_SECONDS, patient
from accredit.lists.places import EPOCH, Cursor, Order, cursor_from_text
from accredit.programs.visibility import Viewpoint

ROWS = 100
WIDTHS = range(40, 1_001)
"""In pixels."""
M = TypeVar("M", bound=Model)


class ColumnsError(ValueError):
    """A text that names no columns of the list."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A column that somebody chose; `width`: where they also made it wider or narrower."""

    column: Column
    width: int | None = None


def columns_text(chosen: Sequence[Chosen]) -> str:
    """As addresses have them: `time.order-180.turnover`."""
    return ".".join(f"{one.column.name}-{one.width}" if one.width else one.column.name for one in chosen)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows in the order asked for. `before` and `after` start the pages beside this one, where there are any."""

    rows: Sequence[M]
    rows_before: int
    before: Cursor | None
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Total:
    """Of one currency and status."""

    currency: str
    status: str
    rows: int
    turnover_minor: int
    commission_minor: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Totals that the database keeps by the values of some columns. `seen_from`: those of all rows that a viewer may
    see, with the fields of these columns, the status, the currency, and the sums `rows`, `turnover_minor` and
    `commission_minor`."""

    columns: frozenset[str]
    seen_from: Callable[[Viewpoint], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class List(Generic[M]):
    """What a list shows, and to whom. Every list has the columns `time`, by which it is sorted where nothing else is
    said, `order`, `status`, `turnover`, `commission`, `currency` and `id`.

    `name`: in kept views and jobs. `seen_from`: the rows that a viewer may see. `default`: the columns that are shown
    to those who chose none. `added`: fields of columns that no row has by itself, and how rows get them; one that is
    sorted by is never null. `figures`: fields that are whole numbers, besides amounts. `aliases`: what addresses said
    once → what they say today. `kept`: where totals need no look at the rows."""

    name: str
    model: type[M]
    columns: Mapping[str, Column]
    seen_from: Callable[[Viewpoint], QuerySet[M]]
    default: Sequence[str]
    added: Mapping[str, Callable[[QuerySet[M]], QuerySet[M]]] = field(default_factory=dict)
    figures: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    kept: Kept | None = None

    @property
    def prefix(self) -> str:
        """Of the keys of its rows."""
        return self.columns["id"].prefix

    def type_of(self, name: str) -> pl.DataType:
        """What a field holds."""
        if name.endswith("_at"):
            return INSTANT
        if name.endswith("_minor"):
            return MINOR
        return pl.Int64() if name in self.figures else TEXT

    def columns_for(self, view: Viewpoint) -> Sequence[Column]:
        """The columns that the viewer may see."""
        return [column for column in self.columns.values() if column.shown_to(view)]

    def columns_from_text(self, text: str, view: Viewpoint) -> Sequence[Chosen]:
        """What `columns_text` wrote, as far as the viewer may see it. Raises ColumnsError for every other text."""
        found: dict[str, Chosen] = {}
        for part in text.split("."):
            shape = re.fullmatch(r"([a-z_]+[0-9]?)(?:-([0-9]{2,4}))?", part, re.ASCII)
            column = self.columns.get(shape[1]) if shape else None
            if shape is None or column is None:
                raise ColumnsError(f"{part[:80]!r} is no column of the list")
            width = int(shape[2]) if shape[2] else None
            if width is not None and width not in WIDTHS:
                raise ColumnsError(f"a column is {WIDTHS.start} to {WIDTHS[-1]} pixels wide, not {width}")
            if column.shown_to(view):
                found[column.name] = Chosen(column, width)
        if not found:
            raise ColumnsError(f"{text[:80]!r} names no column that you may see")
        return list(found.values())

    def read(
        self, parameters: Iterable[Parameter], columns: Mapping[str, Column] | None = None
    ) -> tuple[Filters, Sequence[Parameter]]:
        """The filters of an address's parameters, of these columns or of all; what is not understood is left out, and
        told beside. Those that name no column belong to others and are passed over."""
        return read(parameters, self.columns if columns is None else columns, self.columns, self.aliases)

    def filters_from(self, parameters: Iterable[Parameter]) -> Filters:
        """Like `read`. Raises FilterError for a value that its column cannot have."""
        filters, wrong = self.read(parameters)
        if wrong:
            raise FilterError("; ".join(f"{name}={text[:80]!r} filters nothing" for name, text in wrong))
        return filters

    def sorted_by(self, order: Order) -> Sequence[str]:
        """The fields of an order; the key of the row comes last."""
        return list(dict.fromkeys((*self.columns[order.name].sort, "id")))

    def cursor_from_text(self, text: str, order: Order, *, backwards: bool) -> Cursor:
        """The place of a text that an address of the list in this order names. Raises CursorError for every other."""
        *fields, _key = self.sorted_by(order)
        return cursor_from_text(text, [self.type_of(name) for name in fields], self.prefix, backwards=backwards)

    def one(self, view: Viewpoint, key: UUID) -> M:
        """One row that the viewer may see. Raises the model's DoesNotExist for every other."""
        return self.with_added(self.seen_from(view), self.added).get(id=key)

    def page(
        self,
        view: Viewpoint,
        filters: Filters,
        order: Order,
        cursor: Cursor | None = None,
        *,
        rows: int = ROWS,
        columns: Sequence[Column] = (),
    ) -> Page[M]:
        """The page of the filtered list that starts at `cursor`, or the first one. `columns`: those that will be
        shown. Raises TakesTooLong."""
        backwards = cursor is not None and cursor.backwards
        falling = order.descending != backwards
        fields = self.sorted_by(order)
        found = self.with_added(
            self.filtered(view, filters), [*fields, *(name for column in columns for name in column.fields)]
        )
        found = self.ordered(found, Order(order.name, descending=falling))
        if cursor:
            beyond = TupleLessThan if falling else TupleGreaterThan
            found = found.filter(beyond(Tuple(*map(self._sorted, fields)), cursor.values))
        with patient():
            taken = list(found[: rows + 1])
        more, taken = len(taken) > rows, taken[:rows]
        if backwards:
            taken.reverse()
        start = cursor.rows_before if cursor else 0
        rows_before = (start - len(taken) if more else 0) if backwards else start
        has_before, has_after = (more, True) if backwards else (cursor is not None, more)

        def beside(row: M, before: int, *, backwards: bool) -> Cursor:
            return Cursor(before, tuple(self._place(row, name) for name in fields), backwards, self.prefix)

        return Page(
            taken,
            rows_before,
            beside(taken[0], rows_before, backwards=True) if taken and has_before else None,
            beside(taken[-1], rows_before + len(taken), backwards=False) if taken and has_after else None,
        )

    def ordered(self, found: QuerySet[M], order: Order) -> QuerySet[M]:
        """Rows in an order of the list; for that of an added field, rows that have it (`with_added`)."""
        places = map(self._sorted, self.sorted_by(order))
        return found.order_by(*[place.desc() if order.descending else place.asc() for place in places])

    def _is_null(self, name: str) -> bool:
        return name not in self.added and bool(self.model._meta.get_field(name).null)

    def _nothing(self, name: str) -> Any:
        """Where a row that has none of a field stands among the others: before them."""
        type_ = self.type_of(name)
        return EPOCH if type_ == INSTANT else "" if type_ == TEXT else 0

    def _sorted(self, name: str) -> F | Coalesce:
        if not self._is_null(name):
            return F(name)
        type_ = self.type_of(name)
        output = DateTimeField() if type_ == INSTANT else TextField() if type_ == TEXT else IntegerField()
        return Coalesce(name, Value(self._nothing(name), output))

    def _place(self, row: M, name: str) -> Any:
        value = getattr(row, name)
        return self._nothing(name) if value is None else value

    def filtered(self, view: Viewpoint, filters: Filters) -> QuerySet[M]:
        """The rows that the viewer may see and the filters leave, in no order. Raises FilterError for a column that the
        viewer has not: what it said would tell of what it holds."""
        return self._left(self.seen_from(view), view, filters)

    def among(self, view: Viewpoint, filters: Filters, name: str, values: Sequence[str]) -> set[str]:
        """Which of these values of a column of texts the filtered list has. Raises TakesTooLong."""
        column = self.columns[name].field
        found = self.filtered(view, filters).filter(**{f"{column}__in": values})
        with patient():
            return set(found.values_list(column, flat=True))

    def _left(self, found: QuerySet[M], view: Viewpoint, filters: Filters) -> QuerySet[M]:
        for column in filters.columns:
            if not column.shown_to(view):
                raise FilterError(f"{column.name} is no column for partners")
            found = self.with_added(found, column.fields)
            found = found.filter(condition(view.program, filters, column))
        return found

    def with_added(self, found: QuerySet[M], fields: Iterable[str]) -> QuerySet[M]:
        """With those of these fields that no row has by itself."""
        for name in self.added.keys() & set(fields):
            found = self.added[name](found)
        return found

    def latest_key(self, view: Viewpoint) -> UUID | None:
        """The key of the row that was made last: keys begin with the time of making. None: there is none."""
        found: UUID | None = self.seen_from(view).order_by("-id").values_list("id", flat=True).first()
        return found

    def count_after(self, view: Viewpoint, filters: Filters, key: UUID | None) -> int:
        """How many rows of the filtered list were made after that of `key`; ROWS at most. Raises TakesTooLong."""
        found = self.filtered(view, filters)
        with patient():
            return (found if key is None else found.filter(id__gt=key)).order_by()[:ROWS].count()

    def totals(self, view: Viewpoint, filters: Filters) -> Sequence[Total]:
        """One total a currency and status, over everything that the filters leave. Raises TakesTooLong."""
        status, turnover, commission = (self.columns[name].field for name in ("status", "turnover", "commission"))
        n: Aggregate = Count("*")
        found = self.filtered(view, filters)
        if self.kept and self.kept.columns.issuperset(column.name for column in filters.columns):
            n = Sum("rows")
            found = self._left(self.kept.seen_from(view), view, filters)
        sums = (
            found.values("currency", status)
            .annotate(n=n, turnover=Sum(turnover), commission=Sum(commission))
            .filter(n__gt=0)
            .order_by("currency", status)
        )
        with patient(TOTALS_PATIENCE_SECONDS):
            return [
                Total(row["currency"], row[status], row["n"], int(row["turnover"] or 0), int(row["commission"] or 0))
                for row in sums
            ]

    def currencies(self, view: Viewpoint) -> Sequence[str]:
        """The program's own, then what else the viewer's rows are in: a step in the index for each."""
        found: list[str] = [view.program.currency]
        seen: QuerySet[M, Any] = self.seen_from(view).order_by("currency").values_list("currency", flat=True)
        last: Any = seen.first()
        while last is not None:
            found.append(last)
            last = seen.filter(currency__gt=last).first()
        return list(dict.fromkeys(found))
