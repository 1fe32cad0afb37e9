"""One browser for all tests; every test has a window of its own, and fails when the page complains."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accredit.access.models import User
from tests.factories.people import Shop, open_shop

ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
Visit = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = os.environ.get("ACCREDIT_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.skip("no chromium on the PATH: install it, or name one in ACCREDIT_CHROMIUM")
    # Playwright runs its own event loop in this thread; Django would take the tests for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    return open_shop()


@pytest.fixture
def visit(shop: Shop, browser: Browser, live_server: LiveServer) -> Iterator[Visit]:
    """`visit(role, address)`: a window in which that person is signed in (None: nobody), at that address. Whatever the
    page writes to its console as an error fails the test, unless the test takes it from `page.complaints`."""
    pages: list[Page] = []

    def open_window(role: str | None, address: str = "/", **options: Any) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            **{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce", **options},
        )
        context.set_default_timeout(10_000)
        if role:
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_of(shop.users[role])}
            context.add_cookies([{**cookie, "url": live_server.url}])  # type: ignore[list-item]
        page = context.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        pages.append(page)
        page.goto(address)
        return page

    yield open_window
    complaints = [complaint for page in pages for complaint in page.complaints]  # type: ignore[attr-defined]
    for page in pages:
        page.context.close()
    assert complaints == []


def session_of(user: User) -> str:
    """The key of a new session of this user."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    assert session.session_key
    return session.session_key
