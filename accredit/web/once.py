"""What a page shows once, after the address to which it was posted: reloading that page does nothing again."""

import json
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest

from accredit.sealing import seal, unseal

_NAME = "shown_once"


def keep_once(request: HttpRequest, where: str, told: Mapping[str, str]) -> None:
    """Keep what the next look at the page `where` shows, sealed, in the session."""
    request.session[_NAME] = seal(json.dumps([where, told]), settings.SECRET_KEY)


def take_once(request: HttpRequest, where: str) -> Mapping[str, str] | None:
    """What was kept for the page `where`; from then on it is gone."""
    if request.method != "GET" or _NAME not in request.session:
        return None
    kept_for, told = json.loads(unseal(request.session.pop(_NAME), settings.SECRET_KEY))
    return told if kept_for == where else None
