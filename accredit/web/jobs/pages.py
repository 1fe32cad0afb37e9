"""What one's own jobs are doing: the list of them, and each with its progress, its outcome and its file."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accredit.access.models import User
from accredit.database.keys import key_to_text
from accredit.files.formulas import defused
from accredit.jobs.models import PREFIX, STOPPED, UNFINISHED, Job, JobRow, State
from accredit.jobs.operations import cancel, file_of, resume, shows_to
from accredit.jobs.queries import job_of, jobs_of, rows_of
from accredit.programs.visibility import Viewpoint
from accredit.web import formats, words
from accredit.web.jobs.saying import FAILURES, STATES, said_of
from accredit.web.pages import for_program, show, wants_part

ROWS = 100
AT_A_TIME = 5_000


@require_safe
@for_program
def jobs(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The jobs that the user started in this program, the newest first."""
    found = [_said(view, job) for job in jobs_of(cast(User, request.user), view.program) if shows_to(job, view)]
    context = {"section": "jobs", "program": view.program, "view": view, "jobs": found}
    return show(request, "web/jobs/page.html", context)


@require_safe
@for_program
def job(request: HttpRequest, view: Viewpoint, job: str) -> HttpResponse:
    """One job; to htmx how far it has come, which asks again by itself until it is finished."""
    return show_job(request, view, _found(request, view, job))


def show_job(
    request: HttpRequest, view: Viewpoint, job: Job, *, template: str = "web/jobs/progress.html"
) -> HttpResponse:
    """The page of a job, or the part of `template` alone, which asks for itself anew as `page` where it is on it."""
    context: dict[str, Any] = {"section": "jobs", "program": view.program, "view": view, "job": _said(view, job)}
    if wants_part(request):
        return show(request, template, {**context, "on_page": "page" in request.GET})
    context["on_page"] = True
    after = request.GET.get("after", "")
    start = int(after) if after.isascii() and after.isdecimal() and len(after) < 12 else 0
    rows = rows_of(job.id, start, ROWS + 1)
    context["rows"] = [_row(view, job, row) for row in rows[:ROWS]]
    context["about"] = said_of(job).about
    context["rows_count"] = formats.number(job.rows)
    context["after"] = rows[ROWS - 1].number if len(rows) > ROWS else None
    context["start"] = start
    return show(request, "web/jobs/job.html", context)


@require_safe
@for_program
def file(request: HttpRequest, view: Viewpoint, job: str) -> HttpResponseBase:
    """The file that a job made."""
    found = _found(request, view, job)
    path = file_of(found)
    if path is None:
        raise Http404(f"the job {found.id} has no file, or no longer")
    response = FileResponse(path.open("rb"), as_attachment=True, filename=found.file_name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_safe
@for_program
def rows(request: HttpRequest, view: Viewpoint, job: str) -> HttpResponseBase:
    """Every row of a job that was not done, and why, as CSV."""
    found = _found(request, view, job)
    response = StreamingHttpResponse(_lines(view, found), content_type="text/csv; charset=utf-8")
    name = f"{view.program.code}-{key_to_text(PREFIX, found.id)}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _lines(view: Viewpoint, job: Job) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    said = said_of(job)
    writer.writerow([said.about.name, said.about.key, _("Source"), _("Why"), _("Remark"), "why"])
    after = 0
    while found := rows_of(job.id, after, AT_A_TIME):
        for row in found:
            why, remark = said.why(view, row)
            key = key_to_text(said.about.prefix, row.key) if row.key else ""
            writer.writerow([defused(cell) for cell in (row.name, key, words.place(row.source), why, remark, row.why)])
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
        after = found[-1].number
    yield text.getvalue().encode()


@require_POST
@for_program
def stop(request: HttpRequest, view: Viewpoint, job: str) -> HttpResponse:
    """Ends a job where it is."""
    found = _found(request, view, job)
    cancel(found, now=datetime.now(UTC))
    return HttpResponseRedirect(url_of(found))


@require_POST
@for_program
def go_on(request: HttpRequest, view: Viewpoint, job: str) -> HttpResponse:
    """Lets a job go on where it stopped."""
    found = _found(request, view, job)
    resume(found)
    return HttpResponseRedirect(url_of(found))


def url_of(job: Job) -> str:
    """The address of a job's page."""
    return reverse("web:job", args=[job.program.code, key_to_text(PREFIX, job.id)])


def _found(request: HttpRequest, view: Viewpoint, key: str) -> Job:
    try:
        found = job_of(cast(User, request.user), view.program, key)
    except Job.DoesNotExist:
        raise Http404(f"no job {key!r} of this user in {view.program.code!r}") from None
    if not shows_to(found, view):
        raise Http404(f"the job {key!r} saw more than its user sees now")
    return found


def _said(view: Viewpoint, job: Job) -> Mapping[str, Any]:
    """A job as its pages show it."""
    zone, said = ZoneInfo(view.program.timezone), said_of(job)
    done = f"{formats.number(job.done)} / {formats.number(job.total)}" if job.total else ""
    return {
        "key": key_to_text(PREFIX, job.id),
        "title": said.title(job),
        "state": job.state,
        "state_word": words.word(STATES, job.state),
        "unfinished": job.state in UNFINISHED,
        "stopped": job.state in STOPPED,
        "failure": words.word(FAILURES, job.failure) if job.state == State.FAILED else "",
        "done": job.done,
        "total": job.total,
        "done_text": done,
        "percent": formats.percent(min(job.done, job.total) * 100 // job.total * 10_000) if job.total else "",
        "outcome": said.outcome(job),
        "left": job.rows,
        "has_file": file_of(job) is not None,
        "file_gone": bool(job.file) and file_of(job) is None,
        "file_name": job.file_name,
        "started_at": formats.instant(job.created_at, zone),
        "ended_at": formats.instant(job.ended_at, zone) if job.ended_at else "",
    }


def _row(view: Viewpoint, job: Job, row: JobRow) -> Mapping[str, str]:
    why, remark = said_of(job).why(view, row)
    url, about = "", said_of(job).about
    if row.key and row.why != "unknown":
        url = reverse(about.address, args=[view.program.code, key_to_text(about.prefix, row.key)])
    return {"name": row.name, "source": words.place(row.source), "why": why, "remark": remark, "url": url}
