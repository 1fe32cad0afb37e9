"""The conversion list, its totals, and the panel that explains one conversion."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accredit.access.models import User
from accredit.conversions.columns import COLUMNS, Column
from accredit.conversions.filters import PREFIX, Filters, Parameter
from accredit.conversions.listing import (
    ROWS,
    Order,
    Page,
    TakesTooLong,
    conversion_of,
    count_after,
    latest_key,
    page_of,
    totals_of,
)
from accredit.conversions.models import Conversion
from accredit.conversions.views import kept_by
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.conversions.bar import bar_of
from accredit.web.conversions.cells import Cell, Cells, grid_column
from accredit.web.conversions.explaining import explain
from accredit.web.conversions.filtering import ListState, state_of
from accredit.web.conversions.totals import figures_of
from accredit.web.conversions.view_menu import view_query, views_of
from accredit.web.naming import Names
from accredit.web.pages import for_program, show, wants_part
from accredit.web.validation.holding import holding_of


@require_safe
@for_program
def conversion_list(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """One page of the list; to htmx the list alone. Where the address says nothing, the list opens as the user is used
    to it, under the address that says so."""
    if not request.GET and not wants_part(request) and (query := opening_query(cast(User, request.user), view.program)):
        return HttpResponseRedirect(list_url(view, query))
    return show_list(request, state_of(Names(view), request.GET))


@require_safe
@for_program
def totals(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Count, turnover and commission of everything that is filtered, by status. Loads after the rows."""
    try:
        found = totals_of(view, state_of(Names(view), request.GET).filters)
    except TakesTooLong:
        return show(request, "web/conversions/totals.html", {"too_long": True})
    return show(request, "web/conversions/totals.html", figures_of(view, found))


@require_safe
@for_program
def news(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """How many conversions came since the page of the list was made (`seen`: the latest of them then)."""
    state = state_of(Names(view), request.GET)
    try:
        seen = key_from_text(PREFIX, request.GET["seen"]) if request.GET.get("seen") else None
        count = count_after(view, state.filters, seen)
    except KeyTextError as error:
        raise Http404(str(error)) from error
    except TakesTooLong:
        count = 0
    text = ngettext("%(n)s new conversion", "%(n)s new conversions", count)
    shown = f"{formats.number(count)}+" if count == ROWS else formats.number(count)
    context = {"news": text % {"n": shown} if count else "", "list_url": list_url(view, state.query())}
    return show(request, "web/conversions/news.html", context)


@require_safe
@for_program
def conversion(request: HttpRequest, view: Viewpoint, conversion: str) -> HttpResponse:
    """The panel of one conversion; opened by its address, with the list beside it."""
    try:
        found = conversion_of(view, key_from_text(PREFIX, conversion))
    except (KeyTextError, Conversion.DoesNotExist):
        raise Http404(f"no conversion {conversion!r} in {view.program.code!r} for this user") from None
    names = Names(view)
    state = state_of(names, request.GET)
    query = state.query(state.place)
    context = {
        **explain(names, found, all_items="items" in request.GET),
        "holding": holding_of(view, found),
        "close_url": list_url(view, query),
        "all_items_url": f"{request.path}{query}{'&' if query else '?'}items=all",
    }
    if wants_part(request):
        return show(request, "web/conversions/panel.html", context)
    return show(request, "web/conversions/page.html", {**_list_context(request, state), **context})


def list_url(view: Viewpoint, query: str) -> str:
    """The address of the list with this query."""
    return reverse("web:conversions", args=[view.program.code]) + query


def show_list(request: HttpRequest, state: ListState, told: Mapping[str, str] = MappingProxyType({})) -> HttpResponse:
    """The whole page, or to htmx the list under its address. `told`: what came of something that was asked for."""
    template = "web/conversions/list.html" if wants_part(request) else "web/conversions/page.html"
    response = show(request, template, {**_list_context(request, state), **told})
    if wants_part(request):
        response.headers["HX-Push-Url"] = list_url(state.names.view, state.query(state.place))
    return response


def opening_query(user: User, program: Program) -> str:
    """What the address says where a user opens the list: their view, or else their columns."""
    habit = kept_by(user, program).habit
    if habit is None or (habit.view is None and not habit.columns):
        return ""
    return view_query(habit.view) if habit.view else f"?{urlencode({'columns': habit.columns})}"


def _list_context(request: HttpRequest, state: ListState) -> dict[str, Any]:
    view = state.names.view
    program = view.program
    page, too_long = _page(state)
    first, last = page.rows_before + 1, page.rows_before + len(page.rows)
    return {
        "section": "conversions",
        "program": program,
        "view": view,
        "bar": bar_of(state),
        "not_understood": [
            _("%(filter)s “%(text)s”") % {"filter": label, "text": text} for label, text in state.not_understood
        ],
        "too_long": too_long,
        "views": views_of(cast(User, request.user), state),
        "filtered": bool(state.filters.conditions) or state.cursor is not None,
        "grid": {"columns": _columns(state), "rows": rows_of(state, page.rows), "chosen": bool(state.chosen)},
        "list_url": list_url(view, ""),
        "clear_url": list_url(view, state.query(filters=Filters())),
        "totals_url": reverse("web:conversion-totals", args=[program.code]) + _query(state.filters.parameters()),
        "news_url": _news_url(state),
        "export_url": reverse("web:exports", args=[program.code]) + state.query(),
        "range": f"{formats.number(first)}–{formats.number(last)}",
        "before_url": page.before and list_url(view, state.query({"before": page.before.to_text()})),
        "after_url": page.after and list_url(view, state.query({"after": page.after.to_text()})),
    }


def _page(state: ListState) -> tuple[Page, str]:
    """The page, or none and why."""
    view, columns = state.names.view, [one.column for one in state.columns]
    try:
        return page_of(view, state.filters, state.order, state.cursor, columns=columns), ""
    except TakesTooLong:
        return Page([], 0, None, None), (
            _("Too many conversions to sort by this column. Narrow the period, or sort by time or by an amount.")
            if not COLUMNS[state.order.name].indexed
            else _("Too many conversions to look through for these filters. Narrow the period.")
        )


def _query(parameters: Sequence[Parameter]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


def _news_url(state: ListState) -> str | None:
    """Where the page that shows the newest asks for newer ones; None for every other page."""
    if state.cursor or state.order != Order():
        return None
    view = state.names.view
    latest = latest_key(view)
    seen = {"seen": key_to_text(PREFIX, latest)} if latest else {}
    return reverse("web:conversion-news", args=[view.program.code]) + state.query(seen)


def _columns(state: ListState) -> Sequence[Mapping[str, object]]:
    view, order = state.names.view, state.order

    def sorts(column: Column) -> Mapping[str, object] | None:
        if not column.sort:
            return None
        direction = ("descending" if order.descending else "ascending") if order.name == column.name else None
        return {"url": list_url(view, state.query_sorted_by(column.name)), "direction": direction}

    return [
        {**grid_column(one), "sort": sorts(one.column), "link": place == 0} for place, one in enumerate(state.columns)
    ]


def rows_of(state: ListState, conversions: Sequence[Conversion]) -> Sequence[Mapping[str, Cell]]:
    """Conversions as the grid takes them, with the columns of the list."""
    cells, columns = Cells(state.names), [one.column for one in state.columns]
    base, query = list_url(state.names.view, ""), state.query(state.place)
    rows = [cells.row(columns, one) for one in conversions]
    return [{**row, "url": f"{base}/{row['id']}{query}"} for row in rows]
