"""Files to take along: the sample of a program, and an import with its wrong cells coloured and explained."""

import io
from pathlib import Path
from typing import cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_safe

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.imports import annotating, samples
from accredit.imports.declaring import AS_READ
from accredit.imports.models import Upload
from accredit.jobs.kinds import AsFile, Tell, Work, Written, register
from accredit.jobs.models import Job
from accredit.jobs.operations import start
from accredit.programs.visibility import Viewpoint
from accredit.web.jobs.pages import url_of
from accredit.web.jobs.saying import Said, say
from accredit.web.request_imports.pages import AT_ONCE, declared, declared_for, for_raising, found

KIND = "request_import_file"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@for_raising
def sample(request: HttpRequest, view: Viewpoint, language: str) -> HttpResponse:  # noqa: ARG001 - the guard takes it
    """The sample file in a language: every column, with the program's own lists to choose from."""
    if language not in ("de", "en"):
        raise Http404(f"no sample in {language!r}")
    with override(language):
        return _file(samples.sample(declared(view, AS_READ)), f"{_('conversion-requests')}-{view.program.code}.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
@for_raising
def annotated(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """The import as it is by now, its wrong cells coloured, with a comment on each. Writing a large one is a job."""
    kept = found(request, view, upload)
    if request.method == "POST":
        asked = {"upload": str(kept.id), "file": kept.file_name}
        job = start(KIND, program=view.program, user=cast(User, request.user), asked=asked)
        return HttpResponseRedirect(url_of(job))
    if kept.rows > AT_ONCE or kept.problems:
        raise Http404(f"no file of {upload!r} at once")
    content = io.BytesIO()
    annotating.annotate(kept, declared_for(kept, view), content)
    return _file(content.getvalue(), _name(kept))


def _name(kept: Upload) -> str:
    return f"{kept.file_name.rpartition('.')[0] or kept.file_name}-{_('checked')}.xlsx"


def _file(content: bytes, name: str) -> HttpResponse:
    plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in name.removesuffix(".xlsx"))[:80]
    response = HttpResponse(content, content_type=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}.xlsx"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _write(work: Work, path: Path, tell: Tell) -> Written:
    kept = Upload.objects.get(id=UUID(work.job.asked["upload"]), user=work.job.user)
    tell(0, kept.rows)
    with override(work.job.user.language):
        annotating.annotate(kept, declared_for(kept, work.view), path)
        return Written(_name(kept), kept.rows, {"rows": kept.rows})


def _title(job: Job) -> str:
    return _("Write %(name)s with remarks") % {"name": job.asked["file"]}


def declare() -> None:
    """Let large files be written in the background."""
    register(AsFile(KIND, Permission.RAISE_REQUESTS, _write))
    say(KIND, Said(_title, lambda _job: [], lambda _view, row: (row.why, "")))
