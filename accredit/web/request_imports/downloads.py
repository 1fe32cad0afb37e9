"""Files to take along: the sample of a program, and an import with its wrong cells coloured and explained."""

import io

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from accredit.imports import annotating, samples
from accredit.programs.visibility import Viewpoint
from accredit.web.request_imports.pages import declared, for_raising, found

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@for_raising
def sample(request: HttpRequest, view: Viewpoint, language: str) -> HttpResponse:  # noqa: ARG001 - the guard takes it
    """The sample file in a language: every column, with the program's own lists to choose from."""
    if language not in ("de", "en"):
        raise Http404(f"no sample in {language!r}")
    with override(language):
        content = samples.sample(declared(view))
        return _file(content, f"{_('conversion-requests')}-{view.program.code}")


@require_safe
@for_raising
def annotated(request: HttpRequest, view: Viewpoint, upload: str) -> HttpResponse:
    """The import as it is by now, its wrong cells coloured, with a comment on each."""
    kept = found(request, view, upload)
    content = io.BytesIO()
    annotating.annotate(kept, declared(view), content)
    return _file(content.getvalue(), f"{kept.file_name.rpartition('.')[0] or kept.file_name}-{_('checked')}")


def _file(content: bytes, name: str) -> HttpResponse:
    plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in name)[:80]
    response = HttpResponse(content, content_type=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}.xlsx"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
