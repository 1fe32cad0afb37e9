"""The list made one's own: filters of every kind, columns, views under a name; with the mouse and without it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import serious
from tests.browser.test_pages import LIST, Visit, pick, tokens
from tests.factories.people import Shop

pytestmark = pytest.mark.xdist_group("browser")


def rows(page: Page, count: int) -> None:
    expect(page.locator(".tabulator-row")).to_have_count(count)


def heads(page: Page) -> list[str]:
    """The columns that are seen, from the left."""
    expect(page.locator(".tabulator-row").first).to_be_visible()
    found: list[str] = page.locator(".tabulator-col[tabulator-field]").evaluate_all(
        "all => all.filter(one => one.offsetWidth).sort((a, b) => a.getBoundingClientRect().left"
        " - b.getBoundingClientRect().left).map(one => one.getAttribute('tabulator-field')).filter(Boolean)"
    )
    return found


def test_filters_of_every_kind(visit: Visit, shop: Shop) -> None:
    page = visit("agency", LIST, bypass_csp=True)  # for axe
    rows(page, 6)
    pick(page, "credited", "Any channel", "Nobody")
    rows(page, 2)
    expect(page.locator("#chip-credited")).to_have_text("Credited to: Any channel, Nobody")
    page.get_by_role("link", name="Remove the filter Credited to").click()
    rows(page, 6)

    page.keyboard.press("f")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Turnover", exact=True).last.press("Enter")
    form = page.locator("#filter-form")
    expect(form.get_by_label("From")).to_be_focused()
    assert serious(page) == []
    page.keyboard.type("50")
    form.get_by_label("Until").fill("80")
    page.keyboard.press("Enter")
    rows(page, 3)
    expect(page.locator("#chip-turnover")).to_have_text("Turnover: 50 USD – 80 USD")

    page.locator("#filter-add").click()
    assert serious(page) == []
    page.locator("#filter-menu").get_by_role("button", name="Order number").click()
    form.get_by_label("is one of these, one a line").fill("1003\n1002\n1001\n")
    assert serious(page) == []
    form.get_by_role("button", name="Apply").click()
    rows(page, 2)
    assert tokens(page) == ["1003", "1002"]
    expect(page.locator("#chip-order")).to_be_focused()
    address = page.url
    assert "order=1003&order=1002&order=1001" in address
    page.goto("about:blank")
    page.goto(address)
    assert tokens(page) == ["1003", "1002"]
    page.locator("#chip-order").click()
    expect(form.get_by_label("is one of these, one a line")).to_have_value("1003\n1002\n1001")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Clear filters").click()
    rows(page, 6)


def test_columns_are_chosen_and_moved_without_a_mouse_and_stay(visit: Visit, shop: Shop) -> None:
    page = visit("agency", LIST, bypass_csp=True)
    rows(page, 6)
    page.get_by_role("button", name="Columns").press("Enter")
    form = page.locator("#columns")
    expect(form.get_by_label("Time", exact=True)).to_be_focused()
    assert serious(page) == []
    form.get_by_label("Country", exact=True).check()
    form.get_by_label("Reason", exact=True).uncheck()
    form.get_by_role("button", name="Move Time down").press("Enter")
    form.get_by_role("button", name="Apply").press("Enter")
    expect(page).to_have_url(re.compile(r"columns=order\.time\."))
    assert heads(page)[:2] == ["order", "time"]
    assert "country" in heads(page)
    assert "reason" not in heads(page)
    address = page.url
    page.goto(LIST)  # it opens as it was left
    expect(page).to_have_url(re.compile(r"columns=order\.time\."))
    assert heads(page)[:2] == ["order", "time"]

    colleague = visit("owner", address)
    assert heads(colleague)[:2] == ["order", "time"]
    colleague.goto(LIST)
    assert heads(colleague)[:2] == ["time", "order"]

    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Standard columns").click()
    expect(page).to_have_url(re.compile(r"/conversions$"))
    assert heads(page)[:2] == ["time", "order"]


def test_columns_are_made_wider_and_moved_in_the_grid(visit: Visit, shop: Shop) -> None:
    page = visit("agency", LIST)
    rows(page, 6)
    edge = page.locator('.tabulator-col[tabulator-field="order"] + .tabulator-col-resize-handle').bounding_box()
    assert edge
    x, y = edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"columns=time\.order-[0-9]+\."))
    width = re.search(r"order-([0-9]+)", page.url)
    assert width
    rows(page, 6)
    head = page.locator('.tabulator-col[tabulator-field="order"]')
    expect(head).to_have_js_property("offsetWidth", int(width[1]))


def test_views_are_kept_shared_replaced_renamed_and_deleted(visit: Visit, shop: Shop) -> None:
    page = visit("owner", LIST, bypass_csp=True)
    rows(page, 6)
    pick(page, "customer", "New")
    rows(page, 2)
    page.get_by_role("button", name="Views").click()
    assert serious(page) == []
    page.get_by_label("Keep what you see as a new view").fill("New ones")
    page.get_by_label("for", exact=True).select_option(label="everybody at ACME")
    page.get_by_role("button", name="Keep view").click()
    expect(page.get_by_role("button", name="New ones")).to_be_visible()

    colleague = visit("viewer", LIST)
    colleague.get_by_role("button", name="Views").click()
    colleague.get_by_role("link", name="New ones").click()
    rows(colleague, 2)
    colleague.get_by_role("button", name="New ones").click()
    expect(colleague.get_by_role("button", name="Rename")).to_have_count(0)
    colleague.get_by_role("button", name="Always open the list with this view").click()
    expect(colleague.locator("#views")).to_be_hidden()
    colleague.goto(LIST)
    rows(colleague, 2)

    pick(page, "customer", "New", "Existing")
    rows(page, 3)
    menu = page.get_by_role("button", name="New ones changed")
    menu.click()
    page.get_by_role("button", name="Keep the changes in “New ones”").click()
    expect(menu).to_have_count(0)
    page.get_by_role("button", name="New ones").click()
    page.get_by_label("Name of this view").fill("Known ones")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="Known ones").click()
    page.get_by_label("Keep what you see as a new view").fill("Known ones")
    page.get_by_label("for", exact=True).select_option(label="everybody at ACME")
    page.get_by_role("button", name="Keep view").click()
    expect(page.get_by_role("alert").first).to_contain_text("There is a view “Known ones” already.")
    expect(page.get_by_label("Keep what you see as a new view")).to_have_value("Known ones")
    page.get_by_text("Delete this view").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("button", name="Views")).to_be_visible()

    colleague.goto(LIST)
    rows(colleague, 6)
