"""Changing turnovers as people do it: a click on the amount, the commission while one types, two at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accredit.access.models import User
from accredit.conversions.models import Conversion
from accredit.money import to_major
from tests.browser.test_validating import LIST, ready, row, window
from tests.factories.people import Shop
from tests.factories.validating import asked, validated

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]


def holds(token: str) -> str:
    one = Conversion.objects.get(order_token=token)
    return f"{to_major(one.turnover_minor, 'USD')} {to_major(one.commission_minor, 'USD')}"


def test_a_click_on_the_amount_and_the_commission_while_one_types(visit: Visit, shop: Shop) -> None:
    page = ready(visit("advertiser", LIST))
    row(page, "1001").get_by_role("button", name="US$136.27").click()
    new, shown = window(page).get_by_label("New turnover"), window(page).locator("#turnover-preview")
    expect(new).to_be_focused()
    expect(shown).to_contain_text("Nothing changed yet.")
    new.fill("100")
    expect(shown).to_contain_text("US$16.75")
    new.fill("100,5")
    expect(shown).to_contain_text("could be read in two ways")
    assert holds("1001") == "136.27 22.46"
    window(page).get_by_label("Why").evaluate("field => field.style.height = '9rem'")  # as if dragged: no complaint
    new.press("Enter")  # what is refused stays
    expect(new).to_have_attribute("aria-invalid", "true")
    expect(new).to_have_value("100,5")
    expect(new).to_be_focused()
    new.fill("100.50")
    expect(shown).to_contain_text("US$16.83")
    window(page).get_by_label("Why").fill("One came back")
    new.press("Enter")
    expect(window(page)).to_be_hidden()
    expect(page.get_by_role("status").filter(has_text="its commission is US$16.83")).to_be_visible()
    expect(row(page, "1001")).to_contain_text("US$100.50")
    expect(row(page, "1001")).to_contain_text("US$16.83")
    expect(page.locator("#totals")).to_contain_text("US$323.50")
    expect(row(page, "1001")).to_be_focused()
    assert holds("1001") == "100.50 16.83"


def test_items_by_keyboard_in_german(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    page = ready(visit("advertiser", LIST))
    press = page.keyboard.press
    press("j")
    press("End")
    expect(row(page, "1002")).to_be_focused()
    press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()
    press("t")
    expect(window(page).get_by_label("Neuer Umsatz in USD")).to_be_focused()
    press("Shift+Tab")
    press("ArrowRight")
    window(page).get_by_label("A-2 · tools: Menge, die bleibt").fill("1")
    shown = window(page).locator("#turnover-preview")
    expect(shown).to_contain_text("1,37\N{NO-BREAK SPACE}$")
    window(page).get_by_label("A-2 · tools: neuer Umsatz").fill("12,00")
    expect(shown).to_contain_text("1,62\N{NO-BREAK SPACE}$")
    shown.locator("summary").click()
    expect(shown).to_contain_text("12,00\N{NO-BREAK SPACE}$ × 12,5\N{NO-BREAK SPACE}% = 1,50")
    window(page).get_by_label("Warum").fill("Zwei kamen zurück")
    window(page).get_by_role("button", name="Umsatz speichern").press("Enter")
    expect(window(page)).to_be_hidden()
    panel = page.locator("#panel")
    expect(panel.locator("#panel-title")).to_be_focused()
    expect(panel).to_contain_text("Umsatz geändert")
    expect(panel.locator("del").first).to_have_text("61,00\N{NO-BREAK SPACE}$")
    expect(row(page, "1002")).to_contain_text("42,99\N{NO-BREAK SPACE}$")
    assert holds("1002") == "42.99 1.62"


def test_two_at_once_the_second_reads_what_changed_and_decides_again(visit: Visit, shop: Shop) -> None:
    first, second = ready(visit("agency", LIST)), ready(visit("advertiser", LIST))
    for page, turnover in ((first, "120"), (second, "100")):
        row(page, "1001").locator("[data-turnover]").click()
        window(page).get_by_label("New turnover").fill(turnover)
        window(page).get_by_label("Why").fill(f"{turnover} it is")
    first.locator("#window .button.main").click()
    expect(row(first, "1001")).to_contain_text("US$120.00")
    second.locator("#window .button.main").click()
    told = window(second).get_by_role("alert")
    expect(told).to_contain_text("It was changed after you looked at it")
    expect(told).to_contain_text("Agency, in the browser")
    expect(told).to_contain_text("120 it is")
    expect(window(second).get_by_label("New turnover")).to_have_value("100")
    expect(window(second).locator("#turnover-preview")).to_contain_text("US$120.00")
    assert holds("1001") == "120.00 19.90"
    second.locator("#window .button.main").click()
    expect(row(second, "1001")).to_contain_text("US$100.00")
    assert holds("1001") == "100.00 16.75"


def test_what_is_rejected_has_no_turnover_to_change(visit: Visit, shop: Shop) -> None:
    validated(asked("order | to | reason\n 1005 | rejected | returned"))
    page = ready(visit("advertiser", LIST))
    assert row(page, "1005").locator("[data-turnover]").count() == 0
    row(page, "1005").click(button="right")
    expect(page.get_by_role("menuitem", name="Change the turnover")).to_be_disabled()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(window(page)).to_contain_text("It is rejected")
