"""What the pages of requests share: which request, who did something to it, and what was typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _

from accredit.access.models import Membership
from accredit.conversion_requests.listing import seen_from
from accredit.conversion_requests.models import PREFIX, Request
from accredit.database.keys import KeyTextError, key_from_text, key_to_text
from accredit.programs.models import Partner
from accredit.programs.visibility import Viewpoint
from accredit.web import words


def request_at(view: Viewpoint, text: str) -> Request:
    """The request of a part of an address; what the viewer may not see does not exist."""
    try:
        return seen_from(view).select_related("raised_by").get(id=key_from_text(PREFIX, text))
    except (KeyTextError, Request.DoesNotExist):
        raise Http404(f"no request {text!r} in {view.program.code!r} for this user") from None


def key_of(request: Request) -> str:
    """As addresses have it."""
    return key_to_text(PREFIX, request.id)


@dataclass(frozen=True)
class People:
    """Who did something to requests, as far as the viewer may read it: a partner reads the names of its own people;
    whoever else it was, it was the advertiser."""

    view: Viewpoint

    @cached_property
    def _own(self) -> frozenset[UUID]:
        partners = Partner.objects.filter(program=self.view.program, code__in=self.view.partners or ())
        members = Membership.objects.filter(organization__partnerships__in=partners)
        return frozenset(members.values_list("user_id", flat=True))

    def shows(self, user_id: UUID | None) -> bool:
        return self.view.sees_everything or user_id in self._own

    def name(self, user_id: UUID | None, name: str) -> str:
        """Of a person."""
        return name if self.shows(user_id) else _("the advertiser")

    def did(self, way: str, user_id: UUID | None, name: str) -> str:
        """Who did something, and through what: `Ann, in the browser`."""
        if user_id is None:
            return words.word(words.CHANGE_WAYS, way)
        if not self.shows(user_id):
            return _("by the advertiser")
        return f"{name}, {words.word(words.CHANGE_WAYS, way)}"


def joined(parts: Iterable[str], between: str = " · ") -> str:
    """Those that are not empty."""
    return between.join(part for part in parts if part)


def titled(titles: Mapping[str, str], code: str | None) -> str:
    """The title of a code; one that is no longer set up goes by itself."""
    return titles.get(code, code) if code else ""
