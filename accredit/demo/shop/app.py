"""The shop as a WSGI application: a basket in a cookie, orders in memory."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from accredit.demo.shop import pages
from accredit.demo.shop.connection import Connection
from accredit.demo.shop.goods import FIRST_ORDER, MOST, NEWSLETTER, PRODUCTS, RETURNING, SALE, Order

STATIC = {"shop.css": "text/css", "shop.js": "text/javascript", "icon.svg": "image/svg+xml"}
MAX_BODY_BYTES = 8_000
MAX_ORDERS = 1_000
"""In memory; the eldest are forgotten."""
CLICK_DAYS = 30
CLICK_ID = re.compile(r"[\w.-]{1,200}", re.ASCII)
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Environ = Mapping[str, Any]
Start = Callable[[str, list[tuple[str, str]]], object]


@dataclass(slots=True)
class Answer:
    body: str = ""
    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=list)
    type: str = "text/html"


def see_other(path: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status="303 See Other", headers=[("Location", path), *headers])


def cookie(name: str, value: str, days: int) -> tuple[str, str]:
    return "Set-Cookie", f"{name}={value}; Path=/; Max-Age={days * 86_400}; HttpOnly; SameSite=Lax"


class Request:
    """What of a request the shop looks at."""

    def __init__(self, environ: Environ) -> None:
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        self.query = parse_qs(environ.get("QUERY_STRING", ""))
        self.german = (environ.get("HTTP_ACCEPT_LANGUAGE") or "").lower().startswith("de")
        self._environ = environ
        try:
            cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
        except CookieError:
            cookies = SimpleCookie()
        self.cookies = {name: morsel.value for name, morsel in cookies.items()}

    @property
    def is_own(self) -> bool:
        """Whether a form of this shop sent it, and not one of another site."""
        origin = self._environ.get("HTTP_ORIGIN")
        return not origin or urlsplit(origin).netloc == self._environ.get("HTTP_HOST")

    def form(self) -> Mapping[str, str]:
        size = min(int(self._environ.get("CONTENT_LENGTH") or 0), MAX_BODY_BYTES)
        text = self._environ["wsgi.input"].read(size).decode("utf-8", "replace")
        return {name: values[0].strip() for name, values in parse_qs(text).items()}

    def basket(self) -> dict[str, int]:
        """Sku → count: `HL-101.2_HL-105.1` in the cookie."""
        found = {}
        for part in self.cookies.get("basket", "").split("_"):
            sku, _dot, count = part.partition(".")
            if sku in PRODUCTS and count.isdecimal() and count.isascii():
                found[sku] = min(int(count[:4]), MOST)
        return {sku: count for sku, count in found.items() if count}


class Shop:
    """Its orders, and how it is connected with Accredit."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.orders: dict[str, Order] = {}

    def answer(self, request: Request) -> Answer:
        page = pages.Page(self.connection, german=request.german, pieces=sum(request.basket().values()))
        if request.method == "POST":
            return self._act(request, page)
        match request.path.strip("/").split("/"):
            case [""]:
                return Answer(page.start())
            case ["shop", *rest]:
                return Answer(page.goods(rest[0] if rest else ""), headers=self._remembered(request))
            case ["basket"]:
                return Answer(page.basket(request.basket()))
            case ["thanks", token] if token in self.orders:
                return Answer(page.thanks(self.orders[token]))
            case ["static", name] if name in STATIC:
                text = (Path(__file__).parent / "static" / name).read_text()
                return Answer(text, headers=[("Cache-Control", "no-cache")], type=STATIC[name])
            case ["healthz"]:
                return Answer("ok\n", type="text/plain")
        return Answer(page.nothing(), status="404 Not Found")

    def _remembered(self, request: Request) -> list[tuple[str, str]]:
        """The id of the click that led here, for the orders that the shop's server reports itself."""
        click_id = request.query.get(self.connection.click_parameter, [""])[0]
        return [cookie("click", click_id, CLICK_DAYS)] if CLICK_ID.fullmatch(click_id) else []

    def _act(self, request: Request, page: pages.Page) -> Answer:
        if not request.is_own:
            return Answer(page.nothing(), status="403 Forbidden")
        form, basket = request.form(), request.basket()
        match request.path:
            case "/basket" if form.get("sku") in PRODUCTS:
                basket[form["sku"]] = min(basket.get(form["sku"], 0) + 1, MOST)
                text = "_".join(f"{sku}.{count}" for sku, count in basket.items())
                return see_other("/basket", cookie("basket", text, 1))
            case "/empty":
                return see_other("/shop", cookie("basket", "", 0))
            case "/order" if basket:
                order = self._order(request, SALE, form)
                order.lines = basket
                order.customer = RETURNING if form.get("customer") == "returning" else FIRST_ORDER
                return self._take(order, cookie("basket", "", 0))
            case "/newsletter":
                return self._take(self._order(request, NEWSLETTER, form))
        return see_other("/shop")

    def _order(self, request: Request, event_type: str, form: Mapping[str, str]) -> Order:
        return Order(
            token=self._new_token(),
            event_type=event_type,
            promo_code=form.get("promo_code", "")[:100],
            click_id=request.cookies.get("click", ""),
            by_server=form.get("way") == "server",
        )

    def _new_token(self) -> str:
        number, digits = time.time_ns() // 1_000_000, ""
        while number:
            number, digit = divmod(number, 36)
            digits = BASE36[digit] + digits
        token = f"HL-{digits}"
        return token if token not in self.orders else self._new_token()

    def _take(self, order: Order, *headers: tuple[str, str]) -> Answer:
        self.orders[order.token] = order
        while len(self.orders) > MAX_ORDERS:
            del self.orders[next(iter(self.orders))]
        if order.by_server:
            order.answer = self.connection.send(order)
        return see_other(f"/thanks/{order.token}", *headers)


def policy(tracker: str) -> str:
    """The shop's content security policy: it admits the tracker's tag and what it sends, and nothing inline."""
    return (
        f"default-src 'none'; script-src 'self' {tracker}; connect-src {tracker}; img-src 'self' {tracker};"
        " style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def make_application(connection: Connection) -> Callable[[Environ, Start], Iterable[bytes]]:
    """The shop, for a WSGI server."""
    shop = Shop(connection)
    always = [
        ("Content-Security-Policy", policy(connection.tracker)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ]

    def application(environ: Environ, start: Start) -> Iterable[bytes]:
        answer = shop.answer(Request(environ))
        body = answer.body.encode()
        sizes = [("Content-Type", f"{answer.type}; charset=utf-8"), ("Content-Length", str(len(body)))]
        kept = [] if any(name == "Cache-Control" for name, _ in answer.headers) else [("Cache-Control", "no-store")]
        start(answer.status, [*sizes, *always, *kept, *answer.headers])
        return [body]

    return application
