"""The panel that explains one conversion, beside the list."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accredit.conversions.columns import PREFIX
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Conversion
from accredit.database.keys import KeyTextError, key_from_text
from accredit.programs.visibility import Viewpoint
from accredit.web.conversions.explaining import explain
from accredit.web.conversions.page import PAGE
from accredit.web.lists.pages import list_context
from accredit.web.lists.state import state_of
from accredit.web.naming import Names
from accredit.web.pages import for_program, show, wants_part
from accredit.web.validation.holding import holding_of


@require_safe
@for_program
def conversion(request: HttpRequest, view: Viewpoint, conversion: str) -> HttpResponse:
    """The panel of one conversion; opened by its address, with the list beside it."""
    try:
        found = CONVERSIONS.one(view, key_from_text(PREFIX, conversion))
    except (KeyTextError, Conversion.DoesNotExist):
        raise Http404(f"no conversion {conversion!r} in {view.program.code!r} for this user") from None
    names = Names(view)
    state = state_of(PAGE, names, request.GET)
    query = state.query(state.place)
    context = {
        **explain(names, found, all_items="items" in request.GET),
        "holding": holding_of(view, found),
        "close_url": PAGE.url(view, query),
        "all_items_url": f"{request.path}{query}{'&' if query else '?'}items=all",
    }
    if wants_part(request):
        return show(request, "web/conversions/panel.html", context)
    return show(request, "web/conversions/page.html", {**list_context(request, state), **context})
