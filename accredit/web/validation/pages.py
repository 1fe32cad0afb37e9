"""The pages of validating by file. The first takes a file, the second shows what it would do, and has it done."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversions.columns import PREFIX as CONVERSION
from accredit.conversions.file_validating import outcomes
from accredit.conversions.models import Status
from accredit.conversions.validation_file import table_of
from accredit.conversions.validation_file_job import PlanChanged, keep_plan, start_file
from accredit.database.keys import key_to_text
from accredit.imports import words as imports
from accredit.imports.declaring import Table
from accredit.imports.headings import find_columns
from accredit.imports.models import PREFIX, Upload
from accredit.imports.operations import frame, upload_of
from accredit.imports.sheets import NotReadable
from accredit.jobs.models import PREFIX as JOB
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.imports.saying import understood, unused
from accredit.web.imports.taking import take
from accredit.web.pages import for_permitted, show
from accredit.web.validation import saying

KIND = "validation"
LATEST = 10
SHOWN = 100
CHANGES, REFUSALS = "changes", "refused"


@require_http_methods(["GET", "HEAD", "POST"])
@for_permitted(Permission.VALIDATE)
def files(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Takes a file; shows how one looks, and the latest ones."""
    problem = ""
    if request.method == "POST":
        try:
            taken = take(request, view, KIND, table_of(view.program))
            return redirect("web:validation-file", view.program.code, _key(taken))
        except NotReadable as error:
            problem = imports.sentence(error)
    uploads = Upload.objects.filter(program_id=view.program.id, user=cast(User, request.user), kind=KIND)
    context = {
        **_frame(view),
        "problem": problem,
        "columns": _columns(table_of(view.program)),
        "languages": [("de", _("in German")), ("en", _("in English"))],
        "latest": [
            {
                "key": _key(one),
                "name": one.file_name,
                "at": formats.instant(one.created_at, ZoneInfo(view.program.timezone)),
                "rows": formats.number(one.summary["rows"]) if one.summary else "",
                "job": key_to_text(JOB, one.job) if one.job else "",
            }
            for one in uploads.order_by("-id").defer("plan")[:LATEST]
        ],
    }
    return show(request, "web/validation/files.html", context, status=400 if problem else 200)


def _columns(table: Table) -> Sequence[Mapping[str, str]]:
    """The columns that a file may have: heading, the other language's, and what stands in them."""
    german = formats.language() == "de"
    return [
        {
            "title": one.de if german else one.en,
            "other": one.en if german else one.de,
            "meaning": imports.meaning(one),
        }
        for one in table.columns
    ]


@require_safe
@for_permitted(Permission.VALIDATE)
def file(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """One file: how it was read, and what it would do. A large one is checked after the page is there."""
    return _shown(request, view, found(request, view, upload))


@require_safe
@for_permitted(Permission.VALIDATE)
def planned(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """The part of the page that says what the file would do."""
    kept = found(request, view, upload)
    if kept.plan is None and not kept.problems:
        keep_plan(kept, view.program, now=datetime.now(UTC))
    return _not_kept(show(request, "web/validation/plan.html", {**_frame(view), **_plan(request, view, kept)}))


def _not_kept(response: HttpResponse) -> HttpResponse:
    """Whoever goes back to a file that was carried out since is not offered it again."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@for_permitted(Permission.VALIDATE)
def check_again(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """Checks a file anew by what holds now."""
    kept = found(request, view, upload)
    Upload.objects.filter(id=kept.id, job__isnull=True).update(plan=None, summary=None, planned_at=None)
    return redirect("web:validation-file", view.program.code, upload)


@require_POST
@for_permitted(Permission.VALIDATE)
def apply(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """Starts doing what the page showed, and goes where one watches it; the second time to the same place."""
    kept = found(request, view, upload)
    try:
        job = start_file(kept, view.program, cast(User, request.user), planned_at=request.POST.get("planned_at", ""))
    except PlanChanged:
        kept.refresh_from_db()
        problem = _("The file was checked again since this page was shown: nothing was changed. Look at it once more.")
        return _shown(request, view, kept, problem=problem, status=409)
    return HttpResponseRedirect(_job_url(view, job.id))


def found(request: HttpRequest, view: Viewpoint, key: str) -> Upload:
    """The user's own file of this address."""
    try:
        return upload_of(cast(User, request.user), view.program.id, KIND, key)
    except Upload.DoesNotExist:
        raise Http404(f"no file {key!r} of this user in {view.program.code!r}") from None


def _shown(
    request: HttpRequest, view: Viewpoint, kept: Upload, *, problem: str = "", status: int = 200
) -> HttpResponse:
    table = table_of(view.program)
    context = {
        **_frame(view),
        "name": kept.file_name,
        "key": _key(kept),
        "understood": understood(kept.told),
        "at": formats.instant(kept.created_at, ZoneInfo(view.program.timezone)),
        "unused": unused(find_columns(kept.names, table.columns).unused),
        "problems": [saying.problem(table, one) for one in kept.problems],
        "problem": problem,
        "query": request.GET.urlencode(),
        "rows": ngettext("%(n)s row", "%(n)s rows", kept.rows) % {"n": formats.number(kept.rows)},
        **(_plan(request, view, kept) if kept.plan is not None else {}),
    }
    return _not_kept(show(request, "web/validation/file.html", context, status=status))


def _plan(request: HttpRequest, view: Viewpoint, kept: Upload) -> Mapping[str, Any]:
    """What a checked file would do: figures, and its rows a page at a time, those first that do nothing."""
    if kept.plan is None or kept.planned_at is None:
        return {}
    summary: Mapping[str, Any] = kept.summary or {}
    refused = sum(summary["refused"].values())
    changes = summary["rows"] - refused - summary["open"]
    both = summary["approved"] + summary["rejected"] + summary["turnover"] - changes
    part = request.GET.get("rows") or (REFUSALS if refused else CHANGES)
    every = frame(kept.plan).filter(pl.col("why").is_null() if part == CHANGES else pl.col("why").is_not_null())
    text = request.GET.get("after", "")
    after = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0
    rest = every.filter(pl.col("row") > after)
    rows = rest.head(SHOWN)
    return {
        "key": _key(kept),
        "planned": True,
        "planned_at": kept.planned_at.isoformat(),
        "planned_text": formats.instant(kept.planned_at, ZoneInfo(view.program.timezone), seconds=True),
        "figures": _figures(summary),
        "carry_out": ngettext("Carry out %(n)s row for good", "Carry out %(n)s rows for good", changes)
        % {"n": formats.number(changes)},
        "both": ngettext(
            "%(n)s row does two things: a new turnover first, then the status.",
            "%(n)s rows do two things: a new turnover first, then the status.",
            both,
        )
        % {"n": formats.number(both)}
        if both
        else "",
        "has_changes": changes > 0,
        "refused": formats.number(refused),
        "has_refused": refused > 0,
        "whys": [
            (str(saying.REFUSED[code]) % {"detail": "…"}, formats.number(count))
            for code, count in summary["refused"].items()
        ],
        "part": part,
        "table": [_row(view, row, outcome) for row, outcome in zip(rows.to_dicts(), outcomes(rows), strict=True)],
        "after": rows["row"][-1] if len(rest) > SHOWN else None,
        "from_start": after == 0,
        "job_url": _job_url(view, kept.job) if kept.job else "",
    }


def _figures(summary: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Title, count and the commissions of it, a currency each."""
    titles = {
        "approved": _("Will be approved"),
        "rejected": _("Will be rejected"),
        "turnover": _("Get a new turnover"),
        "open": _("Stay as they are"),
    }
    sums = {"approved": "approved", "rejected": "rejected", "turnover": "changed"}
    return [
        {
            "title": title,
            "count": formats.number(summary[name]),
            "kind": name,
            "sums": [
                _signed(amount, currency) if name == "turnover" else formats.money(amount, currency)
                for currency, amount in summary["sums"].get(sums.get(name, ""), {}).items()
            ],
        }
        for name, title in titles.items()
        if summary[name] or name == "approved"
    ]


def _signed(minor: int, currency: str) -> str:
    return formats.money(minor, currency) if minor < 0 else f"+{formats.money(minor, currency)}"


def _row(view: Viewpoint, row: Mapping[str, Any], outcome: str) -> Mapping[str, Any]:
    currency = row["currency"]
    shown: dict[str, Any] = {
        "row": formats.number(row["row"]),
        "order": row["order_token"] or "",
        "event_type": row["event_type"] or "",
        "outcome": words.word(saying.OUTCOMES, outcome),
        "status": row["status"] if row["status"] in (Status.APPROVED, Status.REJECTED) else "",
        "why": saying.why(row, view) if row["why"] else "",
        "url": reverse("web:conversion", args=[view.program.code, key_to_text(CONVERSION, UUID(row["id"]))])
        if row["decision"] is not None
        else "",
    }
    if currency and not row["why"]:
        shown["turnover"] = formats.money(row["turnover_minor"], currency)
        shown["commission"] = formats.money(row["commission_minor"], currency)
        if row["turnover_changes"]:
            shown["turnover_before"] = formats.money(row["turnover_before_minor"], currency)
            shown["commission_before"] = formats.money(row["commission_before_minor"], currency)
    return shown


def _frame(view: Viewpoint) -> Mapping[str, Any]:
    return {"section": "validation-files", "program": view.program, "view": view}


def _key(upload: Upload) -> str:
    return key_to_text(PREFIX, upload.id)


def _job_url(view: Viewpoint, job: UUID) -> str:
    return reverse("web:job", args=[view.program.code, key_to_text(JOB, job)])
