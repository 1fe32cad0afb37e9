"""What every address shares: whose key it is, how often it asks, which program it sees, and errors as JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accredit.access.api_keys import key_of
from accredit.access.models import ApiKey
from accredit.access.permissions import Permission
from accredit.api.answers import Refused, refusal
from accredit.api.limits import wait
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint, viewpoint_of_key

P = ParamSpec("P")
READ = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: by which key, how that sees the program, and when."""

    http: HttpRequest
    key: ApiKey
    view: Viewpoint
    now: datetime

    @property
    def actor(self) -> Actor:
        """Who changes something: the key's maker, through the key; the history says its name as the source."""
        return Actor(Way.API_KEY, self.key.user_id)


def reading(view: Callable[Concatenate[Asked, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """An address that is read."""
    return _address(view, READ, None)


def changing(view: Callable[Concatenate[Asked, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """An address to which validations and the like are posted, by advertiser or agency."""
    return _address(view, ("POST",), Permission.VALIDATE)


def _address(
    view: Callable[Concatenate[Asked, P], HttpResponse], methods: tuple[str, ...], permission: Permission | None
) -> Callable[..., HttpResponse]:
    @wraps(view)
    def asked(request: HttpRequest, /, code: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        now = datetime.now(UTC)
        try:
            key = _key(request, now)
            _check_method(request, methods)
            seen = _program(key, code)
            if permission is not None:
                _check(key, seen, permission)
            return view(Asked(request, key, seen, now), *args, **kwargs)
        except Refused as refused:
            return refusal(refused)

    return csrf_exempt(asked)


def without_program(view: Callable[[ApiKey], HttpResponse]) -> Callable[..., HttpResponse]:
    """An address that is read and belongs to no program."""

    @wraps(view)
    def asked(request: HttpRequest) -> HttpResponse:
        try:
            key = _key(request, datetime.now(UTC))
            _check_method(request, READ)
            return view(key)
        except Refused as refused:
            return refusal(refused)

    return csrf_exempt(asked)


@csrf_exempt
def nothing(request: HttpRequest, path: str) -> HttpResponse:
    """Every other address."""
    try:
        _key(request, datetime.now(UTC))
    except Refused as refused:
        return refusal(refused)
    return refusal(Refused(HTTPStatus.NOT_FOUND, "not_found", f"There is no address {path[:80]!r}: see docs/api.md."))


def _key(request: HttpRequest, now: datetime) -> ApiKey:
    """The key of the request, which may ask once more."""
    scheme, _blank, text = request.headers.get("Authorization", "").partition(" ")
    key = key_of(text.strip(), now) if scheme.lower() == "bearer" else None
    if key is None:
        message = "Send a key that has not ended or expired: `Authorization: Bearer ak_…`."
        raise Refused(HTTPStatus.UNAUTHORIZED, "key", message, headers={"WWW-Authenticate": "Bearer"})
    if seconds := wait(key.id, now):
        message = f"This key asks too often: wait {seconds} s."
        raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too_often", message, headers={"Retry-After": str(seconds)})
    return key


def _check_method(request: HttpRequest, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        message = f"This address answers {' and '.join(methods)}."
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "method", message, headers={"Allow": ", ".join(methods)})


def _program(key: ApiKey, code: str) -> Viewpoint:
    try:
        return viewpoint_of_key(key, code)
    except Program.DoesNotExist:
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", "This key sees no such program.") from None


def _check(key: ApiKey, seen: Viewpoint, permission: Permission) -> None:
    if not seen.sees_everything:
        message = "Partners read their conversions and change none."
    elif permission not in seen.permissions:
        message = f"This key's scope is {key.scope!r}, and its maker's role bounds it: it may not {permission.value}."
    else:
        return
    raise Refused(HTTPStatus.FORBIDDEN, "not_permitted", message)
