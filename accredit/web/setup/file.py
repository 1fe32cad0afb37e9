"""The program file: taken away, and brought back with a plan of what it would change."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accredit.files.program_file import ValuesRefused, program_of, write_program
from accredit.files.program_file.toml import Document, parse_toml
from accredit.programs.changing import Setup
from accredit.programs.queries import program_value
from accredit.programs.visibility import Viewpoint
from accredit.web.sentences import translated
from accredit.web.setup.frame import for_setup, show_page
from accredit.web.setup.parts import back_to
from accredit.web.setup.saving import Attempt, Path, attempt

MAX_BYTES = 2_000_000


@require_safe
@for_setup
def download(request: HttpRequest, view: Viewpoint) -> HttpResponse:  # noqa: ARG001 every page takes it
    """The file that would recreate the program."""
    text = write_program(program_value(view.program.id))
    response = HttpResponse(text, content_type="application/toml; charset=utf-8")
    name = "".join(one if one.isascii() and one.isalnum() else "-" for one in view.program.code)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.toml"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_setup
def file(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """A file that is brought: its errors with their lines, or what it would change, and then the change."""
    context: dict[str, Any] = {"tried": Attempt()}
    if request.method == "POST":
        content = _content(request)
        found = _read(content)
        if isinstance(found, list):
            context["wrong"] = found
        else:
            tried = attempt(request, view, _instead(found), always_confirm=True)
            if tried.saved:
                return back_to(view, "setup-file")
            context |= {"tried": tried, "content": content, "nothing": not tried.plan and not tried.errors}
    context["zone"] = ZoneInfo(view.program.timezone)
    return show_page(request, view, "setup-file", "web/setup/file.html", context)


def _content(request: HttpRequest) -> str:
    """Of the file that comes now, or of the one whose plan was shown."""
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("content", "")
    return str(upload.read(MAX_BYTES + 1), "utf-8-sig", "replace")


def _read(content: str) -> dict[str, Any] | list[dict[str, Any]]:
    """The values of a program file, or what is wrong with it, by line."""
    if not content.strip():
        return [{"line": None, "message": _("Choose a program file first: this one is empty.")}]
    if len(content) > MAX_BYTES:
        return [{"line": None, "message": _("The file is larger than two megabytes.")}]
    document = parse_toml("", content.encode())
    if not isinstance(document, Document):
        return [{"line": error.row, "message": translated(error.message)} for error in document]
    try:
        program_of(document.values)
    except ValuesRefused as refused:
        found = {(*document.position(one.path), translated(one.message)) for one in refused.findings}
        return [{"line": line, "message": message} for line, _column, message in sorted(found)]
    return dict(document.values)


def _instead(values: dict[str, Any]) -> Any:
    def edit(setup: Setup) -> Path:
        setup.values.clear()
        setup.values.update(values)
        return ()

    return edit
