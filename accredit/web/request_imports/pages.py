"""The pages of importing requests. The first takes a file; the second shows what is wrong with it, to be mended."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversion_requests.importing import UPLOAD, table_of
from accredit.database.keys import key_to_text
from accredit.imports import queries
from accredit.imports.declaring import AS_READ, Column, Dates, Decimals, Format, Kind, Table
from accredit.imports.models import KEPT_DAYS, PREFIX, Upload
from accredit.imports.operations import check_again, keep_upload, upload_of
from accredit.imports.sheets import MAX_BYTES, NotReadable
from accredit.imports.words import sentence
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.pages import for_permitted, show, wants_part
from accredit.web.request_imports import saying
from accredit.web.validation.saying import understood
from accredit.web.validation.uploading import TOO_LARGE

LATEST = 20
SIZE = 100
"""Rows of one page of the grid."""
AT_ONCE = 20_000
"""The annotated file of so many rows is written while somebody waits for it."""
for_raising = for_permitted(Permission.RAISE_REQUESTS, partners_too=True)


@require_http_methods(["GET", "HEAD", "POST"])
@for_raising
def start(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Takes a file; has the sample, the columns, and the latest imports."""
    problem = ""
    if request.method == "POST":
        try:
            url = address(view, _taken(request, view))
        except NotReadable as error:
            problem = sentence(error)
            if wants_part(request):
                return JsonResponse({"problem": problem}, status=400)
        else:
            return JsonResponse({"url": url}) if wants_part(request) else redirect(url)
    table = declared(view, AS_READ)
    zone = ZoneInfo(view.program.timezone)
    uploads = Upload.objects.filter(program_id=view.program.id, user=cast(User, request.user), kind=UPLOAD)
    context = {
        **frame(view),
        "problem": problem,
        "formats": format_fields(AS_READ),
        "languages": [("de", "Deutsch"), ("en", "English")],
        "columns": [_described(one) for one in table.columns],
        "latest": [saying.of_list(one, zone) for one in saying.without_contents(uploads).order_by("-id")[:LATEST]],
        "days": KEPT_DAYS,
    }
    return show(request, "web/request_imports/start.html", context, status=400 if problem else 200)


def _taken(request: HttpRequest, view: Viewpoint) -> Upload:
    """The table that was sent, read, checked and kept. Raises NotReadable."""
    sent = request.FILES.get("file")
    if TOO_LARGE in request.META:
        raise NotReadable("too_large", most=MAX_BYTES >> 20)
    if sent is None:
        raise NotReadable("empty")
    return keep_upload(
        sent.chunks(),
        file_name=sent.name or "",
        kind=UPLOAD,
        program_id=view.program.id,
        user=cast(User, request.user),
        now=datetime.now(UTC),
        table=declared(view, format_of(request)),
        said=format_of(request),
    )


def declared(view: Viewpoint, said: Format) -> Table:
    """The table of the program as it is now; `said`: how the file is written."""
    return table_of(view, now=datetime.now(UTC), said=said)


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
@for_raising
def one(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """One import: wrong columns, or figures and the grid."""
    kept = found(request, view, upload)
    table = declared_for(kept, view)
    context = {
        **frame(view),
        **shown(request, view, kept, table),
        "name": kept.file_name,
        "understood": understood(kept.told),
        "at": formats.instant(kept.created_at, ZoneInfo(view.program.timezone)),
        "unused": saying.unused(kept, table),
        "problems": saying.problems(kept, table),
        "columns": _grid_columns(kept, table),
        "size": SIZE,
    }
    return show(request, "web/request_imports/import.html", context)


def _grid_columns(kept: Upload, table: Table) -> Sequence[Mapping[str, Any]]:
    """The file's own columns as the grid lays them out, and behind them those that it leaves out. Of these some are
    `shown`: those that rows may need, those with faults, and those in which something was written."""
    language, corrected = formats.language(), queries.corrected(kept)
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
@for_raising
def figures(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """The part of the page with the figures."""
    kept = found(request, view, upload)
    table = declared_for(kept, view)
    return show(request, "web/request_imports/figures.html", {**frame(view), **shown(request, view, kept, table)})


@require_POST
@for_raising
def check_anew(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """Checks a whole file anew: by what holds now, and with what is said about its numbers and days."""
    kept = found(request, view, upload)
    said = format_of(request)
    check_again(kept, declared(view, said), said=said)
    return redirect(address(view, kept))


def shown(request: HttpRequest, view: Viewpoint, kept: Upload, table: Table) -> Mapping[str, Any]:
    """Figures of an import, and links to its rows of each kind."""
    asked = {name: request.GET[name] for name in saying.FILTER if request.GET.get(name)}
    base = address(view, kept)
    kinds = [
        {
            **kind,
            "url": f"{base}?{urlencode(kind['filter'])}" if kind["filter"] else base,
            "current": kind["filter"] == asked,
        }
        for kind in saying.kinds(kept, table)
    ]
    return {
        "key": key_to_text(PREFIX, kept.id),
        "figures": saying.figures(kept),
        "is_large": kept.rows > AT_ONCE,
        "kinds": kinds,
        "query": urlencode(asked),
        "formats": format_fields(saying.format_said(kept)),
    }


def declared_for(kept: Upload, view: Viewpoint) -> Table:
    """The table of the program as it is now, for what was uploaded."""
    return declared(view, saying.format_said(kept))


def found(request: HttpRequest, view: Viewpoint, key: str) -> Upload:
    """The user's own import of this address."""
    try:
        return upload_of(cast(User, request.user), view.program.id, UPLOAD, key)
    except Upload.DoesNotExist:
        raise Http404(f"no import {key!r} of this user in {view.program.code!r}") from None


def address(view: Viewpoint, kept: Upload) -> str:
    """Of the page of an import."""
    return reverse("web:request-import", args=[view.program.code, key_to_text(PREFIX, kept.id)])


def frame(view: Viewpoint) -> Mapping[str, Any]:
    """What every page of the section has."""
    return {
        "section": "request-imports",
        "program": view.program,
        "view": view,
        "requests_url": reverse("web:requests", args=[view.program.code]),
    }
