"""An advertiser writes a new version of terms, sees what it earns, announces it; a partner begins early with it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from accredit.access.models import User
from tests.browser.test_accessibility import NARROW, WIDE, serious
from tests.factories.people import Shop

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
TERMS = "/programs/anvils/terms"


def test_a_version_from_the_first_field_to_a_partner_who_begins_early(visit: Visit, shop: Shop) -> None:
    page = visit("owner", f"{TERMS}/standard/1", bypass_csp=True)
    page.get_by_role("link", name="New version").click()
    result = page.locator("#earned section").first.locator(".result td")
    expect(result).to_have_text("US$10.00")

    page.locator("#payout\\.0\\.percent").fill("12.5")
    expect(result).to_have_text("US$12.50")
    page.get_by_role("button", name="+ Payout group").click()
    name = page.locator("#payout\\.0\\.group\\.1\\.name")
    expect(name).to_be_focused()
    name.fill("Shoes")
    page.locator("#payout\\.0\\.group\\.1\\.percent").fill("20")
    page.locator("#payout\\.0\\.group\\.1\\.when\\.0\\.field").select_option("category")
    value = page.locator("#payout\\.0\\.group\\.1\\.when\\.0\\.values\\.1")
    value.fill("shoes")
    expect(page.locator("[id^='payout.0.group.1.when.0.values']")).to_have_count(2)  # room for another one
    page.locator("#sample\\.category").fill("Shoes")
    expect(result).to_have_text("US$20.00")

    page.get_by_role("button", name="Move “Shoes” up").click()
    expect(page.locator("#payout\\.0\\.group\\.0\\.name")).to_have_value("Shoes")
    page.get_by_role("button", name="+ Restriction").click()
    page.locator("#payout\\.0\\.restriction\\.1\\.name").fill("Nothing for Austria")
    page.locator("#payout\\.0\\.restriction\\.1\\.when\\.0\\.field").select_option("country")
    page.locator("#payout\\.0\\.restriction\\.1\\.when\\.0\\.values\\.1").fill("AT")
    page.locator("#sample\\.country").fill("at")
    expect(result).to_have_text("US$0.00")
    expect(page.locator("#earned section").first).to_contain_text("Nothing for Austria")
    page.get_by_role("button", name="Price the last 1,000").click()
    expect(page.locator("#replay tfoot")).to_contain_text("All partners")

    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile(r"/terms/standard/2$"))
    expect(page.locator(".differences")).to_contain_text("20% of the turnover")
    page.get_by_role("link", name="Announce").click()
    assert serious(page) == []
    page.get_by_label("Modification start date").fill((datetime.now(UTC) + timedelta(days=20)).date().isoformat())
    page.get_by_label("Partners may begin earlier").check()
    page.get_by_label("Comment for partners").fill("More for shoes")
    page.keyboard.press("Enter")
    page.locator(".announce summary").click()
    page.get_by_role("button", name="Announce for good").click()
    expect(page.locator(".done")).to_contain_text("1 contract moves to it")

    User.objects.filter(name="Partner").update(language="de")
    page = visit("partner", TERMS, bypass_csp=True)
    expect(page.locator(".coming")).to_contain_text("More for shoes")
    expect(page.locator(".coming")).to_contain_text("12,5\N{NO-BREAK SPACE}% vom Umsatz")
    assert serious(page) == []
    page.get_by_role("button", name="Jetzt mit den neuen Konditionen beginnen").click()
    expect(page.locator(".done")).to_contain_text("Angenommen")


def test_what_is_wrong_is_shown_at_its_field_and_what_was_typed_stays(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    page = visit("owner", f"{TERMS}/standard/1/next")
    page.locator("#payout\\.0\\.percent").fill("a lot")
    page.get_by_role("button", name="Speichern", exact=True).click()
    field = page.locator("#payout\\.0\\.percent")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("a lot")
    expect(field).to_be_focused()


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", WIDE), ("de", "dark", WIDE), ("de", "light", NARROW)],
    ids=["en-light-wide", "de-dark-wide", "de-light-narrow"],
)
def test_axe(visit: Visit, shop: Shop, language: str, scheme: str, size: dict[str, int]) -> None:
    User.objects.update(language=language)
    options = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    page = visit("owner", TERMS, **options)
    for address in ("", "/standard/1", "/standard/1/next", "/new"):
        page.goto(f"{TERMS}{address}")
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    page = visit("partner", TERMS, **options)
    assert serious(page) == []
