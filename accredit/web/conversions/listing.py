"""The conversion list, its totals, and the panel that explains one conversion."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accredit.conversions.listing import PREFIX, ROWS, Order, conversion_of, count_after, latest_key, page_of, totals_of
from accredit.conversions.models import Conversion, CreditedTo
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.conversions.explaining import explain
from accredit.web.conversions.filtering import ListState, state_of
from accredit.web.naming import Names
from accredit.web.pages import for_program, show, wants_part

Cell = str | Mapping[str, str] | Sequence[str]


@require_safe
@for_program
def conversion_list(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """One page of the list; to htmx the list alone."""
    template = "web/conversions/list.html" if wants_part(request) else "web/conversions/page.html"
    names = Names(view)
    return show(request, template, _list_context(names, state_of(names, request.GET)))


@require_safe
@for_program
def totals(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Count, turnover and commission of everything that is filtered, a currency each. Loads after the rows."""
    found = totals_of(view, state_of(Names(view), request.GET).form.filters)
    context = {
        "conversions": formats.number(sum(total.conversions for total in found)),
        "turnovers": [formats.money(total.turnover_minor, total.currency) for total in found],
        "commissions": [formats.money(total.commission_minor, total.currency) for total in found],
    }
    return show(request, "web/conversions/totals.html", context)


@require_safe
@for_program
def news(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """How many conversions came since the page of the list was made (`seen`: the latest of them then)."""
    state = state_of(Names(view), request.GET)
    try:
        seen = key_from_text(PREFIX, request.GET["seen"]) if request.GET.get("seen") else None
    except KeyTextError as error:
        raise Http404(str(error)) from error
    count = count_after(view, state.form.filters, seen)
    text = ngettext("%(n)s new conversion", "%(n)s new conversions", count)
    shown = f"{formats.number(count)}+" if count == ROWS else formats.number(count)
    context = {"news": text % {"n": shown} if count else "", "list_url": _list_url(view, state.query())}
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
    query = state.query(**state.place)
    context = {
        **explain(names, found, all_items="items" in request.GET),
        "close_url": _list_url(view, query),
        "all_items_url": f"{request.path}{query}{'&' if query else '?'}items=all",
    }
    if wants_part(request):
        return show(request, "web/conversions/panel.html", context)
    return show(request, "web/conversions/page.html", {**_list_context(names, state), **context})


def _list_url(view: Viewpoint, query: str) -> str:
    return reverse("web:conversions", args=[view.program.code]) + query


def _list_context(names: Names, state: ListState) -> dict[str, Any]:
    view, filters = names.view, state.form.filters
    program = view.program
    page = page_of(view, filters, state.order, state.cursor)
    first, last = page.rows_before + 1, page.rows_before + len(page.rows)
    return {
        "section": "conversions",
        "program": program,
        "view": view,
        "form": state.form,
        "not_understood": [
            _("%(filter)s “%(text)s”") % {"filter": label, "text": text} for label, text in state.not_understood
        ],
        "filtered": bool(set(state.parameters) - {"sort"}),
        "sort": state.parameters.get("sort"),
        "grid": {"columns": _columns(names, state), "rows": _rows(names, page.rows, state.query(**state.place))},
        "list_url": _list_url(view, ""),
        "totals_url": reverse("web:conversion-totals", args=[program.code]) + state.query(sort=None),
        "news_url": _news_url(view, state),
        "range": f"{formats.number(first)}–{formats.number(last)}",
        "before_url": page.before and _list_url(view, state.query(before=page.before.to_text())),
        "after_url": page.after and _list_url(view, state.query(after=page.after.to_text())),
    }


def _news_url(view: Viewpoint, state: ListState) -> str | None:
    """Where the page that shows the newest asks for newer ones; None for every other page."""
    if state.cursor or state.order != Order():
        return None
    latest = latest_key(view)
    query = state.query(seen=key_to_text(PREFIX, latest) if latest else None)
    return reverse("web:conversion-news", args=[view.program.code]) + query


def _columns(names: Names, state: ListState) -> Sequence[Mapping[str, object]]:
    """What the grid needs to know of each column. `keep`: on narrow screens columns with greater figures go first."""

    def column(field: str, title: str, width: int, keep: int, **more: object) -> dict[str, object]:
        return {"field": field, "title": title, "width": width, "keep": keep, **more}

    view = names.view

    def sorts(name: str) -> dict[str, object]:
        direction = ("descending" if state.order.descending else "ascending") if state.order.name == name else None
        return {"url": _list_url(view, state.query_sorted_by(name)), "direction": direction}

    columns = [
        column("time", _("Time"), 158, 0, sort=sorts("time"), link=True),
        column("order", _("Order number"), 132, 1),
        column("event", _("Event type"), 90, 6) if len(names.event_types) > 1 else None,
        column("credited", _("Credited to"), 160, 2, grow=2) if view.sees_everything else None,
        column("reason", _("Reason"), 110, 7, grow=1),
        column("status", _("Status"), 100, 4, status=True),
        column("customer", _("Customer status"), 132, 5),
        column("turnover", _("Turnover"), 110, 3, number=True, sort=sorts("turnover")),
        column("commission", _("Commission"), 100, 1, number=True, sort=sorts("commission")),
        column("model", _("Commission model"), 150, 8, grow=2),
    ]
    return [one for one in columns if one]


def _rows(names: Names, conversions: Sequence[Conversion], query: str) -> Sequence[Mapping[str, Cell]]:
    """The cells by field. `faint`: fields that matter less in this row, since no partner is paid for it."""
    zone = ZoneInfo(names.view.program.timezone)
    list_url = _list_url(names.view, "")

    def row(one: Conversion) -> dict[str, Cell]:
        key = key_to_text(PREFIX, one.id)
        return {
            "id": key,
            "url": f"{list_url}/{key}{query}",
            "faint": [] if one.credited_to == CreditedTo.PARTNER else ["credited", "reason", "commission"],
            "time": formats.instant(one.occurred_at, zone),
            "order": one.order_token,
            "event": one.event_type,
            "credited": names.credited(one),
            "reason": words.word(words.REASONS, one.reason),
            "status": {"code": one.status, "word": words.word(words.STATUSES, one.status)},
            "customer": words.word(words.CUSTOMER_STATUSES, one.customer_status or ""),
            "turnover": formats.money(one.turnover_minor, one.currency),
            "commission": formats.money(one.commission_minor, one.currency),
            "model": (one.model or "").replace(";", ", ") or words.word(words.RESTRICTIONS, one.restriction or ""),
        }

    return [row(one) for one in conversions]
