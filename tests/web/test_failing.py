"""What is answered where the program fails or the database is away: to people as a page, to programs as JSON."""

from collections.abc import Callable

import pytest
from django.db import OperationalError
from django.test import Client

from accredit.web import pages
from tests.factories.people import Shop

As = Callable[[str | None], Client]
pytestmark = pytest.mark.django_db
ADDRESS = "/programs/anvils/conversions"


@pytest.mark.parametrize(
    ("error", "status", "language", "said"),
    [
        (ValueError("secret"), 500, "en", "Something went wrong here"),
        (ValueError("secret"), 500, "de", "Hier ist etwas schiefgegangen"),
        (OperationalError("secret"), 503, "en", "The database does not answer"),
        (OperationalError("secret"), 503, "de", "Die Datenbank antwortet nicht"),
    ],
)
def test_a_page_says_that_it_failed(
    error: Exception, status: int, language: str, said: str, shop: Shop, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    client = as_("partner")
    client.raise_request_exception = False
    user = shop.users["partner"]
    user.language = language
    user.save()
    monkeypatch.setattr(pages, "viewpoint", fail)
    answered = client.get(ADDRESS)
    assert answered.status_code == status
    assert answered.get("Retry-After") == ("5" if status == 503 else None)
    assert said in answered.text
    assert "secret" not in answered.text
    assert "default-src" in answered["Content-Security-Policy"]
