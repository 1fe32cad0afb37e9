"""The demo's shop: what it sells, how it knows who came, and how it is connected."""

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from accredit.demo.connecting import connect_shop
from accredit.demo.operations import load_demo
from accredit.demo.shop.app import make_application
from accredit.demo.shop.connection import FILE_NAME, Connection, Link
from accredit.processes import LOCK_NAME, pages_address
from accredit.programs.models import Ad, Program
from accredit.programs.signing_keys import end_key, keys_of

INVOICES = Path(__file__).with_name("invoices.csv")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRACKER, SHOP = "http://localhost:8100", "http://localhost:8200"
PAGES = "http://127.0.0.1:8000"
EVIL = '"><script>alert(1)</script>'


class Visitor:
    """A browser that keeps cookies, without the browser."""

    def __init__(self, tracker: str = TRACKER, links: tuple[Link, ...] = (), pages: str = PAGES) -> None:
        self.shop = make_application(Connection(tracker, "hearth", "hlclick", "sk_1", "secret", links, pages))
        self.cookies: dict[str, str] = {}
        self.status = ""
        self.headers: dict[str, str] = {}

    def open(self, path: str, form: Mapping[str, str] | None = None, **more: str) -> str:
        """The text of the page; a redirection is followed."""
        path, _mark, query = path.partition("?")
        body = urlencode(form or {}).encode()
        environ = {
            "REQUEST_METHOD": "GET" if form is None else "POST",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "localhost:8200",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "wsgi.input": io.BytesIO(body),
            **more,
        }
        text = b"".join(self.shop(environ, self._start)).decode()
        return self.open(self.headers["Location"]) if self.status.startswith("303") else text

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)
        for name, value in headers:
            if name == "Set-Cookie":
                name, _equals, text = value.partition(";")[0].partition("=")
                self.cookies[name] = text


def reported(page: str) -> Any:
    """What the thank-you page gives to the tag."""
    return json.loads(page.partition('id="order">')[2].partition("</script>")[0])


def test_an_order_goes_to_the_tag_with_items_words_and_code() -> None:
    visitor = Visitor()
    for sku in ("HL-102", "HL-105", "HL-105"):
        visitor.open("/basket", {"sku": sku})
    page = visitor.open("/order", {"promo_code": " IVY10 ", "customer": "returning", "way": "tag"})

    order = reported(page)
    assert order["event_type"] == "sale"
    token = order["order"].pop("order_token")
    assert token in page
    assert order["order"] == {
        "currency": "GBP",
        "turnover": "37.50",
        "promo_code": "IVY10",
        "customer_status": "returning",
        "items": [
            {"item_id": "HL-102", "quantity": 1, "turnover": "24.50", "sku": "HL-102", "category": "kitchen"},
            {"item_id": "HL-105", "quantity": 2, "turnover": "13.00", "sku": "HL-105", "category": "kitchen"},
        ],
    }
    assert visitor.cookies["basket"] == ""
    again = visitor.open("/order", {"way": "tag"})  # nothing in the basket
    assert "<h1>Things for the house</h1>" in again


def test_two_orders_have_two_numbers() -> None:
    visitor, tokens = Visitor(), set()
    for _ in range(3):
        visitor.open("/basket", {"sku": "HL-101"})
        tokens.add(reported(visitor.open("/order", {}))["order"]["order_token"])
    assert len(tokens) == 3


def test_a_tracker_that_is_away_does_not_keep_anybody_from_buying() -> None:
    visitor = Visitor(tracker="http://127.0.0.1:9")
    visitor.open("/shop?hlclick=ck_1")
    visitor.open("/basket", {"sku": "HL-101"})
    page = visitor.open("/order", {"way": "server"})
    assert "the tracker does not answer" in page
    assert 'id="order"' not in page
    assert visitor.cookies["click"] == "ck_1"


def test_german_for_those_who_read_german() -> None:
    visitor = Visitor()
    assert '<html lang="de">' in visitor.open("/basket", HTTP_ACCEPT_LANGUAGE="de-CH,en;q=0.5")
    assert "34,00 £" in visitor.open("/shop", HTTP_ACCEPT_LANGUAGE="de")
    assert '<html lang="en">' in visitor.open("/shop", HTTP_ACCEPT_LANGUAGE="fr")


@pytest.mark.parametrize("path", ["/nowhere", "/thanks/HL-0", "/static/../app.py", "/static/app.py", "/\xff"])
def test_what_is_not_there(path: str) -> None:
    visitor = Visitor()
    visitor.open(path)
    assert visitor.status == "404 Not Found"


def test_forms_of_other_sites_are_refused() -> None:
    visitor = Visitor()
    visitor.open("/basket", {"sku": "HL-101"}, HTTP_ORIGIN="https://evil.example")
    assert visitor.status == "403 Forbidden"
    assert visitor.cookies == {}


@pytest.mark.parametrize("event", ["order", "newsletter"])
def test_the_thank_you_page_names_the_number_and_leads_to_it_in_accredit(event: str) -> None:
    visitor, alone = Visitor(), Visitor(pages="")
    for one in (visitor, alone):
        one.open("/basket", {"sku": "HL-101"})
    page, without = visitor.open(f"/{event}", {}), alone.open(f"/{event}", {})
    token = reported(page)["order"]["order_token"]
    assert f'<strong id="order-token">{token}</strong>' in page
    assert f'<a href="{PAGES}/programs/hearth/conversions?q={token}">Look at it in Accredit</a>' in page
    assert "Look at it in Accredit" not in without


def test_nothing_that_comes_in_becomes_markup() -> None:
    visitor = Visitor(links=(Link(EVIL, f"{TRACKER}/c/{EVIL}", False, [EVIL], [EVIL]),))
    visitor.cookies["basket"] = "HL-101.1_HL-999.5_HL-102.x_HL-103.-4"
    pages = [visitor.open(f"/shop?hlclick={EVIL}"), visitor.open("/"), visitor.open("/basket")]
    pages.append(visitor.open("/order", {"promo_code": EVIL}))
    assert [page for page in pages if "<script>alert" in page] == []
    assert reported(pages[-1])["order"]["promo_code"] == EVIL
    assert "click" not in visitor.cookies
    assert "unsafe" not in visitor.headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_the_shop_is_connected_with_its_program(tmp_path: Path) -> None:
    load_demo(INVOICES, now=NOW)
    connect_shop(TRACKER, SHOP, tmp_path, now=NOW)
    first = Connection.read(tmp_path)

    program = Program.objects.get()
    assert program.allowed_hosts == ["www.hearth-lantern.example", "de.hearth-lantern.example", "localhost:8200"]
    assert program.fallback_page == f"{SHOP}/shop"
    assert dict(Ad.objects.values_list("code", "landing_page"))["banner"] == f"{SHOP}/shop/new"
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert first.links[0].url == f"{TRACKER}/c/hearth:tea-and-twine/text-link"
    assert {link.name: link.promo_codes for link in first.links}["Ivy's Parlour"] == ["IVY10"]
    assert [link.name for link in first.links if link.is_channel] == ["Own newsletter", "Display", "Paid search"]

    connect_shop(TRACKER, "http://localhost:8201", tmp_path, now=NOW, pages=PAGES)
    assert Connection.read(tmp_path).pages == PAGES
    assert Program.objects.get().allowed_hosts[-1] == "localhost:8201"
    assert len(Program.objects.get().allowed_hosts) == 3
    assert Connection.read(tmp_path).key == first.key
    assert len(keys_of("hearth")) == 1


Spoil = Callable[[Path, str], object]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "spoil",
    [
        lambda file, _key: file.unlink(),
        lambda file, _key: file.write_text("{"),
        lambda file, _key: file.write_text("{}"),
        lambda _file, key: end_key(key, at=NOW + timedelta(days=1), now=NOW),
    ],
    ids=["gone", "broken", "of another release", "its key ends"],
)
def test_a_shop_without_a_lasting_key_gets_another_one(tmp_path: Path, spoil: Spoil) -> None:
    load_demo(INVOICES, now=NOW)
    connect_shop(TRACKER, SHOP, tmp_path, now=NOW)
    first = Connection.read(tmp_path)
    spoil(tmp_path / FILE_NAME, first.key)
    connect_shop(TRACKER, SHOP, tmp_path, now=NOW)
    assert Connection.read(tmp_path).key != first.key


def test_the_pages_are_where_they_are_served_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCREDIT_PUBLIC_URL", raising=False)
    assert pages_address(tmp_path) is None
    (tmp_path / LOCK_NAME).write_text("")
    assert pages_address(tmp_path) is None
    (tmp_path / LOCK_NAME).write_text(json.dumps({"pages": f"{PAGES}/"}))
    assert pages_address(tmp_path) == PAGES
    monkeypatch.setenv("ACCREDIT_PUBLIC_URL", "https://partners.example.com/")
    assert pages_address(tmp_path) == "https://partners.example.com"
