"""Files to take along: the sample of an import, and what was uploaded with its wrong cells coloured and explained."""

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_safe

from accredit.access.models import User
from accredit.imports import annotating, samples
from accredit.imports.declaring import AS_READ
from accredit.imports.models import Upload
from accredit.jobs.kinds import AsFile, Tell, Work, Written, register
from accredit.jobs.models import Job
from accredit.jobs.operations import start
from accredit.programs.visibility import Viewpoint
from accredit.web.imports.declaring import ImportPage
from accredit.web.imports.opening import Opened, for_import, for_upload
from accredit.web.imports.pages import AT_ONCE
from accredit.web.jobs.pages import url_of
from accredit.web.jobs.saying import Said, say

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@for_import
def sample(request: HttpRequest, view: Viewpoint, page: ImportPage, language: str) -> HttpResponse:  # noqa: ARG001 - the guard takes it
    """The sample file in a language: every column, with the program's own lists to choose from."""
    if language not in ("de", "en"):
        raise Http404(f"no sample in {language!r}")
    with override(language):
        name = f"{page.sample}-{view.program.code}-{language}.xlsx"
        return _file(samples.sample(page.table(view, AS_READ)), name)


@require_http_methods(["GET", "HEAD", "POST"])
@for_upload
def annotated(request: HttpRequest, opened: Opened) -> HttpResponse:
    """The import as it is by now, its wrong cells coloured, with a comment on each. Writing a large one is a job."""
    kept = opened.kept
    if request.method == "POST":
        asked = {"upload": str(kept.id), "file": kept.file_name}
        kind, user = opened.page.file_job, cast(User, request.user)
        return HttpResponseRedirect(url_of(start(kind, program=opened.view.program, user=user, asked=asked)))
    if kept.rows > AT_ONCE or kept.problems:
        raise Http404(f"no file of {kept.file_name!r} at once")
    content = io.BytesIO()
    annotating.annotate(kept, opened.table, content)
    return _file(content.getvalue(), _name(kept))


def _name(kept: Upload) -> str:
    return _("%(name)s-checked") % {"name": kept.file_name.rpartition(".")[0] or kept.file_name} + ".xlsx"


def _file(content: bytes, name: str) -> HttpResponse:
    plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in name.removesuffix(".xlsx"))[:80]
    response = HttpResponse(content, content_type=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}.xlsx"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _write(page: ImportPage, work: Work, path: Path, tell: Tell) -> Written:
    kept = Upload.objects.get(id=UUID(work.job.asked["upload"]), user=work.job.user)
    tell(0, kept.rows)
    with override(work.job.user.language):
        annotating.annotate(kept, Opened(page, work.view, kept).table, path)
        return Written(_name(kept), kept.rows, {"rows": kept.rows})


def _title(job: Job) -> str:
    return _("Write %(name)s with remarks") % {"name": job.asked["file"]}


def declare(pages: Sequence[ImportPage]) -> None:
    """Let large files of these imports be written in the background."""
    for page in pages:
        register(AsFile(page.file_job, page.permission, partial(_write, page)))
        say(page.file_job, Said(_title, lambda _job: [], lambda _view, row: (row.why, "")))
