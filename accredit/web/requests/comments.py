"""Saying something about a request, with files; in the panel, and on the page of the request alone."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversion_requests.discussing import MAX_BYTES, File, NotKept, Side, attachment_of, comment
from accredit.conversion_requests.models import Attachment
from accredit.programs.visibility import Viewpoint
from accredit.web import words
from accredit.web.pages import for_permitted, for_program, wants_part
from accredit.web.requests.acting import key_of, request_at
from accredit.web.requests.panel import show_request
from accredit.web.uploading import TOO_LARGE

TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "eml": "application/octet-stream",
    "txt": "text/plain",
}
NOT_KEPT: words.Words = {
    "nothing": _("Write something, or choose a file."),
    "too_long": _("A comment has at most %(most)s characters."),
    "too_large": _("%(name)s is larger than %(most)s MB."),
    "too_many": _("A request has at most %(most)s files."),
    "kind": _("%(name)s is none of these by its content: %(kinds)s."),
    "empty": _("%(name)s is empty."),
}
"""Why a comment or file was not kept."""


def files_of(request: HttpRequest) -> Sequence[File]:
    """The files that a form sent. Raises NotKept where one is too large."""
    sent = [one for one in request.FILES.getlist("files") if isinstance(one, UploadedFile)]
    if TOO_LARGE in request.META or any((one.size or 0) > MAX_BYTES for one in sent):
        name = next((one.name for one in sent if (one.size or 0) > MAX_BYTES), None)
        raise NotKept("too_large", name=name or "", most=MAX_BYTES >> 20)
    return [File(one.name or "", one.read()) for one in sent]


def sentence(error: NotKept) -> str:
    """Why, in the reader's language."""
    return str(NOT_KEPT[error.code]) % error.values


@require_POST
@for_permitted(Permission.RAISE_REQUESTS, partners_too=True)
def add_comment(request: HttpRequest, view: Viewpoint, key: str) -> HttpResponse:
    """Keeps a comment and its files; where it cannot, the panel again with what was typed and why."""
    about = request_at(view, key)
    text = request.POST.get("text", "")
    told: dict[str, Any] = {}
    try:
        user, now = cast(User, request.user), datetime.now(UTC)
        comment(about, text, files_of(request), user=user, side=Side.of(view), now=now)
    except NotKept as error:
        told = {"not_kept": sentence(error), "comment_text": text}
    if told or wants_part(request):
        about.refresh_from_db()
        return show_request(request, view, about, told)
    return HttpResponseRedirect(f"{reverse('web:request', args=[view.program.code, key_of(about)])}#discussion-title")


@require_safe
@for_program
def attachment(request: HttpRequest, view: Viewpoint, key: str, attachment: str) -> HttpResponse:  # noqa: ARG001
    """One file, to be stored and not to be run: whatever it is, it has no rights in a browser."""
    try:
        found = attachment_of(request_at(view, key), UUID(attachment))
    except (ValueError, Attachment.DoesNotExist):
        raise Http404(f"the request {key!r} has no file {attachment!r}") from None
    response = HttpResponse(bytes(found.content), content_type=TYPES[found.kind])
    response.headers["Content-Disposition"] = content_disposition_header(True, found.file_name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response
