"""The demo as people meet it: follow a partner's link, buy in the shop, and find the conversion, explained."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import DjangoDbBlocker

from accredit.config.environment import CHECKOUT
from tests.browser.test_accessibility import serious

pytestmark = pytest.mark.xdist_group("browser")
INVOICES = CHECKOUT / "tests" / "demo" / "invoices.csv"
START_SECONDS = 300
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
"""Without a browser's head it says what it is, and the tracker counts no machines."""
VISIBLE_SECONDS = 2
"""Spec 70: from the order to the list."""


@dataclass(frozen=True, slots=True)
class Demo:
    """`accredit demo run` and what it said."""

    pages: str
    shop: str
    email: str
    password: str


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def demo(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    as_owner: Callable[[], AbstractContextManager[None]],
    open_folder: Path,
) -> Iterator[Demo]:
    """The demo with a few orders, on ports of its own and in the database of the tests, which it leaves empty."""
    pages, tracker, shop = free_ports(3)
    variables = {"ACCREDIT_STATE_DIR": str(open_folder), "ACCREDIT_DEMO_ORDERS": str(INVOICES)}
    said = open_folder / "said"
    ports = [f"--port={pages}", f"--tracker-port={tracker}", f"--shop-port={shop}", "--workers=1"]
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "accredit", "demo", "run", *ports],
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Accredit answers at" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        signs_in = re.search(r"Sign in as (\S+) +with (\S+)", said.read_text())
        assert signs_in
        yield Demo(f"http://127.0.0.1:{pages}", f"http://localhost:{shop}", signs_in[1], signs_in[2])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        with django_db_blocker.unblock(), as_owner(), connection.cursor() as cursor:
            cursor.execute(
                "select string_agg(quote_ident(tablename), ', ') from pg_tables where schemaname = 'public'"
                " and tablename not in ('django_migrations', 'django_content_type', 'auth_permission')"
            )
            [tables] = cursor.fetchone()
            cursor.execute(f"truncate {tables} cascade")


@pytest.fixture
def window(chromium_of_tests: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A visitor's own browser, with nobody's cookies; pages must not complain."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_window(**options: Any) -> BrowserContext:
        context = chromium_of_tests.new_context(user_agent=CHROME, **{"locale": "en-GB", **options})
        context.set_default_timeout(60_000)
        context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        contexts.append(context)
        return context

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def ledger(demo: Demo, window: Callable[..., BrowserContext]) -> Page:
    """The list of conversions, opened by the agency."""
    page = window(bypass_csp=True).new_page()  # which axe needs
    page.goto(f"{demo.pages}/sign-in")
    page.get_by_label("E-mail").fill(demo.email)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".tabulator-row").first).to_be_visible()
    return page


def buy(page: Page, product: str, **choices: str) -> str:
    """From the shop's page to the thank-you page; the order's number."""
    page.get_by_role("button", name=f"Put into the basket: {product}").click()
    page.get_by_label("Promo code").fill(choices.get("promo_code", ""))
    page.get_by_label(choices.get("customer", "a new customer")).check()
    page.get_by_label(choices.get("way", "by the tag")).check()
    page.get_by_role("button", name="Buy", exact=True).click()
    return page.locator("#order-token").inner_text()


def find(ledger: Page, demo: Demo, token: str, *, since: float) -> float:
    """Ask for the order until its row is there; how long that took, but for the time of the last look itself."""
    while True:
        asked_at = time.monotonic()
        ledger.goto(f"{demo.pages}/programs/hearth/conversions?q={token}")
        if ledger.locator("[data-grid]").count():
            return asked_at - since
        assert asked_at < since + START_SECONDS, f"{token} does not come"
        time.sleep(0.05)


def visible_seconds(ledger: Page, demo: Demo) -> float:
    """VISIBLE_SECONDS; more on a machine so slow, or so busy, that a page by itself needs more than its 200 ms."""
    taken = []
    for _ in range(3):
        asked_at = time.monotonic()
        assert ledger.request.get(f"{demo.pages}/programs/hearth/conversions?q=nothing").ok
        taken.append(time.monotonic() - asked_at)
    return VISIBLE_SECONDS * max(1, sorted(taken)[1] / 0.2)


def test_a_partner_s_link_a_purchase_and_the_tag(
    demo: Demo, ledger: Page, window: Callable[..., BrowserContext]
) -> None:
    page = window().new_page()
    page.goto(f"{demo.shop}/")
    page.get_by_role("link", name="Tea & Twine").click()
    expect(page).to_have_url(re.compile(r"/shop\?hlclick=ck_[0-9a-z]{26}$"))
    with page.expect_response(lambda response: "/t/hearth/sale" in response.url) as reported:
        token = buy(page, "Hearth lantern")
    ordered_at = time.monotonic()
    assert reported.value.status == 201
    took = find(ledger, demo, token, since=ordered_at)

    ledger.locator(".tabulator-row").click()
    panel = ledger.get_by_role("complementary", name="Explanation")
    expect(panel).to_contain_text("Tea & Twine gets the credit: the last click in the highest credit group")
    expect(panel.locator(".journey li.won")).to_contain_text("Tea & Twine")
    expect(panel.locator(".sum tr").last).to_contain_text("£5.10")  # 15 % for new customers
    expect(panel).to_contain_text("by the tag on the shop’s page, not signed")
    expect(panel).not_to_contain_text("Synthetic")
    assert took < visible_seconds(ledger, demo)


def test_from_server_to_server_with_a_promo_code(
    demo: Demo, ledger: Page, window: Callable[..., BrowserContext]
) -> None:
    ledger.goto(f"{demo.pages}/programs/hearth/conversions")
    page = window(locale="de-DE").new_page()
    page.goto(f"{demo.shop}/")
    page.get_by_role("link", name="Price Parrot").click()
    page.get_by_role("button", name="In den Korb: Teekanne aus Emaille").click()
    page.get_by_label("Promo-Code").fill("ivy10")
    page.get_by_label("schon Kundin oder Kunde").check()
    page.get_by_label("von Server zu Server").check()
    page.get_by_role("button", name="Kaufen", exact=True).click()
    expect(page.locator("#answer")).to_contain_text('"outcome":"recorded"')
    ordered_at = time.monotonic()
    took = find(ledger, demo, page.locator("#order-token").inner_text(), since=ordered_at)

    ledger.locator(".tabulator-row").click()
    panel = ledger.get_by_role("complementary", name="Explanation")
    expect(panel).to_contain_text("Ivy's Parlour gets the credit: its promo code IVY10")
    expect(panel.locator(".journey:not(.history)")).to_contain_text("Price Parrot")
    expect(panel).to_contain_text("by a call of the shop’s server, signed")
    assert took < visible_seconds(ledger, demo)


def test_the_newest_page_says_that_there_is_news_and_the_checks_know_the_words(
    demo: Demo, ledger: Page, window: Callable[..., BrowserContext]
) -> None:
    page = window().new_page()
    page.goto(f"{demo.shop}/shop")
    token = buy(page, "Hearth lantern", customer="a new customer")
    page.goto(f"{demo.shop}/shop")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
    news = ledger.get_by_role("link", name=re.compile("new conversion"))
    expect(news).to_be_visible()
    news.click()
    expect(ledger.locator(".tabulator-row").first).to_contain_text("newsletter")

    ledger.get_by_role("link", name="Customer status check").click()
    row = ledger.get_by_role("row", name=re.compile("first order"))
    expect(row).to_contain_text("New")
    expect(row.get_by_role("link", name=token)).to_be_visible()  # the word came in with this order
    assert serious(ledger) == []
    ledger.get_by_role("link", name="Intake").click()
    expect(ledger.get_by_role("heading", name="The last 14 days")).to_be_visible()
    assert serious(ledger) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_shop(demo: Demo, window: Callable[..., BrowserContext], scheme: str) -> None:
    page = window(bypass_csp=True, color_scheme=scheme).new_page()
    for path in ("/", "/shop/new"):
        page.goto(demo.shop + path)
        assert serious(page) == []
    page.get_by_role("button", name="Put into the basket: Gift card").click()
    assert serious(page) == []
