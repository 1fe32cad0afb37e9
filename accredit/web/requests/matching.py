"""Which requests the address of a list leaves."""

from collections.abc import Sequence
from uuid import UUID

from django.http import QueryDict

from accredit.conversion_requests.listing import REQUESTS
from accredit.lists.patience import patient
from accredit.programs.visibility import Viewpoint
from accredit.web.lists.state import state_of
from accredit.web.naming import Names
from accredit.web.requests.page import PAGE


def matching(view: Viewpoint, data: QueryDict, stages: Sequence[str], *, limit: int) -> Sequence[UUID]:
    """The keys of requests at one of these stages, by their number, that the list of this address has now; at most so
    many. Raises TakesTooLong."""
    state = state_of(PAGE, Names(view), data)
    found = REQUESTS.filtered(view, state.filters).filter(stage__in=stages).order_by("number")
    with patient():
        return list(found.values_list("id", flat=True)[:limit])
