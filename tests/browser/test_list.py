"""The list made one's own: filters of every kind, columns, views under a name; with the mouse and without it."""

import re

import pytest
from playwright.sync_api import Page, expect

from accredit.access.models import User
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

    page.locator("[data-tick]").first.check()
    page.locator("#filter-add").focus()
    page.keyboard.press("a")  # no row is meant among the filters
    page.keyboard.press("f")
    page.keyboard.type("turnover")
    page.keyboard.press("Enter")
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
    form.get_by_label("Why credited", exact=True).uncheck()
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
    drag(page, '.tabulator-col[tabulator-field="order"] + .tabulator-col-resize-handle', by=60)
    expect(page).to_have_url(re.compile(r"columns=time\.order-[0-9]+\."))
    width = re.search(r"order-([0-9]+)", page.url)
    assert width
    rows(page, 6)
    head = page.locator('.tabulator-col[tabulator-field="order"]')
    expect(head).to_have_js_property("offsetWidth", int(width[1]))

    time = page.locator('.tabulator-col[tabulator-field="time"]').evaluate("head => head.offsetWidth")
    drag(page, '.tabulator-col[tabulator-field="time"]', by=(time + int(width[1])) // 2 + 10)  # beyond its middle
    expect(page).to_have_url(re.compile(rf"columns=order-{width[1]}\.time\."))
    rows(page, 6)
    assert heads(page)[:2] == ["order", "time"]


def drag(page: Page, what: str, *, by: int) -> None:
    """To the right, as slowly as a hand."""
    box = page.locator(what).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(300)  # the grid takes what is shorter for a click
    page.mouse.move(x + by, y, steps=5)
    page.mouse.up()


def test_views_are_kept_shared_replaced_renamed_and_deleted(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    page = visit("owner", LIST, bypass_csp=True)
    rows(page, 6)
    pick(page, "customer", "Neukunde")
    rows(page, 2)
    page.get_by_role("button", name="Ansichten").click()
    assert serious(page) == []
    page.get_by_label("Was Sie sehen, als neue Ansicht behalten").fill("Neue")
    page.get_by_label("für", exact=True).select_option(label="alle bei ACME")
    page.get_by_role("button", name="Ansicht behalten").click()
    expect(page.get_by_role("button", name="Neue")).to_be_visible()

    colleague = visit("viewer", LIST)
    colleague.get_by_role("button", name="Ansichten").click()
    colleague.get_by_role("link", name="Neue").click()
    rows(colleague, 2)
    colleague.get_by_role("button", name="Neue").click()
    expect(colleague.get_by_role("button", name="Umbenennen")).to_have_count(0)
    colleague.get_by_role("button", name="Liste immer mit dieser Ansicht öffnen").click()
    expect(colleague.locator("#views")).to_be_hidden()
    colleague.goto(LIST)
    rows(colleague, 2)

    pick(page, "customer", "Neukunde", "Bestandskunde")
    rows(page, 3)
    menu = page.get_by_role("button", name="Neue geändert")
    menu.click()
    page.get_by_role("button", name="Änderungen in „Neue“ behalten").click()
    expect(menu).to_have_count(0)
    page.get_by_role("button", name="Neue").click()
    page.get_by_label("Name dieser Ansicht").fill("Bekannte")
    page.get_by_role("button", name="Umbenennen").click()
    page.get_by_role("button", name="Bekannte").click()
    page.get_by_label("Was Sie sehen, als neue Ansicht behalten").fill("Bekannte")
    page.get_by_label("für", exact=True).select_option(label="alle bei ACME")
    page.get_by_role("button", name="Ansicht behalten").click()
    expect(page.get_by_role("alert").first).to_contain_text("Eine Ansicht „Bekannte“ gibt es schon.")
    expect(page.get_by_label("Was Sie sehen, als neue Ansicht behalten")).to_have_value("Bekannte")
    page.get_by_text("Diese Ansicht löschen").click()
    page.get_by_role("button", name="Löschen", exact=True).click()
    expect(page.get_by_role("button", name="Ansichten")).to_be_visible()

    colleague.goto(LIST)
    rows(colleague, 6)
