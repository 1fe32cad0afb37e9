"""The script for the shop's pages, in a real browser: a shop at `localhost` and a tracker at `127.0.0.1`, which are two
sites to the browser, so that no cookie of the tracker's gets through."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accredit.tracker.receiving import PIXEL, TAG, TAG_HEADERS
from tests.browser.windows import ARGUMENTS, chromium

MAX_BYTES = 3_000
WAIT_SECONDS = 20
PAGE = """<!doctype html><title>Shop</title>
<script>window.accredit = {{q: [], conversion: function () {{ this.q.push(arguments) }}}}</script>
<script>{early}</script>
<script async src="{tracker}/accredit.js" data-program="anvils & co" data-event-type="sale"></script>"""


@dataclass
class Sites:
    """The shop's pages and a tracker that remembers what it was sent. `status`: how it answers; `is_there`: whether
    orders by POST get an answer at all."""

    status: int = 201
    is_there: bool = True
    early: str = ""
    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    modes: list[str | None] = field(default_factory=list)
    """How the browser says that each was sent: `no-cors` by sendBeacon, `cors` by fetch."""
    port: int = 0

    def orders(self, count: int) -> list[tuple[str, str, dict[str, Any]]]:
        """Method, path and content of what was sent, once it is so many."""
        deadline = monotonic() + WAIT_SECONDS
        while len(self.sent) < count and monotonic() < deadline:
            sleep(0.01)
        assert len(self.sent) == count, self.sent
        return self.sent

    @property
    def shop(self) -> str:
        return f"http://localhost:{self.port}/"


@pytest.fixture
def sites() -> Iterator[Sites]:
    sites = Sites()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/accredit.js":
                self.reply(200, TAG, dict(TAG_HEADERS))
            elif address.path.startswith("/t/"):
                sites.sent.append(("GET", address.path, dict(parse_qsl(address.query))))
                self.reply(200, PIXEL, {"content-type": "image/gif"})
            else:
                tracker = f"http://127.0.0.1:{sites.port}"
                page = PAGE.format(tracker=tracker, early=sites.early).encode()
                csp = f"script-src {tracker} 'unsafe-inline'; connect-src {tracker}; img-src {tracker}"
                self.reply(200, page, {"content-type": "text/html", "content-security-policy": csp})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if not sites.is_there:
                self.close_connection = True
                return
            assert self.headers["content-type"].startswith("text/plain")
            sites.modes.append(self.headers["sec-fetch-mode"])
            sites.sent.append(("POST", self.path, json.loads(body)))
            allowed = {
                "access-control-allow-origin": self.headers["origin"],
                "access-control-allow-credentials": "true",
            }
            self.reply(sites.status, b"{}", allowed)

        def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sites.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield sites
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = chromium()
    if executable is None:
        pytest.skip("no chromium on the PATH: install it, or name one in ACCREDIT_CHROMIUM")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        context.set_default_timeout(WAIT_SECONDS * 1000)
        yield context


def visit(window: BrowserContext, address: str) -> Page:
    page = window.new_page()
    page.goto(address)  # until the script has run
    return page


def until_nothing_waits(page: Page) -> None:
    deadline = monotonic() + WAIT_SECONDS
    while (waiting := page.evaluate("localStorage.accredit_waiting")) != "[]":
        assert monotonic() < deadline, waiting
        sleep(0.01)


def buy(page: Page, token: str = "A-1") -> None:
    page.evaluate(f"accredit.conversion({{order_token: '{token}', turnover: '12.50'}})")


def test_the_script_is_small() -> None:
    assert len(TAG) < MAX_BYTES
    assert dict(TAG_HEADERS)["x-content-type-options"] == "nosniff"


def test_the_click_is_kept_until_the_order(sites: Sites, window: BrowserContext) -> None:
    visit(window, sites.shop + "?click_id=ck_1").close()
    buy(visit(window, sites.shop + "thank-you"))
    ((method, path, order),) = sites.orders(1)
    assert (method, path) == ("POST", "/t/anvils%20%26%20co/sale")
    assert order.pop("visitor_id").startswith("tag_")
    assert order == {"order_token": "A-1", "turnover": "12.50", "click_id": "ck_1"}


def test_the_click_is_kept_by_either_store(sites: Sites, window: BrowserContext) -> None:
    page = visit(window, sites.shop + "?click_id=ck_1")
    page.evaluate("localStorage.clear()")
    buy(visit(window, sites.shop))
    visit(window, sites.shop + "?click_id=ck_2")
    sites.orders(2)
    until_nothing_waits(page)
    window.clear_cookies()
    buy(visit(window, sites.shop), "A-2")
    assert [order["click_id"] for _, _, order in sites.orders(3)] == ["ck_1", "ck_1", "ck_2"]


@pytest.mark.parametrize("junk", [600 * "a", "%C3%A9"])
def test_a_click_that_is_no_id_loses_neither_the_order_nor_the_click_before(
    sites: Sites, window: BrowserContext, junk: str
) -> None:
    visit(window, sites.shop + "?click_id=ck_1")
    buy(visit(window, sites.shop + f"?click_id={junk}"))
    assert sites.orders(1)[0][2]["click_id"] == "ck_1"


@pytest.mark.parametrize(
    "damage",
    [
        "localStorage.accredit_waiting = '{}'",
        "localStorage.accredit_waiting = '[null, 7]'",
        "localStorage.accredit_click = 'x'",
        "document.cookie = 'accredit_click=%E0%A4%A'",
        f"document.cookie = 'accredit_click={600 * 'a'}'",
    ],
)
def test_damaged_storage_loses_neither_the_order_nor_the_click(
    sites: Sites, window: BrowserContext, damage: str
) -> None:
    page = visit(window, sites.shop + "?click_id=ck_1")
    page.evaluate(damage)
    page = visit(window, sites.shop)
    buy(page)
    assert sites.orders(1)[0][2]["click_id"] == "ck_1"


def test_calls_before_the_script_is_there_are_kept(sites: Sites, window: BrowserContext) -> None:
    sites.early = "accredit.conversion({order_token: 'L-1', turnover: 0}, 'lead')"
    page = visit(window, sites.shop)
    ((_, path, order),) = sites.orders(1)
    assert path.endswith("/lead")
    assert order["order_token"] == "L-1"
    assert sites.modes == ["no-cors"]
    page.evaluate("navigator.sendBeacon = () => false")  # its queue is full
    buy(page, "A-2")
    sites.orders(2)
    assert sites.modes == ["no-cors", "cors"]


def test_what_was_not_answered_is_sent_again_on_the_next_page(sites: Sites, window: BrowserContext) -> None:
    sites.status = 503
    page = visit(window, sites.shop)
    buy(page)
    sites.orders(1)
    sites.status = 200
    visit(window, sites.shop)
    first, again = sites.orders(2)
    assert again == first
    until_nothing_waits(page)
    visit(window, sites.shop)
    buy(page, "A-2")
    assert sites.orders(3)[2][2]["order_token"] == "A-2"


def test_an_image_carries_what_nothing_else_gets_through(sites: Sites, window: BrowserContext) -> None:
    sites.is_there = False
    page = visit(window, sites.shop + "?click_id=ck_1")
    page.evaluate("navigator.sendBeacon = undefined")
    page.evaluate("accredit.conversion({order_token: 'A-1', turnover: 5, city: null, items: [{item_id: '1'}]})")
    ((method, _, order),) = sites.orders(1)
    assert method == "GET"
    assert order.pop("visitor_id").startswith("tag_")
    assert order == {"order_token": "A-1", "turnover": "5", "click_id": "ck_1"}
    until_nothing_waits(page)


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ("Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})", ""),
        ("Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})", ""),
        ("document.cookie = 'accredit_optout=1'", "accredit_optout=1"),
    ],
)
def test_who_does_not_want_to_be_tracked_is_not(sites: Sites, window: BrowserContext, wish: str, left: str) -> None:
    visit(window, sites.shop + "?click_id=ck_1").close()
    window.add_init_script(wish)
    page = visit(window, sites.shop + "?click_id=ck_2")
    buy(page)
    assert sites.orders(1)[0][2] == {"order_token": "A-1", "turnover": "12.50"}
    assert page.evaluate("document.cookie") == left


def test_the_shop_goes_on_without_any_storage(sites: Sites, window: BrowserContext) -> None:
    window.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get: () => { throw new Error('closed') }});"
        "Object.defineProperty(document, 'cookie', {get: () => '', set: () => undefined})"
    )
    buy(visit(window, sites.shop + "?click_id=ck_1"))
    assert sites.orders(1)[0][2] == {"order_token": "A-1", "turnover": "12.50"}
