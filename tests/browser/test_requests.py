"""Conversion requests as people deal with them: a partner raises one with a file, the advertiser reads what there is to
know, sees what would come of it and decides; two decide at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from accredit.access.models import User
from accredit.conversion_requests.models import Request, Rules
from accredit.web.requests import deciding
from tests.browser.test_accessibility import serious
from tests.factories.asking import PNG, ask, key_of, missing
from tests.factories.installing import load, orders
from tests.factories.people import Shop
from tests.factories.requesting import accepted, processed, stages

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
LIST = "/programs/anvils/requests"


def window(page: Page) -> Locator:
    return page.locator("dialog#window")


def row(page: Page, order: str) -> Locator:
    return page.locator(".tabulator-row", has_text=order)


def choose(page: Page, *, name: str, content: bytes) -> None:
    page.locator("#request-files").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """It takes requests for the orders of the tests, which are old."""
    Rules.objects.create(program=shop.program, period_days=3_650)
    return shop


def raised_by_hand(visit: Visit) -> Page:
    """The partner's browser, after the request for order 2001 was raised, with a file."""
    partner = visit("partner", f"{LIST}/new", bypass_csp=True)
    check, field = partner.locator("#raise-check"), partner.get_by_label
    field("Order number", exact=True).fill("2001")
    expect(check).to_contain_text("Still missing: Event type, Time, Turnover")
    field("Event type").select_option("sale")
    time = partner.locator("#request-occurred_at")
    time.fill("2025-11-02T01:30")
    partner.get_by_text("The second time (UTC−05:00)").click()
    expect(check).not_to_contain_text("twice")
    expect(partner.get_by_label("The second time")).to_be_checked()
    expect(partner.get_by_label("The second time")).to_be_focused()
    time.fill("2026-03-20T09:00")
    turnover = partner.locator("#request-turnover_minor")
    turnover.fill("100,00")
    expect(check).to_contain_text("could be read in two ways")
    turnover.fill("100.00")
    expect(check).to_contain_text("US$10.00")
    expect(check).to_contain_text("Commission model")
    assert serious(partner) == []
    field("Comment (").fill("The customer sent the receipt.")
    choose(partner, name="a.png", content=b"GIF89a\x00")
    partner.get_by_role("button", name="Raise the request").click()
    expect(check).to_contain_text("a.png is none of these by its content")
    expect(field("Order number", exact=True)).to_have_value("2001")
    choose(partner, name="receipt.png", content=PNG)
    partner.get_by_role("button", name="Raise the request").dblclick()
    expect(partner.locator("#panel-title")).to_contain_text("Request 1")
    expect(partner.locator("#panel")).to_contain_text("receipt.png")
    expect(partner.locator("#panel")).to_contain_text("The customer sent the receipt.")
    assert Request.objects.count() == 1
    return partner


def test_raised_by_hand_with_a_file_then_accepted_and_processed(visit: Visit, shop: Shop) -> None:
    partner = raised_by_hand(visit)
    missing(shop, "2002", "50.00")
    missing(shop, "1002", "61.00")
    User.objects.update(language="de")
    page = visit("advertiser", f"{LIST}?sort=-time", bypass_csp=True, color_scheme="dark")
    expect(page.locator(".tabulator-row")).to_have_count(3)
    row(page, "1002").click()
    panel = page.locator("#panel")
    expect(panel).to_contain_text("Anspruch")
    panel.locator("summary").click()
    assert serious(page) == []
    row(page, "2001").click()
    expect(panel).to_contain_text(
        "Barb Dwyer hat am Tag vor der Order keinen Klick; eine Order mit dieser Nummer ist nicht bekannt."
    )
    panel.get_by_role("tab", name="Alle Felder").click()
    expect(panel).to_contain_text("100,00 $")
    panel.get_by_role("tab", name="Austausch").click()
    panel.get_by_label("Kommentar (").fill("Danke.")
    panel.get_by_role("button", name="Senden").click()
    expect(panel).to_contain_text("Der Partner hat noch nicht geantwortet.")
    for order in ("2001", "2002"):
        row(page, order).locator("[data-tick]").click()
    page.keyboard.press("a")
    expect(window(page)).to_contain_text("2 Requests annehmen")
    expect(window(page)).to_contain_text("+15,00 $")
    assert serious(page) == []
    window(page).get_by_role("button", name="Annehmen").click()
    expect(page.locator(".tabulator-row .status.accepted")).to_have_count(2)
    row(page, "1002").click()
    expect(page.locator("#panel-title")).to_contain_text("Request 3")
    panel.get_by_role("button", name="Ablehnen").click()
    window(page).get_by_label("Grund").select_option("Zurückgesandt")
    window(page).get_by_label("Kommentar (").fill("Nicht von Ihnen.")
    window(page).get_by_role("button", name="Ablehnen").click()
    expect(panel).to_contain_text("Abgelehnt: Zurückgesandt")
    assert processed(shop.program).done == 2
    assert stages(shop.program) == "1 processed, 2 processed, 3 rejected returned"
    expect(page.locator(".tabulator-row .status.processed")).to_have_count(2)  # by itself
    row(page, "2001").click()
    expect(page.locator("#panel-title")).to_contain_text("Request 1")
    panel.get_by_role("link", name="Conversion öffnen").click()
    expect(page.locator("#panel")).to_contain_text("Request 1")
    partner.goto(f"{LIST}?sort=-time")
    expect(partner.locator(".tabulator-row .status.processed")).to_have_count(2)
    row(partner, "1002").click()
    expect(partner.locator("#panel")).to_contain_text("Nicht von Ihnen.")
    expect(partner.locator("#panel")).to_contain_text("durch den Advertiser")


def test_of_two_who_decide_at_once_one_is_told_who_was_first(visit: Visit, shop: Shop) -> None:
    missing(shop, "2001")
    User.objects.filter(pk=shop.users["advertiser"].pk).update(language="de")
    first, second = (visit(who, f"{LIST}?sort=-time", bypass_csp=True) for who in ("agency", "advertiser"))
    for page, accept, asked in ((first, "Accept", "Accept request 1"), (second, "Annehmen", "Request 1 annehmen")):
        row(page, "2001").click(button="right")
        page.get_by_role("menuitem", name=accept).click()
        expect(window(page)).to_contain_text(asked)
    window(first).get_by_role("button", name="Accept").click()
    expect(row(first, "2001")).to_contain_text("Accepted")
    window(second).get_by_role("button", name="Annehmen").click()
    expect(window(second)).to_contain_text("Über ihn wurde schon entschieden.")
    expect(window(second)).to_contain_text("Angenommen, Agency")
    assert serious(second) == []
    window(second).get_by_role("button", name="Schließen").first.click()
    expect(row(second, "2001")).to_contain_text("Angenommen")


def change_and_take_back(partner: Page) -> None:
    """The partner asks for a change from the panel of a conversion, in German, and withdraws it."""
    partner.goto(f"{LIST.removesuffix('requests')}conversions")
    row(partner, "1005").click()
    partner.locator("#panel").get_by_role("link", name="Änderung").click()
    expect(partner.get_by_label("Ordernummer", exact=True)).to_have_value("1005")
    partner.locator("#request-turnover_minor").fill("9,00")
    expect(partner.locator("#raise-check")).to_contain_text("Provision")
    partner.get_by_role("button", name="Request stellen").click()
    expect(partner.locator("#panel-title")).to_contain_text("Request 3")
    partner.keyboard.press("w")
    expect(window(partner)).to_contain_text("Request 3 zurückziehen")
    window(partner).get_by_role("button", name="Zurückziehen").click()
    expect(partner.locator("#panel")).to_contain_text("Zurückgezogen")


def test_a_failed_one_is_corrected_and_what_is_many_is_looked_at_page_by_page(
    visit: Visit, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "SHOWN", 1)
    about = ask(shop, "kind | partner | order | new_order\n change | barb | 1001 | 2001")[0]
    accepted(shop.program)
    load(shop.program, orders=orders("order | at | turnover\n 2001 | T | 1.00"))
    processed(shop.program)
    User.objects.filter(pk=shop.users["partner"].pk).update(language="de")
    partner = visit("partner", f"{LIST}/{key_of(about)}", bypass_csp=True)
    partner.get_by_role("link", name="Berichtigen").click()
    expect(partner.locator("#sheet-title")).to_have_text("Request 1 berichtigen")
    number = partner.get_by_label("Neue Ordernummer")
    expect(number).to_have_value("2001")
    assert serious(partner) == []
    number.fill("2002")
    partner.get_by_role("button", name="Request stellen").dblclick()
    expect(partner.locator("#panel")).to_contain_text("Er tritt an die Stelle von Request 1.")
    partner.get_by_role("link", name="Request 1", exact=True).click()
    expect(partner.locator("#panel")).to_contain_text("Er wurde berichtigt: Request 2")
    change_and_take_back(partner)
    missing(shop, "3001")
    owner = visit("advertiser", f"{LIST}?status=inquired&sort=time", bypass_csp=True)
    for order in ("1001", "3001"):
        row(owner, order).locator("[data-tick]").click()
    owner.keyboard.press("r")
    expect(window(owner)).to_contain_text("Reject 2 requests")
    owner.keyboard.press("Escape")
    owner.keyboard.press("a")
    rows = window(owner).locator("tbody").last.get_by_role("rowheader")
    expect(rows).to_have_text(["2 · Change"])
    assert serious(owner) == []
    window(owner).get_by_role("button", name="Show the next 1").click()
    expect(rows).to_have_text(["2 · Change", "4 · New"])
    window(owner).get_by_role("button", name="Accept").click()
    expect(owner.locator(".empty, .tabulator-row .status.accepted").first).to_be_visible()
    assert stages(shop.program) == "1 withdrawn, 2 accepted, 3 withdrawn, 4 accepted"


def test_rules_forms_and_the_panel_on_a_phone(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    about = ask(shop, "kind | partner | order | turnover | device\n change | barb | 1001 | 150.00 | tablet")[0]
    phone = {"viewport": {"width": 390, "height": 844}, "bypass_csp": True}
    page = visit("owner", "/programs/anvils/setup/requests", **phone)
    page.get_by_label("Requests dürfen sich selbst annehmen").check()
    page.get_by_label("Nur wo nicht mehr als das neu ausgezahlt wird").fill("50,00")
    expect(page.locator("#rules-would")).to_contain_text("Von 1 offenen Request würde sich nach dieser Regel 1 selbst")
    addresses = [f"{LIST}/{key_of(about)}", f"{LIST}/new?conversion={shop.keys['1001']}", f"{LIST}/e-mails"]
    for address in addresses:
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.goto(address)
        expect(page.locator("#panel-title, #sheet-title")).to_be_visible()
    assert serious(page) == []
    page.get_by_role("button", name="Abschalten").click()
    expect(page.get_by_role("status")).to_contain_text("keine E-Mails mehr")
