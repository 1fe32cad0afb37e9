"""The window in which one changes a conversion's turnover, or its items, and sees the commission that comes of it.

The figures are those of the plan that would be applied: `change_turnover` works them out, nothing else does. Whoever
saves says which decision they looked at; where another one counts by now, they read what changed and decide again.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accredit.access.permissions import Permission
from accredit.conversions.columns import PREFIX
from accredit.conversions.history import COMMENT_CHARACTERS, timeline, told_to
from accredit.conversions.models import Conversion, Item, Status
from accredit.conversions.turnover import ASKED, ASKED_ITEMS, Planned, change_turnover, has_last_turnover
from accredit.database.keys import key_to_text
from accredit.money import AmountError
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.amounts import amount_from_text
from accredit.web.conversions.acting import actor_of, conversion_at, too_long, typed
from accredit.web.conversions.history import Happening, happening, reason_titles
from accredit.web.conversions.summing import items_of, sum_of
from accredit.web.naming import Names
from accredit.web.pages import for_permitted, show

ITEMS_OFFERED = 200
ORDER, ITEMS = "order", "items"


@dataclass(slots=True)
class Line:
    """One item in the window. `was`: the quantity that the field showed first: what nobody touched stays."""

    number: int
    item: Item
    quantity: str
    was: str
    turnover: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        return " · ".join(part for part in (self.item.sku or self.item.item_id, self.item.category) if part)

    @property
    def now(self) -> str:
        return formats.money(self.item.turnover_minor, self.item.currency)

    @property
    def is_changed(self) -> bool:
        return self.quantity != self.was or bool(self.turnover)


@dataclass(slots=True)
class Form:
    """What the window shows and what was typed into it. `decision`: the one that was looked at; `what`: ORDER or
    ITEMS; `was`: the turnover that the field showed at first; `errors`: by field; `refused`: why it was not saved."""

    conversion: Conversion
    decision: int
    what: str
    turnover: str
    was: str
    comment: str
    lines: Sequence[Line]
    errors: dict[str, str] = field(default_factory=dict)
    refused: str = ""

    @property
    def key(self) -> str:
        return key_to_text(PREFIX, self.conversion.id)

    @property
    def order_is_changed(self) -> bool:
        return self.turnover != self.was

    def look_again(self) -> None:
        """Of what holds now: fields that nobody touched follow, what was typed stays."""
        now = formats.amount(self.conversion.turnover_minor, self.conversion.currency)
        self.turnover = self.turnover if self.order_is_changed else now
        self.was, self.decision = now, self.conversion.decision
        for line in self.lines:
            line.quantity = line.quantity if line.quantity != line.was else str(line.item.quantity)
            line.was = str(line.item.quantity)


def form_of(conversion: Conversion) -> Form:
    """The window as it opens."""
    turnover = formats.amount(conversion.turnover_minor, conversion.currency)
    lines = [
        Line(number, item, str(item.quantity), str(item.quantity))
        for number, item in enumerate(items_of(conversion)[:ITEMS_OFFERED], 1)
    ]
    return Form(conversion, conversion.decision, ORDER, turnover, turnover, "", lines)


def form_from(request: HttpRequest, conversion: Conversion) -> Form:
    """The window as it was sent."""
    form = form_of(conversion)
    form.what = ITEMS if typed(request, "what") == ITEMS and form.lines else ORDER
    form.turnover, form.was = typed(request, "turnover"), typed(request, "turnover-was")
    form.comment = typed(request, "comment")
    decision = typed(request, "decision")
    form.decision = int(decision) if decision.isascii() and decision.isdigit() and len(decision) < 9 else 0
    for line in form.lines:
        line.quantity = typed(request, f"quantity-{line.number}")
        line.was = typed(request, f"quantity-was-{line.number}")
        line.turnover = typed(request, f"turnover-{line.number}")
    return form


def asked(form: Form) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """What the form asks for, as `change_turnover` takes it; None, with `errors`, where it cannot be read."""
    one, currency = form.conversion, form.conversion.currency
    turnover_minor, items = None, []
    if form.what == ORDER:
        try:
            turnover_minor = amount_from_text(form.turnover, currency)
        except AmountError as error:
            form.errors["turnover"] = str(error)
    else:
        for line in form.lines:
            if line.is_changed:
                items.append({"id": str(one.id), "item_id": line.item.item_id, **_read(line, currency)})
        if any(line.error for line in form.lines):
            form.errors["items"] = " ".join(dict.fromkeys(line.error for line in form.lines if line.error))
    if sentence := too_long(form.comment):
        form.errors["comment"] = sentence
    if form.errors.keys() - {"comment"}:
        return None
    row = {"id": str(one.id), "decision": form.decision, "turnover_minor": turnover_minor, "comment": form.comment}
    orders = pl.DataFrame([{**row, "comment": form.comment or None}], schema=dict(ASKED), orient="row")
    return orders, pl.DataFrame(items, schema=dict(ASKED_ITEMS), orient="row")


def _read(line: Line, currency: str) -> Mapping[str, int | None]:
    if not (line.quantity.isascii() and line.quantity.isdigit() and len(line.quantity) < 10):
        line.error = _("A quantity is a whole number: “%(text)s” is none.") % {"text": line.quantity[:20]}
        return {}
    try:
        turnover_minor = amount_from_text(line.turnover, currency) if line.turnover else None
    except AmountError as error:
        line.error = str(error)
        return {}
    return {"quantity": int(line.quantity), "turnover_minor": turnover_minor}


@require_http_methods(["GET", "POST"])
@for_permitted(Permission.VALIDATE)
def window(request: HttpRequest, view: Viewpoint, conversion: str) -> HttpResponse:
    """The window of one conversion, and what was typed into it, saved."""
    if request.method == "POST":
        return _save(request, view, conversion)
    return _window(request, view, form_of(conversion_at(view, conversion)))


@require_POST
@for_permitted(Permission.VALIDATE)
def preview(request: HttpRequest, view: Viewpoint, conversion: str) -> HttpResponse:
    """What would come of what is typed so far."""
    form = form_from(request, conversion_at(view, conversion))
    return show(request, "web/conversions/turnover_preview.html", _preview(request, view, form))


def _save(request: HttpRequest, view: Viewpoint, conversion: str) -> HttpResponse:
    """Changes it; where it cannot, the window again with what was typed and why."""
    form = form_from(request, conversion_at(view, conversion))
    wanted = asked(form)
    if not form.comment:
        form.errors["comment"] = _("Say why the turnover changes: the partner reads it.")
    if wanted is None or form.errors:
        return _window(request, view, form)
    planned = change_turnover(view.program.code, *wanted, actor=actor_of(request), now=datetime.now(UTC))
    if planned.changes.is_empty():
        looked_at = form.decision
        form = form_from(request, conversion_at(view, conversion))
        why = planned.unchanged["why"].item()
        form.refused = words.word(words.TURNOVER_NOT_CHANGED, why)
        form.look_again()
        return _window(request, view, form, since=_since(view, form.conversion, looked_at))
    row = planned.changes.row(0, named=True)
    facts = {"order": row["order_token"], "commission": formats.money(row["commission_minor"], row["currency"])}
    done = _("Turnover of order %(order)s changed; its commission is %(commission)s.") % facts
    return show(request, "web/conversions/done.html", {"done": done, "changed": 1})


def _window(request: HttpRequest, view: Viewpoint, form: Form, since: Sequence[Happening] = ()) -> HttpResponse:
    one, names = form.conversion, Names(view)
    context = {
        **_preview(request, view, form),
        "form": form,
        "stays_as_it_is": has_last_turnover(one),
        "since": since,
        "credited": names.credited(one),
        "status": words.word(words.STATUSES, one.status),
        "turnover": formats.money(one.turnover_minor, one.currency),
        "more_items": max(0, len(items_of(one)) - len(form.lines)),
        "comment_characters": COMMENT_CHARACTERS,
    }
    return show(request, "web/conversions/turnover.html", context)


def _since(view: Viewpoint, conversion: Conversion, decision: int) -> Sequence[Happening]:
    """What happened after that decision was looked at."""
    rows = timeline(conversion.program_id, conversion.id).filter(
        (pl.col("decision") > decision) | (pl.col("status") == Status.REJECTED.value)
    )
    names, titles = Names(view), reason_titles(view)
    return [happening(row, names, titles) for row in told_to(view, rows) if row["number"]]


def _preview(request: HttpRequest, view: Viewpoint, form: Form) -> Mapping[str, Any]:
    """The figures before and after, with the sum that leads to the commission."""
    one = form.conversion
    shown = {"program": view.program, "form": form}
    wanted = asked(form)
    if wanted is None:
        return {**shown, "nothing": " ".join(text for name, text in form.errors.items() if name != "comment")}
    planned = change_turnover(view.program.code, *wanted, actor=actor_of(request), now=datetime.now(UTC), dry_run=True)
    if planned.changes.is_empty():
        why = planned.unchanged["why"].item()
        nothing = _("Nothing changed yet.") if why == "no_change" else words.word(words.TURNOVER_NOT_CHANGED, why)
        return {**shown, "nothing": nothing}
    after, items = _afterwards(one, planned)
    difference = after.commission_minor - one.commission_minor
    rise = after.turnover_minor - one.turnover_minor
    return {
        **shown,
        "amounts": [
            (title, *(formats.money(getattr(each, f"{name}_minor"), each.currency) for each in (one, after)))
            for title, name in ((_("Turnover"), "turnover"), (_("Commission"), "commission"))
        ],
        "sum": sum_of(after, items),
        "rise": formats.money(rise, one.currency) if rise > 0 else "",
        "stays": not difference,
        "booked": formats.money(difference, one.currency) if difference and one.status == Status.APPROVED else "",
    }


def _afterwards(conversion: Conversion, planned: Planned) -> tuple[Conversion, Sequence[Item]]:
    """The conversion and its items as the plan says they would be; nothing of it is stored."""
    row = planned.changes.row(0, named=True)
    after = copy.copy(conversion)
    after.turnover_minor, after.commission_minor = row["turnover_minor"], row["commission_minor"]
    items = [copy.copy(item) for item in items_of(conversion)]
    by_id = {line["item_id"]: line for line in planned.items.iter_rows(named=True)}
    for item in items:
        line = by_id[item.item_id]
        item.quantity, item.turnover_minor = line["quantity"], line["turnover_minor"]
        item.commission_minor = line["commission_minor"]
    return after, items
