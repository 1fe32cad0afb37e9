"""One browser for all tests; every test has a window of its own, and fails when the page complains."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accredit.access.models import User
from tests.browser.windows import ARGUMENTS, chromium
from tests.factories.people import Shop, open_shop

Visit = Callable[..., Page]
expect.set_options(timeout=60_000)  # of what fails; machines differ by an order of magnitude


@pytest.fixture(scope="session")
def live_server(django_db_setup: None, live_server: LiveServer) -> LiveServer:
    """pytest-django's, started after the database and so stopped before it is dropped."""
    return live_server


@pytest.fixture(scope="package")
def chromium_of_tests() -> Iterator[Browser]:
    """Closed before the server of a session stops: while it is open, it holds connections to it."""
    executable = chromium()
    if executable is None:
        pytest.skip("no chromium on the PATH: install it, or name one in ACCREDIT_CHROMIUM")
    # Playwright runs its own event loop in this thread; Django would take the tests for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield started
        started.close()
        connections.close_all()  # of that loop: outside it Django keeps others
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def browser(live_server: LiveServer, chromium_of_tests: Browser) -> Browser:
    """For tests of pages that are served from the test's own process: the database is emptied after each."""
    return chromium_of_tests


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    """The shop, for the server's own connection to see."""
    return open_shop()


@pytest.fixture
def complaints() -> list[str]:
    """Errors that pages wrote to their consoles. A test that provokes one takes it out."""
    return []


@pytest.fixture
def visit(shop: Shop, browser: Browser, live_server: LiveServer, complaints: list[str]) -> Iterator[Visit]:
    """`visit(role, address)`: a window in which that person is signed in (None: nobody), at that address. A complaint
    that is left at the end fails the test."""
    contexts: list[BrowserContext] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def open_window(role: str | None, address: str = "/", **options: Any) -> Page:
        window = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce", **options}
        context = browser.new_context(base_url=live_server.url, **window)
        context.set_default_timeout(60_000)
        if role:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session_of(shop.users[role]), "url": live_server.url}]
            )
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_window
    for context in contexts:
        context.close()
    _wait_for_the_server()
    assert complaints == []


def _wait_for_the_server(*, seconds: int = 30) -> None:
    """What a window asked for last may still be under way: emptying the tables would wait for it, and it for them."""
    others = (
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"
    )
    quiet, until = 0, time.monotonic() + seconds
    with connection.cursor() as cursor:
        while quiet < 3 and time.monotonic() < until:
            cursor.execute(others)
            quiet = 0 if cursor.fetchone()[0] else quiet + 1
            time.sleep(0.02)


def session_of(user: User) -> str:
    """The key of a new session of this user."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    assert session.session_key
    return session.session_key
