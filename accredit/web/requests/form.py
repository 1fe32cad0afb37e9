"""The form by which one raises a request by hand: its fields, what was typed into them, and what that asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accredit.conversion_requests.frames import WANTED, WANTED_ITEMS
from accredit.conversion_requests.import_columns import Known, customer_status_of, known_of
from accredit.conversion_requests.models import Kind, Request
from accredit.conversions.models import Conversion, Item, Status
from accredit.imports.instants import read_instants, readings_of, with_offset
from accredit.money import AmountError, decimals
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.amounts import amount_from_text
from accredit.web.conversions.acting import typed
from accredit.web.conversions.history import reason_titles
from accredit.web.conversions.summing import items_of
from accredit.web.requests.fields import FIELDS

ROW = 1
"""The only one: the form is a table of one row."""
LINES = 100
EMPTY_LINES = 3
AMOUNTS = ("turnover_minor", "claimed_minor")
MAIN = ("event_type", "order_token", "occurred_at", "turnover_minor", "claimed_minor", "currency")
OF_CHANGE = ("status", "rejection_reason", "new_order_token")
MORE = (
    "category", "customer_status", "promo_code", "country", "device", "ad", "project",
    "sub_id1", "sub_id2", "sub_id3", "sub_id4", "sub_id5", "sub_id6",
)  # fmt: skip
TYPED = ("kind", "partner", *MAIN, *OF_CHANGE, *MORE)

Options = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Line:
    """One item. `was`: the quantity that the field showed first; what nobody touched is not asked for."""

    number: int
    item_id: str = ""
    quantity: str = ""
    was: str = ""
    turnover: str = ""
    sku: str = ""
    category: str = ""
    now: str = ""
    error: str = ""

    @property
    def is_asked(self) -> bool:
        return bool(self.item_id or self.turnover or self.sku) if not self.was else self._is_changed

    @property
    def _is_changed(self) -> bool:
        return self.quantity != self.was or bool(self.turnover)


@dataclass(frozen=True, slots=True)
class Field:
    """A field as the page shows it. `now`: what the conversion has; `options`: of a closed list, with the empty
    one."""

    name: str
    title: str
    value: str
    error: str
    now: str = ""
    options: Options = ()
    kind: str = "text"

    @property
    def id(self) -> str:
        return f"request-{self.name}"


@dataclass
class Form:
    """`values`: by name, as they are typed; `errors`: by name, why one cannot be read. `readings`: the two times that
    are meant where the clock shows the one that is typed twice, and `reading` the one that was chosen."""

    view: Viewpoint
    values: dict[str, str]
    lines: Sequence[Line]
    conversion: Conversion | None = None
    errors: dict[str, str] = field(default_factory=dict)
    reading: str = ""
    readings: Sequence[str] = ()

    @cached_property
    def known(self) -> Known:
        return known_of(self.view)

    @property
    def is_change(self) -> bool:
        return self.values["kind"] == Kind.CHANGE

    @property
    def currency(self) -> str:
        """Of the amounts: that of the conversion, else the one that is typed, else the program's."""
        if self.conversion is not None:
            return self.conversion.currency
        return self.values["currency"] or self.view.program.currency

    def fields(self, names: Sequence[str]) -> Sequence[Field]:
        """These fields, without those that have nothing to choose."""
        return [self._field(name) for name in names if self._is_shown(name)]

    def _is_shown(self, name: str) -> bool:
        match name:
            case "partner":
                return len(self.known.partners) > 1
            case "occurred_at" | "currency":
                return self.conversion is None  # a change leaves both as they are
            case "event_type":
                return len(self.known.event_types) > 1
            case "ad" | "project":
                return len(self._options(name)) > 1
        return True

    def _field(self, name: str) -> Field:
        kind = "instant" if name == "occurred_at" else "amount" if name in AMOUNTS else "text"
        return Field(
            name,
            str(FIELDS[name]),
            self._typed(name),
            self.errors.get(name, ""),
            now=self._now(name),
            options=self._options(name),
            kind=kind,
        )

    def _typed(self, name: str) -> str:
        """What is typed into a field; of a customer status, the one that its word means."""
        text = self.values[name]
        return customer_status_of(self.known, text) if name == "customer_status" and text else text

    def _options(self, name: str) -> Options:
        match name:
            case "partner":
                return [("", _("Choose a partner")), *self.known.partners.items()]
            case "event_type":
                return [("", _("Choose an event type")), *((code, code) for code in self.known.event_types)]
            case "status":
                validated = self.conversion is not None and self.conversion.status != Status.OPEN
                codes = [code for code in Status.values if not (validated and code == Status.OPEN)]
                return [("", _("stays")), *((code, words.word(words.STATUSES, code)) for code in codes)]
            case "rejection_reason":
                return [("", "–"), *reason_titles(self.view).items()]
            case "customer_status":
                known = self.known.customer_statuses
                return [("", "–"), *((code, words.word(words.CUSTOMER_STATUSES, code)) for code in known)]
            case "ad":
                return [("", "–"), *self.known.ads.items()]
            case "project":
                return [("", "–"), *self._projects()]
        return ()

    def _projects(self) -> Options:
        """Those of whom the request may be for, with whose they are where that is not settled."""
        settled = self.conversion.partner if self.conversion is not None else None
        names = self.known.partners
        return [
            (code, f"{name} · {names[of]}" if of is not None and settled is None and len(names) > 1 else name)
            for code, (name, of) in self.known.projects.items()
            if settled is None or of in (None, settled)
        ]

    def _now(self, name: str) -> str:
        """What the conversion that is to change has there."""
        one = self.conversion
        if one is None or name in ("partner", "event_type", "order_token", "new_order_token", "currency"):
            return ""
        match name:
            case "occurred_at":
                return formats.instant(one.occurred_at, ZoneInfo(self.view.program.timezone))
            case "turnover_minor":
                return formats.money(one.turnover_minor, one.currency)
            case "claimed_minor":
                return formats.money(one.commission_minor, one.currency)
            case "status":
                return words.word(words.STATUSES, one.status)
            case "rejection_reason":
                return reason_titles(self.view).get(one.rejection_reason or "", one.rejection_reason or "")
        return str(getattr(one, name) or "")

    def shown(self, name: str) -> str:
        """What stands in a field, as one reads it there; empty where there is no such field."""
        text = self.values.get(name, "")
        return dict(self._options(name)).get(text, text)

    def wanted(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What the form asks for, as `check` takes it; what cannot be read is left out, with `errors`."""
        self.errors = {}
        texts = {name: self._typed(name) or None for name in WANTED if name in self.values}
        row: dict[str, Any] = {**texts, "row": ROW, "kind": self.values["kind"]}
        row["occurred_at"] = self._instant()
        for name in AMOUNTS:
            row[name] = self._amount(name)
        if self.conversion is not None:
            row |= {"conversion_id": str(self.conversion.id), "currency": None}
        items = [read for line in self.lines if line.is_asked and (read := self._item(line)) is not None]
        wrong = " ".join(dict.fromkeys(line.error for line in self.lines if line.error))
        if wrong:
            self.errors["items"] = wrong
        schema = dict(WANTED)
        wanted = pl.DataFrame([{name: row.get(name) for name in schema}], schema=schema, orient="row")
        return wanted, pl.DataFrame(items, schema=dict(WANTED_ITEMS), orient="row")

    def _instant(self) -> datetime | None:
        """The time, read as that of a file is. The clock shows it twice: as it was chosen."""
        text, zone = self.values["occurred_at"][:40], ZoneInfo(self.view.program.timezone)
        at, why = _read(text, zone)
        self.readings = readings_of(pl.Series([text]), None, zone)[text] if why == "time_twice" else ()
        if self.reading in self.readings:
            at, why = _read(self.reading, zone)
        match why:
            case "time_twice":
                self.errors["occurred_at"] = _("The clock shows this hour twice that day. Say which of the two it was.")
            case "time_skipped":
                self.errors["occurred_at"] = _("That day the clock is set forward over this hour: it was never shown.")
            case str():
                self.errors["occurred_at"] = _("“%(text)s” is no time.") % {"text": text}
        return at

    def _amount(self, name: str) -> int | None:
        text = self.values[name]
        if not text:
            return None
        try:
            return amount_from_text(text, self._readable_currency())
        except AmountError as error:
            self.errors[name] = str(error)
            return None

    def _readable_currency(self) -> str:
        """One of which the decimals are known: another one is a fault of its own."""
        try:
            decimals(self.currency)
        except AmountError:
            return self.view.program.currency
        return self.currency

    def _item(self, line: Line) -> Mapping[str, Any] | None:
        line.error = ""
        if not line.item_id:
            line.error = _("An item has a number of its own.")
            return None
        if not (line.quantity.isascii() and line.quantity.isdigit() and len(line.quantity) < 10):
            line.error = _("A quantity is a whole number: “%(text)s” is none.") % {"text": line.quantity[:20]}
            return None
        turnover = None
        if line.turnover:
            try:
                turnover = amount_from_text(line.turnover, self._readable_currency())
            except AmountError as error:
                line.error = str(error)
                return None
        return {
            "row": ROW,
            "item_id": line.item_id,
            "quantity": int(line.quantity),
            "turnover_minor": turnover,
            "sku": line.sku or None,
            "category": line.category or None,
        }


def _read(text: str, zone: ZoneInfo) -> tuple[datetime | None, str | None]:
    """A time, and the code of what is wrong with it; neither of nothing."""
    at, why = read_instants(pl.Series([text or None], dtype=pl.String()), None, zone)
    return at[0], why[0]


def new_form(view: Viewpoint, conversion: Conversion | None, replaced: Request | None = None) -> Form:
    """The form as it opens: empty, or for a change of this conversion; or with what the request asks for that another
    is to take the place of."""
    if replaced is not None:
        return _form_of(view, replaced, conversion)
    values = dict.fromkeys(TYPED, "")
    values["kind"] = Kind.CREATE.value if conversion is None else Kind.CHANGE.value
    if conversion is None:
        values["currency"] = view.program.currency
        return Form(view, values, _empty(0))
    values |= _names_of(conversion)
    return Form(view, values, _lines_of(conversion), conversion)


def _names_of(conversion: Conversion) -> Mapping[str, str]:
    """What a change of it cannot be without."""
    return {
        "event_type": conversion.event_type,
        "order_token": conversion.order_token,
        "partner": conversion.partner or "",
        "currency": conversion.currency,
    }


def _form_of(view: Viewpoint, about: Request, conversion: Conversion | None) -> Form:
    form = new_form(view, conversion)
    kind = Kind.CHANGE if about.kind == Kind.CHANGE else Kind.CREATE
    texts = {name: str(getattr(about, name) or "") for name in TYPED if name != "kind"}
    for name in AMOUNTS:
        minor = getattr(about, name)
        texts[name] = "" if minor is None else formats.amount(minor, about.currency)
    if about.occurred_at is not None:
        local = about.occurred_at.astimezone(ZoneInfo(view.program.timezone)).replace(microsecond=0)
        texts["occurred_at"] = local.replace(tzinfo=None).isoformat(timespec="seconds" if local.second else "minutes")
        form.reading = with_offset(local)
    form.values = {**texts, "kind": kind.value, **(_names_of(conversion) if conversion is not None else {})}
    wanted = {line["item_id"]: line for line in about.items or ()}
    for line in form.lines:
        asked = wanted.pop(line.item_id, None)
        if asked is not None:
            line.quantity, line.turnover = str(asked["quantity"]), _turnover(asked, about.currency)
    new = [
        Line(number, item_id, str(asked["quantity"]), "", _turnover(asked, about.currency), asked.get("sku") or "",
             asked.get("category") or "")
        for number, (item_id, asked) in enumerate(wanted.items(), len(form.lines) + 1)
    ]  # fmt: skip
    if new:
        form.lines = [*(line for line in form.lines if line.item_id), *new]
    return form


def _turnover(item: Mapping[str, Any], currency: str) -> str:
    minor = item.get("turnover_minor")
    return "" if minor is None else formats.amount(minor, currency)


def form_from(request: HttpRequest, view: Viewpoint, conversion: Conversion | None) -> Form:
    """The form as it was sent."""
    form = new_form(view, conversion)
    for name in TYPED:
        form.values[name] = typed(request, name)
    if form.values["kind"] not in (Kind.CREATE, Kind.CHANGE):
        form.values["kind"] = Kind.CREATE.value
    if conversion is not None:
        form.values |= {"kind": Kind.CHANGE.value, **_names_of(conversion)}
    form.reading = typed(request, "occurred_reading")
    form.lines = _typed_lines(request, form.lines if conversion is not None else ())
    return form


def _lines_of(conversion: Conversion) -> Sequence[Line]:
    return [
        Line(number, item.item_id, str(item.quantity), str(item.quantity), now=_now_of(item), sku=item.sku or "")
        for number, item in enumerate(items_of(conversion)[:LINES], 1)
    ]


def _now_of(item: Item) -> str:
    return f"{formats.number(item.quantity)} × · {formats.money(item.turnover_minor, item.currency)}"


def _empty(after: int) -> Sequence[Line]:
    return [Line(after + number) for number in range(1, EMPTY_LINES + 1)]


def _typed_lines(request: HttpRequest, there: Sequence[Line]) -> Sequence[Line]:
    """The items that were typed; those of a conversion keep their number and show what holds."""
    lines = []
    for number in range(1, LINES + 1):
        if f"item-{number}" not in request.POST:
            continue
        names = ("item", "quantity", "was", "item-turnover", "sku", "item-category")
        item_id, quantity, was, turnover, sku, category = (typed(request, f"{name}-{number}") for name in names)
        lines.append(Line(number, item_id, quantity, was, turnover, sku, category))
    of = {line.item_id: line for line in there}
    for line in lines:
        if line.item_id in of:
            line.now = of[line.item_id].now
        else:
            line.was = ""
    return lines or there or _empty(0)
