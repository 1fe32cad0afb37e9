"""The pages of an import. The first takes a file; the second shows what is wrong with it, to be mended."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accredit.access.models import User
from accredit.imports import queries, rows
from accredit.imports.declaring import AS_READ, Column, Dates, Decimals, Format, Kind
from accredit.imports.models import KEPT_DAYS, Upload
from accredit.imports.operations import check_again
from accredit.imports.sheets import NotReadable
from accredit.imports.words import sentence
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.imports import saying
from accredit.web.imports.declaring import ImportPage
from accredit.web.imports.opening import Opened, for_import, for_upload
from accredit.web.imports.taking import take
from accredit.web.pages import show, wants_part

LATEST = 20
SIZE = 100
"""Rows of one page of the grid."""
AT_ONCE = 20_000
"""The annotated file of so many rows is written while somebody waits for it."""
PARTS = ("rows", "next", "cells", "equal", "paste", "surplus", "leave", "back", "figures", "check", "file", "preview")
"""Parts of an import that its page leads to."""


@require_http_methods(["GET", "HEAD", "POST"])
@for_import
def start(request: HttpRequest, view: Viewpoint, page: ImportPage) -> HttpResponse:
    """Takes a file; has the sample, the columns, and the latest imports."""
    problem = ""
    if request.method == "POST":
        said = format_of(request)
        try:
            url = page.url_of(view, take(request, view, page.kind, page.table(view, said), said))
        except NotReadable as error:
            problem = sentence(error)
            if wants_part(request):
                return JsonResponse({"problem": problem}, status=400)
        else:
            return JsonResponse({"url": url}) if wants_part(request) else redirect(url)
    table = page.table(view, AS_READ)
    uploads = Upload.objects.filter(program_id=view.program.id, user=cast(User, request.user), kind=page.kind)
    context = {
        **frame(page, view),
        "problem": problem,
        "most": formats.number(table.most_rows),
        "formats": format_fields(AS_READ),
        "samples": [
            (page.url_of_sample(view, code), text) for code, text in (("de", _("in German")), ("en", _("in English")))
        ],
        "columns": [_described(one) for one in table.columns],
        "aim": page.outcomes[page.aim].title,
        "latest": [saying.of_list(Opened(page, view, one)) for one in uploads.order_by("-id").defer("plan")[:LATEST]],
        "days": KEPT_DAYS,
    }
    return show(request, "web/imports/start.html", context, status=400 if problem else 200)


def format_of(request: HttpRequest) -> Format:
    """What the form says about how numbers and days are written; what it does not know is left to the file."""
    decimals, dates = request.POST.get("decimals", ""), request.POST.get("dates", "")
    return Format(
        decimals=Decimals(decimals) if decimals in list(Decimals) else None,
        dates=Dates(dates) if dates in list(Dates) else None,
    )


def format_fields(said: Format) -> Sequence[Mapping[str, Any]]:
    """The fields that ask for it."""
    by_itself = ("", _("as the file has them"))
    decimals = [by_itself, (Decimals.COMMA.value, "1.234,56"), (Decimals.POINT.value, "1,234.56")]
    dates = [
        by_itself,
        (Dates.DAY_FIRST.value, "31.12.2026"),
        (Dates.MONTH_FIRST.value, "12/31/2026"),
        (Dates.ISO.value, "2026-12-31"),
    ]
    return [
        {"name": "decimals", "title": _("Numbers"), "options": decimals, "value": said.decimals or ""},
        {"name": "dates", "title": _("Dates"), "options": dates, "value": said.dates or ""},
    ]


def _described(column: Column) -> Mapping[str, Any]:
    language, other = ("de", "en") if formats.language() == "de" else ("en", "de")
    titles = [choice.de if language == "de" else choice.en for choice in column.choices]
    return {
        "title": column.title(language),
        "other": column.title(other),
        "help": column.help(language),
        "required": column.required is not False,
        "choices": ", ".join(titles[:12]) + (" …" if len(titles) > 12 else ""),
    }


@require_safe
@for_upload
def one(request: HttpRequest, opened: Opened) -> HttpResponse:
    """One import: wrong columns, or figures and the grid."""
    kept, view = opened.kept, opened.view
    context = {
        **frame(opened.page, view),
        **_shown(request, opened),
        "name": kept.file_name,
        "understood": saying.understood(kept.told),
        "at": formats.instant(kept.created_at, ZoneInfo(view.program.timezone)),
        "unused": saying.remarks(kept, opened.table),
        "problems": saying.problems(kept, opened.table),
        "columns": _grid_columns(opened),
        "size": SIZE,
    }
    return show(request, "web/imports/import.html", context)


def _grid_columns(opened: Opened) -> Sequence[Mapping[str, Any]]:
    """The file's own columns as the grid lays them out, and behind them those that it leaves out. Of these some are
    `shown`: those that rows may need, those with faults, and those in which something was written."""
    kept, table, language = opened.kept, opened.table, formats.language()
    corrected = queries.corrected(kept)
    made = []
    for one in queries.columns(kept):
        column = table.column(one.name) if one.name else None
        needed = column is not None and (column.required is not False or column.name in kept.counts)
        title = one.heading or (column.title(language) if column else "–")
        made.append(
            {
                "place": one.place,
                "title": title,
                "name": column.name if column else "",
                "shown": one.place < len(kept.names) or needed or one.place in corrected,
                "used": column is not None,
                "help": column.help(language) if column else _("This column is not used."),
                "number": column is not None and column.kind in (Kind.AMOUNT, Kind.NUMBER),
                "choices": [one.de if language == "de" else one.en for one in column.choices[:500]] if column else [],
            }
        )
    return made


@require_safe
@for_upload
def figures(request: HttpRequest, opened: Opened) -> HttpResponse:
    """The part of the page with the figures."""
    return show(request, "web/imports/figures.html", _shown(request, opened))


@require_POST
@for_upload
def check_anew(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Checks a whole file anew: by what holds now, and with what is said about its numbers and days."""
    said = format_of(request)
    check_again(opened.kept, opened.page.table(opened.view, said), said=said)
    return redirect(opened.url())


def _shown(request: HttpRequest, opened: Opened) -> Mapping[str, Any]:
    """Figures of an import, and links to its rows of each kind."""
    asked = {name: request.GET[name] for name in saying.FILTER if request.GET.get(name)}
    base, kept = opened.url(), opened.kept
    kinds = [
        {
            **kind,
            "url": f"{base}?{urlencode(kind['filter'])}" if kind["filter"] else base,
            "current": kind["filter"] == asked,
        }
        for kind in saying.kinds(kept, opened.table)
    ]
    return {
        "urls": {part: opened.url(part) for part in PARTS},
        "figures": saying.figures(opened),
        "is_large": kept.rows > AT_ONCE,
        "kinds": [kind for place, kind in enumerate(kinds) if place < saying.AT_FIRST or kind["current"]],
        "more_kinds": [kind for kind in kinds[saying.AT_FIRST :] if not kind["current"]],
        "leave_all": saying.leave_all(kept, asked),
        "query": urlencode(asked),
        "formats": format_fields(rows.said(kept)),
    }


def frame(page: ImportPage, view: Viewpoint) -> Mapping[str, Any]:
    """What every page of an import has."""
    return {
        "section": page.list.list.name,
        "program": view.program,
        "view": view,
        "import": page,
        "list_url": page.list.url(view),
        "start_url": page.url(view),
    }
