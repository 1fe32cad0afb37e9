"""The content security policy of every answer: nothing but the installation's own files."""

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def policy(nonce: str | None = None) -> str:
    """The header's text. `nonce` admits the scripts that carry it: an import map cannot be a file."""
    sources = {**POLICY, "script-src": f"'self' 'nonce-{nonce}'"} if nonce else POLICY
    return "; ".join(f"{directive} {value}" for directive, value in sources.items())


class ContentSecurityPolicy:
    """Sets the header; a nonce is in it where the page asked for one (`{{ csp_nonce }}`). What a view set stays: it may
    forbid more."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        used: list[str] = []

        def nonce() -> str:
            used.append(secrets.token_urlsafe(16))
            return used[0]

        request.csp_nonce = SimpleLazyObject(nonce)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy(used[0] if used else None))
        return response


def csp_nonce(request: HttpRequest) -> dict[str, object]:
    """Context processor: the nonce of this answer, made when a template first prints it."""
    return {"csp_nonce": request.csp_nonce}  # type: ignore[attr-defined]
