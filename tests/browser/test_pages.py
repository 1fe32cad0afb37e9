"""A walk through the pages as people take them: with the mouse, with the keyboard, on a phone, in both languages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accredit.access.models import User
from accredit.programs.models import Program
from tests.browser.test_accessibility import serious
from tests.factories.installing import load, orders
from tests.factories.people import PASSWORD, Shop

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
LIST = "/programs/anvils/conversions"


def tokens(page: Page) -> list[str]:
    """The order numbers of the rows, once there are rows."""
    expect(page.locator(".tabulator-row").first).to_be_visible()
    return page.locator('.tabulator-cell[tabulator-field="order"]').all_inner_texts()


def totals(page: Page) -> Any:
    return expect(page.locator("#totals"))


def pick(page: Page, column: str, *labels: str) -> None:
    """Filter a column of choices by its chip; what was picked before and is not named is taken out."""
    page.locator(f"#chip-{column}").click()
    form = page.locator("#filter-form form")
    expect(form).to_be_visible()
    for box in form.locator(":checked").all():
        box.uncheck()
    for label in labels:
        form.get_by_label(label, exact=True).check()
    form.locator(".button.main").click()
    expect(page.locator("#filter-form")).to_be_hidden()


def test_from_the_door_to_the_explanation(visit: Visit, shop: Shop) -> None:
    page = visit(None, LIST)
    page.get_by_label("E-mail").fill("agency@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_title("Conversions · Anvil Shop · Accredit")
    assert tokens(page) == ["1001", "1006", "1005", "1003", "1004", "1002"]
    totals(page).to_contain_text("US$359.27")

    pick(page, "credited", "Barb Dwyer")
    expect(page).to_have_url(re.compile(r"conversions\?credited=partner%3Abarb$"))
    totals(page).to_contain_text("US$198.27")
    assert tokens(page) == ["1001", "1006", "1005"]
    page.get_by_role("link", name="Turnover").click()
    expect(page.get_by_role("columnheader", name="Turnover")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("link", name="Turnover").click()
    expect(page.get_by_role("columnheader", name="Turnover")).to_have_attribute("aria-sort", "ascending")
    assert tokens(page) == ["1006", "1005", "1001"]

    page.get_by_text("1001").click()
    panel = page.get_by_role("complementary", name="Explanation")
    expect(panel.get_by_role("heading", name="Order 1001")).to_be_visible()
    expect(panel).to_contain_text("Without Barb Dwyer, E-mail would have won.")
    expect(panel.locator(".journey li.won")).to_contain_text("Barb Dwyer")
    expect(panel.locator(".sum tr").last).to_contain_text("US$22.46")
    address = page.url
    assert shop.keys["1001"] in address

    page.goto("about:blank")
    page.goto(address)  # what a colleague sees who gets the link
    assert tokens(page) == ["1006", "1005", "1001"]
    expect(page.get_by_role("heading", name="Order 1001")).to_be_visible()
    expect(page.locator(".tabulator-row[aria-selected=true]")).to_contain_text("1001")
    page.get_by_role("link", name="Close the explanation").click()
    expect(panel).to_be_hidden()
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator(".tabulator-row")).to_have_count(6)
    expect(page).to_have_url(re.compile(r"/conversions\?sort=turnover$"))


def test_back_and_forward_go_through_the_states(visit: Visit, shop: Shop) -> None:
    page = visit("agency", LIST)
    pick(page, "customer", "New")
    expect(page.locator(".tabulator-row")).to_have_count(2)
    page.get_by_text("1005").click()
    expect(page.get_by_role("heading", name="Order 1005")).to_be_visible()
    page.go_back()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator(".tabulator-row")).to_have_count(2)
    expect(page.locator("#chip-customer")).to_have_text("Customer status: New")
    page.go_back()
    expect(page.locator(".tabulator-row")).to_have_count(6)
    expect(page.locator("#chip-customer")).to_have_text("Customer status")
    page.go_forward()
    expect(page.locator(".tabulator-row")).to_have_count(2)
    page.go_forward()
    expect(page.get_by_role("heading", name="Order 1005")).to_be_visible()
    pick(page, "customer", "Existing")
    expect(page.locator(".tabulator-row")).to_have_count(1)
    expect(page.locator("#panel")).to_be_hidden()  # its conversion may not be in the new list


def test_everything_by_keyboard(visit: Visit, shop: Shop) -> None:
    page = visit("agency", LIST)
    expect(page.locator(".tabulator-row")).to_have_count(6)
    press = page.keyboard.press
    title = page.locator("#panel-title")
    for key in ("j", "j", "k", "ArrowDown", "Enter"):
        press(key)
    expect(title).to_have_text("Order 1006")
    expect(title).to_be_focused()
    press("j")  # the panel goes along
    expect(title).to_have_text("Order 1005")
    expect(page.locator(".tabulator-row:focus")).to_contain_text("1005")
    press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator(".tabulator-row:focus")).to_contain_text("1005")
    press("End")
    expect(page.locator(".tabulator-row:focus")).to_contain_text("1002")
    press("/")
    expect(page.get_by_label("Order number")).to_be_focused()
    page.keyboard.type("1003j?")
    expect(page.get_by_label("Order number")).to_have_value("1003j?")
    press("Backspace")
    press("Backspace")
    press("Enter")
    expect(page.locator(".tabulator-row")).to_have_count(1)
    expect(page.get_by_label("Order number")).to_be_focused()
    page.get_by_label("Order number").blur()
    press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_tab_alone_reaches_a_row_and_its_explanation(visit: Visit, shop: Shop) -> None:
    page = visit("agency", LIST)
    expect(page.locator(".tabulator-row")).to_have_count(6)
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.locator(".tabulator-row:focus").count():
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Order 1001")).to_be_focused()


def test_language_colours_and_density_by_ones_own_choice(visit: Visit, shop: Shop) -> None:
    page = visit("agency", f"{LIST}?status=open", color_scheme="dark")

    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    def choose(name: str) -> None:
        page.get_by_role("button", name=re.compile("Settings|Einstellungen")).click()
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator(".tabulator-row")).to_have_count(6)

    dark = paper()
    choose("Light")
    assert paper() != dark
    choose("Deutsch")
    expect(page.get_by_role("columnheader", name="Provision", exact=True)).to_be_visible()
    expect(page.locator("#totals")).to_contain_text("359,27\N{NO-BREAK SPACE}$")
    assert "status=open" in page.url
    tall = page.locator(".tabulator-row").first.bounding_box()
    choose("Kompakt")
    low = page.locator(".tabulator-row").first.bounding_box()
    assert tall
    assert low
    assert low["height"] < tall["height"]
    choose("Dunkel")
    assert paper() == dark
    user = User.objects.get(email="agency@example.com")
    assert (user.language, user.colour_scheme, user.density) == ("de", "dark", "compact")


def test_on_a_phone(visit: Visit, shop: Shop) -> None:
    page = visit("agency", LIST, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    expect(page.locator(".tabulator-row")).to_have_count(6)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.get_by_role("columnheader", name="Commission", exact=True)).to_be_visible()
    expect(page.get_by_role("columnheader", name="Status", exact=True)).to_be_visible()
    expect(page.locator("#chip-status")).to_be_hidden()
    page.get_by_role("button", name="Filters").tap()
    pick(page, "credited", "Nobody")
    expect(page.locator(".tabulator-row")).to_have_count(1)
    page.get_by_text("1004").tap()
    expect(page.get_by_role("heading", name="Order 1004")).to_be_visible()
    box = page.locator("#panel").bounding_box()
    assert box
    assert box["width"] == 390
    page.get_by_role("link", name="Close the explanation").tap()
    expect(page.locator("#panel")).to_be_hidden()


def test_beside_the_panel_status_and_buttons_keep_their_places(visit: Visit, shop: Shop) -> None:
    Program.objects.update(clicks_are_synthetic=True)
    page = visit("agency", LIST)
    expect(page.locator(".tabulator-row").first).to_be_visible()
    heads = page.locator(".tabulator-col:visible")
    before = heads.count()
    page.locator(".tabulator-row").first.click()
    expect(page.locator("#panel h1")).to_be_visible()
    expect(heads).not_to_have_count(before)
    for name in ("Status", "Credited to"):
        expect(page.get_by_role("columnheader", name=name, exact=True)).to_be_visible()
    title, views = page.locator("#list-title").bounding_box(), page.locator("#views-open").bounding_box()
    assert title
    assert views
    assert views["y"] < title["y"] + title["height"]
    page.keyboard.press("Escape")
    expect(heads).to_have_count(before)  # what had to go comes back


@pytest.mark.parametrize("who", ["agency", "partner"])
def test_the_navigation_of_a_phone_shows_where_one_is(visit: Visit, shop: Shop, who: str) -> None:
    page = visit(who, "/programs/anvils/jobs", viewport={"width": 390, "height": 844})
    box = page.locator(".side nav [aria-current]").bounding_box()
    assert box
    assert 0 <= box["x"] <= 390 - box["width"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_partner_makes_links_on_a_phone(visit: Visit, shop: Shop, language: str) -> None:
    User.objects.update(language=language)
    page = visit("partner", "/programs/anvils/mine", viewport={"width": 390, "height": 844}, bypass_csp=True)
    box = page.locator("a[href*='?ad=']").first.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert serious(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_an_order_number_of_the_demo_s_shop_is_not_cut_off(visit: Visit, shop: Shop, width: int) -> None:
    load(shop.program, orders=orders("order | at | turnover | visitor\nHL-MWR6QXW9 | T | 1.00 | -"))
    page = visit("agency", LIST, viewport={"width": width, "height": 844})
    expect(page.locator(".tabulator-row")).to_have_count(7)
    expect(page.get_by_role("columnheader", name="Commission", exact=True)).to_be_visible()
    cut = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.innerText)"
    assert page.locator('.tabulator-cell[tabulator-field="order"]').evaluate_all(cut) == []


def test_pages_of_a_long_list(visit: Visit, shop: Shop) -> None:
    table = "order | at | turnover | visitor\n" + "\n".join(f"n{n} | T-{n}min | 1.00 | -" for n in range(230))
    load(shop.program, orders=orders(table))
    page = visit("agency", f"{LIST}?credited=none")
    totals(page).to_contain_text("231")
    seen = tokens(page)
    for rows in ("101–200", "201–231"):
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_text(f"Rows {rows}")).to_be_visible()
        expect(page.locator(".tabulator-row").first).not_to_contain_text(seen[-100])
        seen += tokens(page)
    assert len(set(seen)) == 231
    page.locator(".tabulator-row").last.click()
    expect(page.locator("#panel-title")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Rows 201–231")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_text("Rows 101–200")).to_be_visible()
    assert tokens(page) == seen[100:200]


def test_a_session_that_ended_leads_to_the_door_and_back(visit: Visit, complaints: list[str]) -> None:
    page = visit("agency", LIST)
    totals(page).to_contain_text("359")
    page.context.clear_cookies()
    page.get_by_text("1001").click()
    expect(page).to_have_url(re.compile(r"/sign-in\?next=/programs/anvils/conversions$"))
    assert [text for text in complaints if "401" not in text] == []
    complaints.clear()


def test_what_does_not_load_says_so(visit: Visit, complaints: list[str]) -> None:
    page = visit("agency", LIST)
    expect(page.locator(".tabulator-row")).to_have_count(6)
    page.route("**/cv_*", lambda route: route.abort())
    page.get_by_text("1001").click()
    expect(page.get_by_role("alert")).to_contain_text("That did not load.")
    page.unroute("**/cv_*")
    page.get_by_text("1005").click()
    expect(page.get_by_role("heading", name="Order 1005")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()
    assert [text for text in complaints if "ERR_FAILED" not in text and "Failed to fetch" not in text] == []
    complaints.clear()


def test_a_partner_reads_of_its_own_conversions_only(visit: Visit, shop: Shop) -> None:
    page = visit("partner", LIST)
    assert tokens(page) == ["1001", "1006", "1005"]
    page.get_by_text("1001").click()
    panel = page.get_by_role("complementary", name="Explanation")
    expect(panel).to_contain_text("Another partner")
    expect(panel).to_contain_text("A channel of the advertiser")
    everything = page.content()
    assert "Ann Dover" not in everything
    assert "E-mail" not in everything
