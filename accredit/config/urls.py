"""Every address of the installation."""

import sys

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from accredit.api import answers
from accredit.web import failing

API = "api/v1/"
RETRY_SECONDS = 5


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answers 200 `ok` when pages and database work; the supervisor and load balancers ask."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return HttpResponse("ok\n", content_type="text/plain")


def failed(request: HttpRequest) -> HttpResponse:
    """Answers 500 where the program failed, and 503 where the database is away, as who asked reads it."""
    away = isinstance(sys.exc_info()[1], (InterfaceError, OperationalError))
    response = (answers.failed if request.path.startswith(f"/{API}") else failing.failed)(away=away)
    if away:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path(API, include("accredit.api.urls")),
    path("", include("accredit.web.urls")),
    path("", include("accredit.web.people.allauth_urls")),
]
handler404 = "accredit.web.pages.not_found"
handler403 = "accredit.web.pages.not_permitted"
handler500 = failed
handler429 = "accredit.web.people.signing_in.too_many"
