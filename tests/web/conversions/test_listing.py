"""The list and the panel as the server sends them."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accredit.conversions.models import Conversion
from accredit.database.keys import key_to_text
from accredit.lists.filters import Filters
from accredit.lists.models import ListView
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint
from accredit.web.conversions.page import PAGE
from accredit.web.lists.state import ListState
from accredit.web.naming import Names
from tests.factories.installing import SHOP, install
from tests.factories.people import Shop

As = Callable[[str | None], Client]
LIST = "/programs/anvils/conversions"
PART = {"HX-Request-Type": "partial"}


def grid(page: str) -> Any:
    found = re.search(r'<script id="grid-data" type="application/json">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def text(page: str) -> str:
    """What one reads: without tags and superfluous blanks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def panel(shop: Shop, browser: Client, token: str, query: str = "") -> str:
    return text(browser.get(f"{LIST}/{shop.keys[token]}{query}", headers=PART).text)


def test_rows_are_ready_to_read(shop: Shop, as_: As) -> None:
    first, *_others = grid(as_("agency").get(LIST).text)["rows"]
    assert first == {
        "id": shop.keys["1001"],
        "url": f"{LIST}/{shop.keys['1001']}",
        "token": "1001",
        "faint": [],
        "time": "1 Mar 2026, 07:00",
        "order": "1001",
        "event": "sale",
        "credited": "Barb Dwyer",
        "reason": "Last click",
        "status": {"code": "open", "word": "Open"},
        "customer": "New",
        "turnover": "US$136.27",
        "commission": "US$22.46",
        "model": "New customers 15 %",
        "project": "",
        "ad": "banner",
        "rejection": "",
    }


def test_rows_and_totals_follow_the_language(shop: Shop, as_: As) -> None:
    browser = as_("agency")
    browser.post("/preferences", {"language": "de"})
    rows = {row["order"]: row for row in grid(browser.get(LIST).text)["rows"]}
    assert rows["1001"]["commission"] == "22,46\N{NO-BREAK SPACE}$"
    assert rows["1001"]["time"] == "01.03.2026, 07:00"
    assert rows["1003"]["credited"] == "E-mail · Kanal"
    assert rows["1004"]["credited"] == "Niemand"
    totals = text(browser.get(f"{LIST}/totals?status=open", headers=PART).text)
    assert totals == "Alle Conversions 6 Umsatz 359,27 $ Provision 33,83 $"


def test_the_address_filters_sorts_and_pages(shop: Shop, as_: As) -> None:
    browser = as_("agency")

    def tokens(query: str) -> str:
        return " ".join(row["order"] for row in grid(browser.get(LIST + query).text)["rows"])

    assert tokens("?credited=partner:barb&sort=turnover") == "1006 1005 1001"
    assert tokens("?credited=channel:email") == "1003"
    assert tokens("?credited=none&since=2026-03-01&until=2026-03-01") == "1004"
    assert tokens("?since=2026-03-01&until=9999-12-31") == tokens("?since=2026-03-01")
    assert tokens("?q=1005") == "1005"
    assert tokens("?customer=Existing&event=sale") == "1002"


def test_a_word_of_the_shop_that_is_not_mapped_says_so_and_is_offered_where_one_filters(shop: Shop, as_: As) -> None:
    browser = as_("agency")
    for query in ("?customer=vip", "?customer=vip&customer=Existing"):
        rows = {row["order"]: row["customer"] for row in grid(browser.get(LIST + query).text)["rows"]}
        assert rows["1004"] == "vip (not mapped)"
        assert rows.get("1002", "Existing") == "Existing"
    assert "Customer status vip (not mapped)" in panel(shop, browser, "1004")
    form = f"{LIST}/filter/customer"
    assert "Not mapped vip" in text(browser.get(form).text)
    assert "vip" not in as_("partner").get(form).text  # nobody was credited for that order


def test_a_view_that_was_deleted_comes_back(shop: Shop, as_: As) -> None:
    browser, acme = as_("owner"), shop.program.advertiser_id
    browser.post(f"{LIST}/views?status=open", {"name": "Open", "organization": str(acme)})
    view = ListView.objects.get()
    key = key_to_text("lv", view.id)
    page = browser.post(f"{LIST}/views/{key}?view={key}", {"do": "delete"}, headers=PART).text
    assert "The view “Open” is deleted." in text(page)
    assert not ListView.objects.exists()
    [form] = re.findall(r'<form class="undo".*?</form>', page, re.S)
    [action] = re.findall(r'action="([^"]*)"', form)
    browser.post(unescape(action), dict(re.findall(r'name="([a-z]+)" value="([^"]*)"', form)), headers=PART)
    again = ListView.objects.get()
    assert (again.name, again.query, again.organization_id) == ("Open", view.query, acme)


NOT_UNDERSTOOD = [
    ("status=foo", "Status “foo”"),
    ("credited=partner:nobody&since=yesterday", "Time “yesterday”, Credited to “partner:nobody”"),
    ("event=lend", "Event type “lend”"),
    ("sort=visitor_id", "Sort by “visitor_id”"),
    ("after=100", "Place in the list “100”"),
    ("sort=time&after=1.5.cv_0", "Place in the list “1.5.cv_0”"),
    (f"q={'x' * 201}", f"Order number “{'x' * 40}…”"),
    ("q=a%00b", "Order number “a\N{REPLACEMENT CHARACTER}b”"),
]


@pytest.mark.parametrize(("query", "said"), NOT_UNDERSTOOD, ids=str)
def test_what_an_address_says_wrongly_is_told_and_left_out(shop: Shop, as_: As, query: str, said: str) -> None:
    page = as_("agency").get(f"{LIST}?{query}&before=").text
    assert f"Not understood, so left out: {said}." in text(page)
    assert len(grid(page)["rows"]) == 6
    wrong = {part for part in query.split("&") if not part.endswith("=time")}
    links = [*re.findall(r' (?:href|hx-get)="([^"]*)', page), *(row["url"] for row in grid(page)["rows"])]
    assert f"{LIST}/totals" in links
    assert not [link for link in links if any(part in unquote(link) for part in map(unquote, wrong))]


def test_what_a_filter_does_not_take_is_one_number_and_what_is_not_found_is_named(shop: Shop, as_: As) -> None:
    pasted = "\n".join(["1003", *(f"x{n}" for n in range(1_000)), "1001"])
    page = text(as_("agency").get(LIST, {"order": pasted}).text)
    assert "Order number: a filter takes at most 1,000 values; the other 2 are left out." in page
    assert "999 of 1,000 order numbers are not in this list x0, x1," in page
    assert "x99, 899 more" in page
    assert "x100" not in page.replace("x1000", "")[: page.index("899 more")]
    wrong = text(as_("agency").get(LIST, {"id": "\n".join(f"y{n}" for n in range(8))}).text)
    assert "Conversion id “y4”, 3 more." in wrong
    both = text(as_("agency").get(LIST, {"order": "1001\n1003"}).text)
    assert "not in this list" not in both
    backward = text(as_("agency").get(LIST, {"time.from": "2026-03-02", "time.until": "2026-03-01"}).text)
    assert "Time ends before it begins." in backward


def test_the_filters_are_always_the_same(shop: Shop, as_: As) -> None:
    page = as_("agency").get(LIST).text
    assert re.findall(r'<label for="filter-([a-z]+)"', page) == ["order", "since", "until"]
    assert re.findall(r'id="chip-([a-z]+)"', page) == ["credited", "status", "customer", "event"]
    assert "Not understood" not in page


def test_a_page_that_is_not_there_is_no_news(shop: Shop, as_: As, caplog: pytest.LogCaptureFixture) -> None:
    assert as_("agency").get(f"{LIST}/cv_none").status_code == 404
    assert [record for record in caplog.records if record.name == "django.request"] == []


KEY = "cv_00000000000000000000000000"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{LIST}?since=0001-01-01&until=9999-12-31", 200),
        (f"{LIST}?since=9999-12-31&until=0001-01-01", 200),
        (f"{LIST}?q=%00&status=%00&sort=%00", 200),
        (f"{LIST}?q=%00&credited=partner:%00", 200),
        (f"{LIST}?after=0.{9 * 10**30}.{KEY}", 200),
        (f"{LIST}?sort=turnover&after=0.USD.{9 * 10**30}.{KEY}", 200),
        (f"{LIST}?sort=turnover&after=0.%00.5.{KEY}", 200),
        (f"{LIST}?after=-7.1.{KEY}", 200),
        (f"{LIST}?after=0.{-(10**18)}.{KEY}", 200),
        (f"{LIST}?after=%D9%A1.1.{KEY}", 200),
        ("/programs/%00/conversions", 404),
        ("/programs/a/b%2Fc/conversions", 404),
        (f"{LIST}/cv_%00", 404),
        (f"{LIST}/{KEY}/totals", 404),
        (f"{LIST}?q={'x' * 5000}", 200),
    ],
    ids=lambda value: str(value)[:60],
)
def test_no_address_breaks_a_page(shop: Shop, as_: As, address: str, status: int) -> None:
    assert as_("agency").get(address).status_code == status


def test_htmx_gets_the_part_that_it_replaces(shop: Shop, as_: As) -> None:
    browser = as_("agency")
    whole, part = browser.get(LIST), browser.get(LIST, headers=PART)
    assert whole.text.startswith("<!doctype html>")
    assert part.text.strip().startswith('<section class="list"')
    assert "HX-Request-Type" in whole.headers["Vary"]
    assert whole.headers["Cache-Control"] == "private, no-cache"
    both = browser.get(f"{LIST}/{shop.keys['1001']}?status=open").text
    assert 'class="list"' in both
    assert f'data-conversion="{shop.keys["1001"]}"' in both
    assert f'id="panel-close" href="{LIST}?status=open"' in both


def test_empty_lists_say_what_to_do_next(shop: Shop, as_: As) -> None:
    install(SHOP.replace('"anvils"', '"tools"').replace('"Anvil Shop"', '"Tool Shop"'))
    browser = as_("advertiser")
    empty = browser.get("/programs/tools/conversions").text
    assert "accredit load --program tools" in empty
    assert "Tool Shop" in browser.get(LIST).text  # the switcher offers both
    assert "Clear filters" in browser.get(f"{LIST}?status=rejected").text


def test_no_template_holds_inline_style_or_script(shop: Shop, as_: As) -> None:
    browser = as_("agency")
    for address in (LIST, f"{LIST}/{shop.keys['1001']}", "/nowhere"):
        answer = browser.get(address)
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
        for script in re.findall(r"<script[^>]*>", answer.text):
            assert re.search(r'src="/static/|type="importmap" nonce="[^"]{16}|type="application/json"', script)


def test_names_from_the_shop_cannot_become_markup(shop: Shop, as_: As) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    Program.objects.filter(code="anvils").update(name=evil)
    Conversion.objects.filter(order_token="1006").update(order_token=evil, customer_status=evil)
    browser = as_("agency")
    page = browser.get(LIST).text
    assert "<img" not in page
    assert evil in [row["order"] for row in grid(page)["rows"]]
    assert "<img" not in browser.get(f"{LIST}/{shop.keys['1006']}").text


def test_no_column_says_the_same_in_every_row(shop: Shop) -> None:
    owners = Viewpoint(shop.program, None)
    barb, both = (replace(owners, partners=frozenset(codes)) for codes in (["barb"], ["barb", "ann"]))

    def shown(view: Viewpoint, event_types: int) -> set[str]:
        names = Names(view)
        names.event_types = names.event_types[:1] * event_types
        return {one.column.name for one in ListState(PAGE, names, Filters()).columns}

    assert {"credited", "event"} <= shown(owners, 2)
    assert "event" not in shown(owners, 1)
    assert "credited" not in shown(barb, 1)
    assert "credited" in shown(both, 1)


def test_opening_the_list_asks_the_database_nothing_twice(shop: Shop, as_: As) -> None:
    browser = as_("agency")
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(LIST).status_code == 200
    of_views = [one["sql"] for one in asked if 'FROM "lists_listview"' in one["sql"]]
    assert len(of_views) == 1
    assert len(asked) <= 18
