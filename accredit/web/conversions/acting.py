"""What the pages that change conversions share: who acts, which conversion, and what was typed."""

from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accredit.access.models import User
from accredit.conversions.columns import PREFIX
from accredit.conversions.history import COMMENT_CHARACTERS, Actor
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Conversion, Way
from accredit.database.keys import KeyTextError, key_from_text
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.conversions.history import who_did


def actor_of(request: HttpRequest) -> Actor:
    """Who sent a form of a page."""
    return Actor(Way.PAGE, cast(User, request.user).id)


def conversion_at(view: Viewpoint, text: str) -> Conversion:
    """The conversion of a part of an address; what the viewer may not see does not exist."""
    try:
        return CONVERSIONS.one(view, key_from_text(PREFIX, text))
    except (KeyTextError, Conversion.DoesNotExist):
        raise Http404(f"no conversion {text!r} in {view.program.code!r} for this user") from None


def typed(request: HttpRequest, name: str) -> str:
    """What stands in a field, without blanks around it and without what no text can hold."""
    return (request.POST.get(name) or "").replace("\0", "").strip()


def too_long(comment: str) -> str:
    """Why a comment is refused; empty where it is not."""
    if len(comment) <= COMMENT_CHARACTERS:
        return ""
    facts = {"n": formats.number(len(comment)), "most": formats.number(COMMENT_CHARACTERS)}
    return _("A comment has at most %(most)s characters; this one has %(n)s.") % facts


def by_whom(way: str | None, user: str | None, at: datetime | None, view: Viewpoint) -> str:
    """Who was first, through what and when: `Ann, in the browser, 3 Jul 2011, 15:03:12`."""
    when = formats.instant(at, ZoneInfo(view.program.timezone), seconds=True) if at else ""
    return ", ".join(part for part in (who_did(way, user, None, view) if way else "", when) if part)
