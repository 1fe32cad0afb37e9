"""The Explorer's list as people use it: it opens with what is to be done, filters, ticks, views; in both languages."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accredit.access.models import User
from accredit.conversion_requests.models import Request
from tests.browser.test_accessibility import NARROW, serious
from tests.browser.test_list import heads, rows
from tests.browser.test_pages import Visit, pick, tokens
from tests.factories.people import Shop
from tests.factories.requesting import decided, raised

pytestmark = pytest.mark.xdist_group("browser")
LIST = "/programs/anvils/requests"


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """Five requests, raised an hour apart: 5 rejected, the others open; 1 and 3 of barb's, 4 a change."""
    raised(
        shop.program,
        """
        kind   | partner | order | at   | turnover
        create | barb    | n-1   | T-2d | 10.00
        create | ann     | n-2   | T-2d | 20.00
        create | barb    | n-3   | T-2d | 30.00
        change | barb    | 1001  |      | 150.00
        create | ann     | n-5   | T-2d | 50.00
        """,
    )
    decided(shop.program, "number | verdict | reason\n 5 | rejected | returned")
    for one in Request.objects.all():
        one.raised_at = timezone.now() - timedelta(hours=one.number)
        one.save(update_fields=["raised_at"])
    return shop


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_list_from_opening_to_the_window(visit: Visit, shop: Shop, language: str) -> None:
    User.objects.update(language=language)
    words = {
        "en": ("Conversion requests", "Change", "Clear filters", "2 ticked", "All that match the filters"),
        "de": ("Conversion Requests", "Änderung", "Filter aufheben", "2 angehakt", "Alle, die zu den Filtern passen"),
    }
    title, change, clear, ticked, every = words[language]
    page = visit("owner", LIST, bypass_csp=True)  # for axe
    expect(page).to_have_url(re.compile(r"requests\?status=inquired&status=accepted&status=failed&time\.from="))
    expect(page).to_have_title(f"{title} · Anvil Shop · Accredit")
    assert tokens(page) == ["n-1", "n-2", "n-3", "1001"]
    assert serious(page) == []
    pick(page, "type", change)
    rows(page, 1)
    page.get_by_role("link", name=clear).click()
    rows(page, 5)
    expect(page).to_have_url(re.compile(r"requests\?sort=-time$"))
    expect(page.locator("#totals")).to_contain_text("260")

    page.keyboard.press("j")
    page.keyboard.press(" ")
    page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(page.locator("#bulk [role=status]")).to_have_text(ticked)
    page.keyboard.press("a")
    expect(page.locator("#window-title")).to_contain_text("2")
    expect(page.locator("#window [name=id]")).to_have_value(re.compile("^rq_[^,]+,rq_[^,]+$"))
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-tick-page]").check()
    page.locator("#bulk [data-act=untick]").click()
    expect(page.get_by_role("button", name=every)).to_be_hidden()

    page.locator(".tabulator-row").last.click(button="right")
    expect(page.locator("#row-menu [data-act=accepted]")).to_be_disabled()  # it is rejected already
    expect(page.locator("#row-menu [data-act=open]")).to_be_enabled()
    assert serious(page) == []
    page.locator("#row-menu [data-act=open]").click()
    expect(page.locator("#panel-title")).to_contain_text("5")
    expect(page).to_have_url(re.compile(r"requests/rq_[0-9a-z]{26}\?sort=-time$"))
    address = page.url
    page.goto("about:blank")
    page.goto(address)  # what a colleague sees who gets the link
    expect(page.locator("#panel-title")).to_contain_text("5")
    rows(page, 5)


def test_a_partner_keeps_a_view_and_columns_of_its_own(visit: Visit, shop: Shop) -> None:
    page = visit("partner", f"{LIST}?type=create&sort=-turnover&columns=order.status.turnover", bypass_csp=True)
    assert tokens(page) == ["n-3", "n-1"]
    assert heads(page) == ["order", "status", "turnover"]
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Keep what you see as a new view").fill("Missing ones")
    page.get_by_role("button", name="Keep view").click()
    page.get_by_role("button", name="Missing ones").click()
    page.get_by_role("button", name="Always open the list with this view").click()
    expect(page.locator("#views")).to_be_hidden()
    page.goto(LIST)
    assert tokens(page) == ["n-3", "n-1"]
    page.goto("/programs/anvils/conversions")  # that list has its own
    expect(page).to_have_url(re.compile(r"/conversions$"))
    page.keyboard.press("w")  # nothing there
    expect(page.get_by_role("button", name="Missing ones")).to_have_count(0)
    expect(page.locator("#window")).to_be_hidden()

    phone = visit("partner", f"{LIST}?sort=-time", bypass_csp=True, viewport=NARROW)
    assert tokens(phone) == ["n-1", "n-3", "1001"]
    assert phone.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    assert serious(phone) == []
    phone.locator("[data-tick]").first.check()
    phone.get_by_role("button", name="Withdraw…").click()
    expect(phone.locator("#window-title")).to_contain_text("Withdraw")
