"""Who may open the pages of an import, and the upload that an address names."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from accredit.access.models import User
from accredit.imports import rows
from accredit.imports.declaring import Table
from accredit.imports.models import Upload
from accredit.imports.operations import upload_of
from accredit.programs.visibility import Viewpoint
from accredit.web.imports.declaring import ImportPage
from accredit.web.pages import for_permitted

P = ParamSpec("P")


@dataclass(frozen=True)
class Opened:
    """An upload as its user opened it."""

    page: ImportPage
    view: Viewpoint
    kept: Upload

    @cached_property
    def table(self) -> Table:
        """Of the program as it is now, for a file that is written as the user said."""
        return self.page.table(self.view, rows.said(self.kept))

    def url(self, part: str = "") -> str:
        """The address of its page, or of a part of it."""
        return self.page.url_of(self.view, self.kept, part)


def for_import(
    view: Callable[Concatenate[HttpRequest, Viewpoint, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Opens a page of the import that the address gives (`page`) to those for whom that import is."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *, page: ImportPage, **given: Any) -> HttpResponseBase:
        guard = for_permitted(page.permission, partners_too=page.partners_too)
        return guard(view)(request, page=page, **given)

    return guarded


def for_upload(view: Callable[[HttpRequest, Opened], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Like `for_import`, with the user's own upload of the address; for others it does not exist."""

    def opened(request: HttpRequest, seen: Viewpoint, /, *, page: ImportPage, upload: str) -> HttpResponseBase:
        try:
            kept = upload_of(cast(User, request.user), seen.program.id, page.kind, upload)
        except Upload.DoesNotExist:
            raise Http404(f"no import {upload!r} of this user in {seen.program.code!r}") from None
        return view(request, Opened(page, seen, kept))

    return for_import(wraps(view)(opened))
