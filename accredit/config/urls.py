"""Every address of the installation."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answers 200 `ok` when pages and database work; the supervisor and load balancers ask."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("api/v1/", include("accredit.api.urls")),
    path("", include("accredit.web.urls")),
    path("", include("accredit.web.people.allauth_urls")),
]
handler404 = "accredit.web.pages.not_found"
handler403 = "accredit.web.pages.not_permitted"
handler429 = "accredit.web.people.signing_in.too_many"
