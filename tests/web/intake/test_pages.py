"""The pages of what came in, the note of new conversions, and how an order came in."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accredit.access.models import User
from accredit.conversions.columns import PREFIX
from accredit.conversions.models import Conversion
from accredit.conversions.operations import load_frames
from accredit.database.keys import key_of_unknown_program, key_to_text
from tests.factories.installing import NO_CLICKS, NO_ITEMS, orders
from tests.factories.intake import hold, send
from tests.factories.people import Shop

As = Callable[[str | None], Client]
INTAKE, WORDS = "/programs/anvils/intake", "/programs/anvils/customer-status"
LIST = "/programs/anvils/conversions"
OF_LATE = """
    order | at   | turnover | status
    21    | T    | 1.00     | N
    22    | T-1h | 1.00     | N
    23    | T-2h | 1.00     | vip
    24    | T-3h | 1.00     | -
"""
EVIL = "</th><script>alert(1)</script>"


def tables(page: str) -> list[list[list[str]]]:
    """The texts of every cell of every table."""
    return [
        [
            [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", table)
        ]
        for table in re.findall(r"<table[^>]*>(.*?)</table>", page.replace("\n", " "))
    ]


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def test_the_intake_shows_what_is_held_and_what_is_in_conflict(shop: Shop, as_: As, now: datetime) -> None:
    hold(shop.program.id, "club", "H-1", reason="unknown_event_type", at=now)
    items = [{"item_id": "a", "quantity": 2, "turnover_minor": 700}]
    send(shop.program, "C-1", at=now - timedelta(minutes=2), source="server", signed=True, promo_code="X")
    send(
        shop.program, "C-1", at=now - timedelta(minutes=1), source="tag", signed=False, turnover_minor=700, items=items
    )
    page = as_("agency").get(INTAKE).text

    held, conflicts, days = tables(page)
    assert [row[1:] for row in held[1:]] == [["H-1", "club", "The program has no such event type", "not signed"]]
    [conflict] = conflicts[1:]
    assert conflict[1:4] == ["C-1", "sale", "by the tag on the shop’s page, not signed"]
    assert conflict[4] == (
        "Turnover: recorded US$1.00 came US$7.00"
        " Promo code: recorded X came –"
        " Items: recorded – came 2 × a: US$7.00"
    )  # fmt: skip
    assert days[1][1:] == ["1", "0", "0", "1"]
    assert "1 order waits for the worker." in page
    assert "accredit intake retry --program anvils" in page


def test_what_came_for_no_program_is_seen_by_owners_of_the_agency_alone(shop: Shop, as_: As, now: datetime) -> None:
    for number, code in enumerate(("nails", EVIL, "nails")):
        hold(key_of_unknown_program(code), "sale", str(number), reason="unknown_program", at=now, code=code)
    [unknown, *_] = tables(as_("agency").get(INTAKE).text)
    assert [row[1:2] for row in unknown[1:]] == [["2"], ["1"]]
    page = as_("agency").get(INTAKE).text
    assert '<th scope="row">nails</th>' in page
    assert "<script>alert" not in page
    for name in ("owner", "viewer"):
        assert "nails" not in as_(name).get(INTAKE).text


def test_the_intake_of_a_quiet_program_says_so(shop: Shop, as_: As) -> None:
    page = as_("advertiser").get(INTAKE).text
    assert "None: every order could be booked." in page
    assert "None in the last 14 days." in page
    assert "Nothing came in." in page


def test_the_customer_status_check_shows_words_and_the_latest_order(shop: Shop, as_: As, now: datetime) -> None:
    load_frames(shop.program.id, NO_CLICKS, orders(OF_LATE), NO_ITEMS, now=now)
    page = as_("agency").get(WORDS).text

    [words] = tables(page)
    assert [row[:3] for row in words[1:]] == [
        ["N", "New", "2"],
        ["none sent", "–", "1"],
        ["vip", "not mapped", "1"],
    ]
    latest = Conversion.objects.get(order_token="21")
    assert f'href="{LIST}/{key_to_text(PREFIX, latest.id)}">21</a>' in page


def test_german_pages_are_german(shop: Shop, as_: As, now: datetime) -> None:
    User.objects.update(language="de")
    hold(shop.program.id, "club", "H-1", reason="unknown_event_type", at=now)
    page = as_("agency").get(INTAKE).text
    assert "Zurückgehaltene Orders" in page
    assert "Das Programm hat keinen solchen Ereignistyp" in page


def test_what_the_shop_sends_cannot_become_markup(shop: Shop, as_: As, now: datetime) -> None:
    hold(shop.program.id, EVIL, EVIL, reason="unknown_event_type", at=now)
    send(shop.program, EVIL, at=now, source="server", signed=True, promo_code=EVIL)
    send(shop.program, EVIL, at=now, source="tag", signed=False, customer_status_word=EVIL)
    load_frames(
        shop.program.id, NO_CLICKS, orders("order | at | turnover | status\n 9 | T | 1.00 | <b>x"), NO_ITEMS, now=now
    )
    browser = as_("agency")
    assert "<script>alert" not in browser.get(INTAKE).text
    assert "<b>x" not in browser.get(WORDS).text


def test_owners_see_how_an_order_came_in_and_partners_do_not(shop: Shop, as_: As) -> None:
    address = f"{LIST}/{shop.keys['1001']}"
    assert "from the file orders.csv" in as_("agency").get(address).text
    assert "orders.csv" not in as_("partner").get(address).text


def news_url(page: str) -> str:
    found = re.search(r'id="news"[^>]*hx-get="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize(
    ("role", "query", "news"),
    [
        ("agency", "", "2 new conversions"),
        ("agency", "?customer=New", "1 new conversion"),
        ("agency", "?status=rejected", ""),
        ("partner", "", ""),
    ],
)
def test_the_newest_page_knows_of_newer_rows(shop: Shop, as_: As, role: str, query: str, news: str) -> None:
    browser = as_(role)
    url = news_url(browser.get(f"{LIST}{query}").text)
    assert browser.get(url).text.strip() == ""
    came = orders("order | at | turnover | status\n 8 | T-9d | 1.00 | N\n 9 | T | 1.00 | -")
    load_frames(shop.program.id, NO_CLICKS, came, NO_ITEMS, now=datetime.now(UTC))
    assert re.sub(r"<[^>]+>", "", browser.get(url).text).strip() == news


@pytest.mark.parametrize("query", ["?sort=time", "?sort=-turnover", "?after=1.1.cv_00000000000000000000000000"])
def test_other_pages_stay_as_they_are(shop: Shop, as_: As, query: str) -> None:
    assert 'id="news"' not in as_("agency").get(f"{LIST}{query}").text


def test_a_note_of_nothing_that_a_page_asks_for_does_not_exist(shop: Shop, as_: As) -> None:
    answer: Any = as_("agency").get("/programs/anvils/conversions/news?seen=cv_0")
    assert answer.status_code == 404
