"""Rows of the list once more, as they are now: what was changed shows at its place, without another list."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from accredit.conversions.filters import PREFIX, Filters
from accredit.conversions.listing import ADDED, ROWS, filtered, with_added
from accredit.database.keys import KeyTextError, key_from_text
from accredit.programs.visibility import Viewpoint
from accredit.web.conversions.filtering import state_of
from accredit.web.conversions.listing import rows_of
from accredit.web.naming import Names
from accredit.web.pages import for_program


@require_safe
@for_program
def rows(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The rows of these conversions (`row`), whether or not the filters still leave them, in the list's columns."""
    state = state_of(Names(view), request.GET)
    try:
        keys = [key_from_text(PREFIX, text) for text in request.GET.getlist("row")[:ROWS]]
    except KeyTextError:
        return JsonResponse([], safe=False)
    found = list(with_added(filtered(view, Filters()).filter(id__in=keys), ADDED))
    response = JsonResponse(rows_of(state, found), safe=False)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
