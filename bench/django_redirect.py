"""A tracker as one would write it in a web framework first: a view that inserts a row and redirects."""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path

from accredit.config import environment
from accredit.database.keys import key_to_text, uuid7

settings.configure(
    DATABASES={"default": {**environment.database(os.environ["ACCREDIT_DATABASE_URL"]), "CONN_MAX_AGE": None}},
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="not secret",
    USE_TZ=True,
)
django.setup()


def click(_request: HttpRequest, partner: str, ad: str) -> HttpResponse:
    """Insert the click, then redirect."""
    key, visitor = uuid7(), key_to_text("vi", uuid7())
    click_id = key_to_text("ck", key)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into tracking_click (program_id, visitor_id, clicked_at, id, click_id, partner, ad)"
            " select id, %s, now(), %s, %s, %s, %s from programs_program",
            [visitor, key, click_id, partner, ad],
        )
    return HttpResponseRedirect(f"https://anvils.example/sale?ref={click_id}")


def ready(_request: HttpRequest) -> HttpResponse:
    """That it answers."""
    return HttpResponse("ready")


urlpatterns = [path("c/anvils:<str:partner>/<str:ad>", click), path("readyz", ready)]
application = get_wsgi_application()
