"""A list in the browser: its page, its totals, what is new, and rows as they are now."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accredit.access.models import User
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.lists.columns import Column
from accredit.lists.filters import Filters, Operator, Parameter, is_reversed
from accredit.lists.listing import ROWS, Page
from accredit.lists.patience import TakesTooLong
from accredit.lists.places import Order
from accredit.lists.views import habit_of
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.lists.bar import bar_of
from accredit.web.lists.cells import Cell, grid_column
from accredit.web.lists.declaring import ListPage
from accredit.web.lists.state import ListState, state_of
from accredit.web.lists.totals import figures_of
from accredit.web.lists.view_menu import view_query, views_of
from accredit.web.naming import Names
from accredit.web.pages import for_program, show, wants_part

NAMED_MISSING = 100
"""Of order numbers that were asked for and are not there."""


@require_safe
@for_program
def list_page(request: HttpRequest, view: Viewpoint, page: ListPage[Any]) -> HttpResponse:
    """One page of the list; to htmx the list alone. Where the address says nothing, the list opens as the user is used
    to it, under the address that says so."""
    if not request.GET and not wants_part(request) and (query := opening_query(cast(User, request.user), page, view)):
        return HttpResponseRedirect(page.url(view, query))
    return show_list(request, state_of(page, Names(view), request.GET))


@require_safe
@for_program
def totals(request: HttpRequest, view: Viewpoint, page: ListPage[Any]) -> HttpResponse:
    """Count, turnover and commission of everything that is filtered, by status. Loads after the rows."""
    try:
        found = page.list.totals(view, state_of(page, Names(view), request.GET).filters)
    except TakesTooLong:
        return show(request, "web/lists/totals.html", {"too_long": True})
    return show(request, "web/lists/totals.html", figures_of(page, view, found))


@require_safe
@for_program
def news(request: HttpRequest, view: Viewpoint, page: ListPage[Any]) -> HttpResponse:
    """How many rows came since the page of the list was made (`seen`: the latest of them then)."""
    state = state_of(page, Names(view), request.GET)
    try:
        seen = key_from_text(page.list.prefix, request.GET["seen"]) if request.GET.get("seen") else None
        count = page.list.count_after(view, state.filters, seen)
    except KeyTextError as error:
        raise Http404(str(error)) from error
    except TakesTooLong:
        count = 0
    shown = f"{formats.number(count)}+" if count == ROWS else formats.number(count)
    context = {"news": page.news(count) % {"n": shown} if count else "", "list_url": page.url(view, state.query())}
    return show(request, "web/lists/news.html", context)


@require_safe
@for_program
def rows(request: HttpRequest, view: Viewpoint, page: ListPage[Any]) -> HttpResponse:
    """The rows of these keys (`row`) once more, as they are now, whether or not the filters still leave them, in the
    list's columns: what was changed shows at its place, without another list."""
    state = state_of(page, Names(view), request.GET)
    try:
        keys = [key_from_text(page.list.prefix, text) for text in request.GET.getlist("row")[:ROWS]]
    except KeyTextError:
        return JsonResponse([], safe=False)
    found = page.list.with_added(page.list.seen_from(view).filter(id__in=keys), page.list.added)
    response = JsonResponse(rows_of(state, list(found)), safe=False)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def show_list(request: HttpRequest, state: ListState, told: Mapping[str, Any] = MappingProxyType({})) -> HttpResponse:
    """The whole page, or to htmx the list under its address. `told`: what came of something that was asked for."""
    template = state.page.template("list" if wants_part(request) else "page")
    response = show(request, template, {**list_context(request, state), **told})
    if wants_part(request):
        response.headers["HX-Push-Url"] = state.page.url(state.view, state.query(state.place))
    return response


def opening_query(user: User, page: ListPage[Any], view: Viewpoint) -> str:
    """What the address says where a user opens the list: their view, or else what the list opens with, in their
    columns."""
    habit = habit_of(user, view.program, page.list.name)
    if habit and habit.view:
        return view_query(habit.view)
    opening = list(page.opens_with(view)) if page.opens_with else []
    return _query([*opening, *([("columns", habit.columns)] if habit and habit.columns else [])])


def list_context(request: HttpRequest, state: ListState) -> dict[str, Any]:
    """What the template of a list shows."""
    page, view = state.page, state.view
    found, too_long = _found(state)
    first, last = found.rows_before + 1, found.rows_before + len(found.rows)
    return {
        "section": page.list.name,
        "title": page.title,
        "program": view.program,
        "view": view,
        "bar": bar_of(state),
        "left_out": state.left_out,
        "missing": _missing(state),
        "backward": [column.title for column in state.filters.columns if is_reversed(state.filters, column)],
        "too_long": too_long,
        "views": views_of(cast(User, request.user), state),
        "filtered": bool(state.filters.conditions) or state.cursor is not None,
        "grid": {"columns": _columns(state), "rows": rows_of(state, found.rows), "chosen": bool(state.chosen)},
        "list_url": page.url(view),
        "clear_url": page.url(view, state.query(filters=Filters())),
        "totals_url": page.url_of("totals", view, query=_query(state.filters.parameters())),
        "news_url": _news_url(state),
        "rows_url": page.url_of("rows", view),
        "whole_url": page.url(view, state.query(state.place, chosen=state.columns)),
        "export_url": page.url_of("exports", view, query=state.query()),
        "range": f"{formats.number(first)}–{formats.number(last)}",
        "before_url": found.before and page.url(view, state.query({"before": found.before.to_text()})),
        "after_url": found.after and page.url(view, state.query({"after": found.after.to_text()})),
    }


def _found(state: ListState) -> tuple[Page[Any], str]:
    """The page, or none and why."""
    listed, columns = state.page.list, [one.column for one in state.columns]
    try:
        return listed.page(state.view, state.filters, state.order, state.cursor, columns=columns), ""
    except TakesTooLong:
        return Page([], 0, None, None), (
            _("Too much to sort by this column. Narrow the period, or sort by time or by an amount.")
            if not listed.columns[state.order.name].indexed
            else _("Too much to look through for these filters. Narrow the period.")
        )


def _missing(state: ListState) -> Mapping[str, object]:
    """Which of several order numbers that were asked for the list does not have: the first ones, and how many more."""
    asked = state.filters.of("order").get(Operator.ONE_OF, ())
    if len(asked) < 2:
        return {}
    try:
        found = state.page.list.among(state.view, state.filters, "order", asked)
    except TakesTooLong:
        return {}
    missing = [one for one in asked if one not in found]
    figures = {"n": formats.number(len(missing)), "asked": formats.number(len(asked))}
    title = ngettext(
        "%(n)s of %(asked)s order numbers is not in this list",
        "%(n)s of %(asked)s order numbers are not in this list",
        len(missing),
    )
    more = len(missing) - NAMED_MISSING
    return {
        "title": title % figures if missing else "",
        "named": missing[:NAMED_MISSING],
        "more": ngettext("%(n)s more", "%(n)s more", more) % {"n": formats.number(more)} if more > 0 else "",
    }


def _query(parameters: Sequence[Parameter]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


def _news_url(state: ListState) -> str | None:
    """Where the page that shows the newest asks for newer ones; None for every other page."""
    if state.cursor or state.order != Order():
        return None
    latest = state.page.list.latest_key(state.view)
    seen = {"seen": key_to_text(state.page.list.prefix, latest)} if latest else {}
    return state.page.url_of("news", state.view, query=state.query(seen))


def _columns(state: ListState) -> Sequence[Mapping[str, object]]:
    order = state.order

    def sorts(column: Column) -> Mapping[str, object] | None:
        if not column.sort:
            return None
        direction = ("descending" if order.descending else "ascending") if order.name == column.name else None
        return {"url": state.page.url(state.view, state.query_sorted_by(column.name)), "direction": direction}

    alone = [(one.column.name, one.values[0]) for one in state.filters.conditions if one.values[1:] == ()]
    tell = {name for filtered in alone for name in state.page.tell.get(filtered, ())}
    return [
        {
            **grid_column(state.page.grid, one, tells=one.column.name in tell),
            "sort": sorts(one.column),
            "link": place == 0,
        }
        for place, one in enumerate(state.columns)
    ]


def rows_of(state: ListState, found: Sequence[Any]) -> Sequence[Mapping[str, Cell]]:
    """Rows as the grid takes them, with the columns of the list."""
    cells, columns = state.page.cells(state.page, state.names), [one.column for one in state.columns]
    base, query = state.page.url(state.view), state.query(state.place)
    rows = [cells.row(columns, one) for one in found]
    return [{**row, "url": f"{base}/{row['id']}{query}"} for row in rows]
