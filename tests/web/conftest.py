from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.utils import translation

from tests.factories.people import Shop, open_shop


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """A request leaves the language of its user active in the thread; the next test begins without."""
    yield
    translation.deactivate()


@pytest.fixture
def shop(db: None) -> Shop:
    """The shop with conversions of every kind, and people of every kind."""
    return open_shop()


@pytest.fixture
def as_(shop: Shop) -> Callable[[str | None], Client]:
    """A browser in which the person of a role is signed in; None: nobody."""

    def client(role: str | None) -> Client:
        browser = Client()
        if role:
            browser.force_login(shop.users[role])
        return browser

    return client
