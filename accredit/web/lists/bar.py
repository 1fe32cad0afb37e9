"""The bar of filters over the list: what is filtered as chips, and the small form in which one is edited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accredit.lists.columns import Column, Kind
from accredit.lists.filters import EMPTY, FILLED, Operator, bounds
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.lists.declaring import ListPage
from accredit.web.lists.state import ListState, state_of
from accredit.web.naming import Names
from accredit.web.pages import for_program, show

IN_FORM = ("order.starts", "time.from", "time.until")
"""Parameters that have a field of their own in the bar."""
NAMED = 2
"""So many values a chip names; the others it counts."""
WORDS: Mapping[tuple[Operator, str], str | Promise] = {
    (Operator.IS, EMPTY): gettext_lazy("none"),
    (Operator.IS, FILLED): gettext_lazy("any"),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A column in the bar. `text`: what is said of it; empty where nothing is, and `clear_url` with it."""

    column: Column
    text: str
    edit_url: str
    clear_url: str


def bar_of(state: ListState) -> Mapping[str, Any]:
    """What the bar shows."""
    parameters = state.parameters()
    values = dict(parameters)
    columns, always = state.page.list.columns_for(state.view), state.page.chips
    in_order = sorted(columns, key=lambda one: always.index(one.name) if one.name in always else len(always))
    return {
        "starts": values.get("order.starts", ""),
        "first": values.get("time.from", ""),
        "last": values.get("time.until", ""),
        "rest": [(name, value) for name, value in parameters if name not in IN_FORM],
        "chips": [chip for column in in_order if (chip := _chip(state, column))],
        "offered": [(column, edit_url(state, column)) for column in columns if column.name != "time"],
    }


def edit_url(state: ListState, column: Column) -> str:
    """Where the form of a column's filter is."""
    return state.page.url_of("filter", state.view, column.name, query=state.query())


def _chip(state: ListState, column: Column) -> Chip | None:
    if column.name == "time":
        return None
    text = said(state, column)
    alone = column.name in state.page.chips and len(state.page.choices(state.names, column)) > 1
    if not text and not alone:
        return None
    clear = state.page.url(state.view, state.query(filters=state.filters.without(column.name))) if text else ""
    return Chip(column, text, edit_url(state, column), clear)


def said(state: ListState, column: Column) -> str:
    """What the filters say of a column, in a few words; the beginning of an order number stands in the bar itself."""
    of = state.filters.of(column.name)
    if column.kind in (Kind.INSTANT, Kind.MONEY, Kind.NUMBER):
        return _range(state, column) if of else ""
    parts: list[str] = []
    for operator, values in of.items():
        if operator == Operator.ONE_OF:
            offered = state.page.choices(state.names, column) if column.kind in (Kind.CHOICE, Kind.FLAG) else ()
            labels = {choice.value: choice.label for choice in offered}
            parts += [labels.get(value, value) for value in values]
        elif operator == Operator.STARTS:
            parts += [f"{value}…" for value in values if column.name != "order"]
        elif operator == Operator.CONTAINS:
            parts += [f"…{value}…" for value in values]
        else:
            parts += [str(WORDS[operator, value]) for value in values]
    more = len(parts) - NAMED
    if more > 0:
        others = ngettext("and %(n)s more", "and %(n)s more", more) % {"n": formats.number(more)}
        return f"{', '.join(parts[:NAMED])} {others}"
    return ", ".join(parts)


def _range(state: ListState, column: Column) -> str:
    low, high = (text and _figure(state, column, text) for text in bounds(state.filters, column.name))
    if low and high:
        return low if low == high else f"{low} – {high}"
    return _("from %(low)s") % {"low": low} if low else _("up to %(high)s") % {"high": high}


def _figure(state: ListState, column: Column, text: str) -> str:
    if column.kind == Kind.INSTANT:
        return formats.calendar_day(date.fromisoformat(text))
    if column.kind != Kind.MONEY:
        return text  # such as the number of a request: a name, which nobody groups
    currency = state.filters.of(column.name).get(Operator.CURRENCY, [state.view.program.currency])[0]
    return f"{formats.exact(Decimal(text), 0)} {currency}"


@require_safe
@for_program
def edit_filter(request: HttpRequest, view: Viewpoint, page: ListPage[Any], column: str) -> HttpResponse:
    """The form in which the filter of one column is edited; it asks for the list that it describes."""
    found = page.list.columns.get(column)
    if found is None or not found.shown_to(view):
        raise Http404(f"no column {column!r} for this user")
    state = state_of(page, Names(view), request.GET)
    return show(request, "web/lists/filter.html", _form(state, found))


def _form(state: ListState, column: Column) -> Mapping[str, Any]:
    of = state.filters.of(column.name)
    low, high = bounds(state.filters, column.name)
    picked = set(of.get(Operator.ONE_OF, ()))
    return {
        "column": column,
        "list_url": state.page.url(state.view),
        "rest": state.parameters(filters=state.filters.without(column.name)),
        "groups": _groups(state, column, picked),
        "one_of": "\n".join(of.get(Operator.ONE_OF, ())),
        "starts": "\n".join(of.get(Operator.STARTS, ())),
        "contains": "\n".join(of.get(Operator.CONTAINS, ())),
        "is_empty": EMPTY in of.get(Operator.IS, ()),
        "is_filled": FILLED in of.get(Operator.IS, ()),
        "low": low or "",
        "high": high or "",
        "currency": of.get(Operator.CURRENCY, [state.view.program.currency])[0],
        "currencies": [choice.value for choice in state.page.choices(state.names, state.page.list.columns["currency"])]
        if column.kind == Kind.MONEY
        else [],
    }


def _groups(
    state: ListState, column: Column, picked: set[str]
) -> Sequence[tuple[str | Promise, Sequence[tuple[str, str, bool]]]]:
    """The choices under their headings: value, label, whether it is picked. What is picked and is no choice any more
    stays, so that it can be taken out."""
    if column.kind not in (Kind.CHOICE, Kind.FLAG):
        return []
    groups: dict[str | Promise, list[tuple[str, str, bool]]] = {}
    for choice in (*state.page.choices(state.names, column), *state.page.beside(state.names, column)):
        groups.setdefault(choice.group, []).append((choice.value, choice.label, choice.value in picked))
        picked.discard(choice.value)
    if picked:
        groups.setdefault(_("Not in the program any more"), []).extend((value, value, True) for value in sorted(picked))
    return list(groups.items())
