"""Approving and rejecting as people do it: by menu key, keys, ticks and touch; two at once. `test_month` has the
right-click."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from accredit.access.models import User
from accredit.conversions.models import Conversion
from accredit.conversions.turnover import change_turnover
from accredit.programs.models import EventType
from tests.browser.test_accessibility import serious
from tests.factories.installing import load, orders
from tests.factories.people import Shop
from tests.factories.validating import COMMAND, LATER, asked_turnovers

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
LIST = "/programs/anvils/conversions"


def row(page: Page, token: str) -> Locator:
    return page.locator(".tabulator-row", has_text=token)


def window(page: Page) -> Locator:
    return page.locator("dialog#window")


def ready(page: Page, rows: int = 6) -> Page:
    expect(page.locator(".tabulator-row")).to_have_count(rows)
    return page


def stored() -> dict[str, str]:
    return {one.order_token: one.status for one in Conversion.objects.exclude(status="open")}


def test_by_the_menu_key_with_reason_and_comment(visit: Visit, shop: Shop) -> None:
    page = ready(visit("advertiser", LIST))
    press = page.keyboard.press
    press("j")
    press("j")
    expect(row(page, "1006")).to_be_focused()
    press("Shift+F10")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Open the explanation")).to_be_focused()
    press("Escape")
    expect(menu).to_be_hidden()
    expect(row(page, "1006")).to_be_focused()
    press("ContextMenu")
    expect(menu.get_by_role("menuitem", name="Open the explanation")).to_be_focused()
    press("ArrowDown")
    press("ArrowDown")
    expect(menu.get_by_role("menuitem", name="Reject")).to_be_focused()
    press("Enter")
    expect(window(page).get_by_label("Reason")).to_be_focused()
    press("Enter")
    expect(window(page)).to_be_visible()  # the browser asks for the reason
    window(page).get_by_label("Reason").select_option("Returned")
    window(page).get_by_label("Comment").fill("Parcel refused")
    window(page).get_by_role("button", name="Reject").press("Enter")
    expect(row(page, "1006")).to_contain_text("Rejected")
    expect(row(page, "1006")).to_be_focused()
    one = Conversion.objects.get(order_token="1006")
    assert (one.status, one.rejection_reason, one.rejection_comment) == ("rejected", "returned", "Parcel refused")
    partner = ready(visit("partner", LIST), 3)
    row(partner, "1006").click()
    expect(partner.locator("#panel")).to_contain_text("Parcel refused")
    expect(partner.locator("#panel")).to_contain_text("by the advertiser")


def test_by_keys(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    page = ready(visit("advertiser", LIST))
    press = page.keyboard.press
    press("j")
    press("a")
    expect(window(page)).to_contain_text("Order 1001 bestätigen")
    press("Escape")
    expect(window(page)).to_be_hidden()
    expect(row(page, "1001")).to_be_focused()
    press("Space")
    press("j")
    press("Space")
    expect(page.locator("#bulk")).to_contain_text("2 angehakt")
    press("r")
    expect(window(page)).to_contain_text("2 Conversions stornieren")
    window(page).get_by_label("Grund").select_option("Zurückgesandt")
    window(page).get_by_role("button", name="Stornieren").click()
    expect(row(page, "1001")).to_contain_text("Storniert")
    expect(row(page, "1006")).to_contain_text("Storniert")
    expect(page.locator("#bulk [data-act=untick]")).to_be_hidden()
    press("?")
    expect(page.get_by_role("dialog", name="Tastatur")).to_contain_text("Stornieren, was angehakt ist, sonst die Zeile")


def test_ticks_of_a_page_all_that_match_and_ticks_that_stay(visit: Visit, shop: Shop) -> None:
    table = "order | at | turnover | visitor\n" + "\n".join(f"n{n} | T-{n}min | 1.00 | -" for n in range(130))
    load(shop.program, orders=orders(table))
    page = ready(visit("advertiser", f"{LIST}?credited=none"), 100)
    expect(page.locator("#totals")).to_contain_text("131")
    boxes = page.locator("[data-tick]")
    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(page.locator("#bulk")).to_contain_text("3 ticked")
    page.locator("[data-tick-page]").click()
    expect(page.locator("#bulk")).to_contain_text("100 ticked")
    page.locator("[data-tick-page]").click()
    expect(page.locator("#bulk [role=status]")).to_be_hidden()
    boxes.nth(0).click()
    page.get_by_role("link", name="Next").click()
    ready(page, 31)
    expect(page.locator("#bulk")).to_contain_text("1 ticked")
    page.locator("[data-tick-page]").click()
    expect(page.locator("#bulk")).to_contain_text("32 ticked")
    page.get_by_role("button", name="All that match the filters").click()
    expect(page.locator("#bulk")).to_contain_text("131 ticked")
    page.locator("#bulk").get_by_role("button", name="Approve").click()
    expect(window(page)).to_contain_text("Approve 131 conversions")
    window(page).get_by_role("button", name="Approve").click()
    expect(page.locator(".tabulator-row .status.approved")).to_have_count(31)
    assert len(stored()) == 131
    page.locator("[data-tick]").nth(0).click()
    expect(page.locator("#bulk")).to_contain_text("1 ticked")
    page.goto(f"{LIST}?status=open")
    ready(page, 5)
    expect(page.locator("#bulk [role=status]")).to_be_hidden()


def test_of_two_windows_one_is_told_who_was_first(visit: Visit, shop: Shop) -> None:
    first, second = ready(visit("agency", LIST)), ready(visit("advertiser", LIST))
    for page in (first, second):
        row(page, "1001").click(button="right")
        page.get_by_role("menuitem", name="Approve").click()
        expect(window(page)).to_contain_text("Approve order 1001")
    first.locator("#window").get_by_role("button", name="Approve").click()
    expect(row(first, "1001")).to_contain_text("Approved")
    second.locator("#window").get_by_role("button", name="Approve").click()
    expect(window(second)).to_contain_text("It was validated before.")
    expect(window(second)).to_contain_text("Approved: Agency, in the browser")
    window(second).get_by_role("button", name="Close").first.click()
    expect(row(second, "1001")).to_contain_text("Approved")
    expect(row(second, "1001")).to_be_focused()


def test_in_the_panel_beside_a_list_without_it_held_back_and_released(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    EventType.objects.filter(code="sale").update(approve_after_days=30)
    page = visit("advertiser", f"{LIST}/{shop.keys['1005']}?status=rejected", bypass_csp=True)
    panel = page.locator("#panel")
    panel.get_by_label("Warum sie zurückgehalten wird").fill("Die Kundin fragt nach")
    assert serious(page) == []
    panel.get_by_role("button", name="Zurückhalten").click()
    expect(panel).to_contain_text("Die Kundin fragt nach")
    assert serious(page) == []
    panel.get_by_role("button", name="Freigeben").click()
    expect(panel.get_by_label("Warum sie zurückgehalten wird")).to_be_visible()
    panel.get_by_role("button", name="Bestätigen").click()
    expect(window(page)).to_contain_text("Order 1005 bestätigen")
    window(page).get_by_role("button", name="Bestätigen").click()
    expect(panel).to_contain_text("Advertiser, im Browser")
    expect(page.locator("#panel-title")).to_be_focused()
    assert stored() == {"1005": "approved"}


def test_viewers_and_partners_have_no_menu(visit: Visit, shop: Shop) -> None:
    for who, rows in (("viewer", 6), ("partner", 3)):
        page = ready(visit(who, LIST), rows)
        row(page, "1001").click(button="right")
        assert page.locator("#row-menu, #bulk, [data-tick], [data-turnover]").count() == 0
        page.keyboard.press("Escape")
        row(page, "1001").click()
        expect(page.locator("#panel-title")).to_be_visible()
        assert page.locator("#panel [data-act]").count() == 0
        for key in ("a", "r", "t", "Space"):
            page.keyboard.press(key)
        expect(window(page)).to_be_hidden()


def test_by_touch_on_a_phone(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    page = ready(visit("advertiser", LIST, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True))
    row(page, "1005").get_by_text("1005").tap()
    page.locator("#panel").get_by_role("button", name="Bestätigen").tap()
    expect(window(page)).to_contain_text("Order 1005 bestätigen")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    window(page).get_by_role("button", name="Bestätigen").tap()
    expect(window(page)).to_be_hidden()
    expect(page.locator("#panel")).to_contain_text("Bestätigt")
    page.locator("#panel").get_by_role("button", name="Umsatz ändern").tap()
    expect(window(page)).to_contain_text("Umsatz ändern")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    window(page).get_by_role("button", name="Abbrechen").tap()
    page.get_by_role("link", name="Erklärung schließen").tap()
    row(page, "1001").locator("[data-tick]").tap()
    expect(page.locator("#bulk")).to_contain_text("1 angehakt")
    assert stored() == {"1005": "approved"}


def test_axe_with_menu_and_windows_open(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    page = ready(visit("advertiser", LIST, bypass_csp=True, color_scheme="dark"))
    page.locator("[data-tick]").nth(0).click()
    row(page, "1002").click(button="right")
    expect(page.get_by_role("menu")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("Escape")
    for key in ("a", "r", "t"):
        page.keyboard.press(key)
        expect(window(page).locator("h1")).to_be_visible()
        assert serious(page) == []
        if key != "t":
            page.keyboard.press("Escape")
            expect(window(page)).to_be_hidden()
    turnovers = asked_turnovers("order | turnover\n 1002 | 50.00")
    change_turnover("anvils", turnovers, actor=COMMAND, now=LATER)
    window(page).get_by_label("Neuer Umsatz in USD").fill("40,00")
    window(page).get_by_label("Warum").fill("Zurückgeschickt")
    window(page).get_by_role("button", name="Umsatz speichern").click()
    expect(window(page).get_by_role("alert")).to_contain_text("durch einen Befehl")
    assert serious(page) == []
