"""Answers in JSON, and why something is refused."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from django.http import HttpResponse, JsonResponse


class Refused(Exception):
    """A request that is answered with an error. `code` is for programs, `message` for people; `field`: where in the
    request it stands."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        field: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field, self.headers = status, code, message, field, headers


def wrong(field: str, message: str, code: str = "invalid") -> Refused:
    """Something in the request that cannot be read."""
    return Refused(HTTPStatus.BAD_REQUEST, code, message, field=field)


def answer(content: Mapping[str, Any]) -> HttpResponse:
    """What was asked for."""
    return _json(content, HTTPStatus.OK)


def refusal(refused: Refused) -> HttpResponse:
    """The answer that says why not."""
    told = {"error": refused.code, "message": refused.message}
    response = _json({**told, "field": refused.field} if refused.field else told, refused.status)
    for name, value in refused.headers.items():
        response.headers[name] = value
    return response


def failed(*, away: bool) -> HttpResponse:
    """The answer where something failed. `away`: the database does not answer; else it is an error of the program."""
    if away:
        message = "The database does not answer. Nothing is half done: ask again in a moment."
        return refusal(Refused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", message))
    message = "Something failed here, and nothing is half done. The log of the installation says why."
    return refusal(Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", message))


def _json(content: Mapping[str, Any], status: HTTPStatus) -> HttpResponse:
    """It belongs to the holder of one key: nobody keeps it."""
    return JsonResponse(
        content, status=status, json_dumps_params={"ensure_ascii": False}, headers={"Cache-Control": "no-store"}
    )
