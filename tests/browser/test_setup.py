"""An advertiser sets up a program from nothing, without a file, up to a partner's link that works."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accredit.access.models import Organization, User
from accredit.files import parse_program
from accredit.programs.models import Partner, Program
from accredit.programs.operations import apply_program
from tests.browser.test_accessibility import NARROW, WIDE, serious
from tests.factories.people import Shop

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
SETUP = "/programs/anvils/setup"
TERMS = """
[[terms]]
code = "standard"
version = 1
  [[terms.payout]]
  event_type = "sale"
  level = "order"
  model = "Standard"
  percent = "10"
"""


def test_a_program_from_nothing_to_a_link(visit: Visit, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCREDIT_TRACKER_URL", "https://track.example.com")
    page = visit("owner", "/programs/new")
    page.get_by_label("Name", exact=True).fill("Tin Shop")
    page.get_by_label("Code", exact=True).fill("tins")
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_role("button", name="Make the program").click()
    expect(page.get_by_role("heading", name="Set-up")).to_be_visible()

    page.get_by_role("link", name="Do it: Say which hosts the shop has").click()
    page.get_by_label("Allowed hosts, one a line").fill("https://tins.example/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Allowed hosts, one a line")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".wrong")).to_contain_text("is no host: write it in lower case without https://")
    page.get_by_label("Allowed hosts, one a line").fill("tins.example")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved: 1 change.")

    add_terms()  # the pages of terms have tests of their own
    setup_pages = page.get_by_role("navigation", name="Set-up")
    setup_pages.get_by_role("link", name="Partners and contracts").click()
    page.get_by_role("link", name="New partner").click()
    page.get_by_label("Name", exact=True).fill("Barb Dwyer")
    page.get_by_label("Code", exact=True).fill("barb")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Barb Dwyer")).to_be_visible()
    page.get_by_role("link", name="Add a period").click()
    expect(page.get_by_text("Change a credit group with care")).to_be_visible()
    page.get_by_label("Terms").select_option("1 standard")
    page.get_by_label("From").fill("2026-01-01T00:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".periods li")).to_have_count(1)
    expect(page.locator(".periods li")).to_contain_text("counts now")
    expect(page.get_by_role("textbox", name="Tracking link")).to_have_value("https://track.example.com/c/tins:barb")

    page.get_by_role("link", name="Add a period").click()
    page.get_by_label("Terms").select_option("1 standard")
    page.get_by_label("Credit group").select_option("standard")
    page.get_by_label("From").fill("2030-01-01T00:00")
    page.get_by_role("button", name="Save").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("This will change")
    expect(told).to_contain_text("Barb Dwyer had no conversions in the last 30 days.")
    page.get_by_role("button", name="Save as shown above").click()
    expect(page.locator(".periods li")).to_have_count(2)

    page.get_by_text("For an ad, a page of the shop, or with sub ids").click()
    page.get_by_label("Page of the shop (deep link)").fill("https://elsewhere.example/")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("alert")).to_contain_text("tins.example")
    page.get_by_label("Page of the shop (deep link)").fill("https://tins.example/sale")
    page.get_by_label("Sub id 1").fill("blog")
    page.get_by_role("button", name="Make the link").click()
    link = "https://track.example.com/c/tins:barb?u=https%3A%2F%2Ftins.example%2Fsale&s1=blog"
    expect(page.get_by_role("textbox", name="Tracking link")).to_have_value(link)

    setup_pages.get_by_role("link", name="Keys").click()
    page.get_by_role("button", name="Make a key").click()
    expect(page.locator("#secret")).to_have_text(re.compile(r"^\S{40,}$"))
    setup_pages.get_by_role("link", name="Overview").click()
    expect(page.locator(".guide .finished")).to_have_count(6)
    setup_pages.get_by_role("link", name="History").click()
    expect(page.locator(".entries > li").first).to_contain_text("made the signing key")

    organization = Organization.objects.get(name="Barb Dwyer Ltd")
    Partner.objects.filter(program__code="tins", code="barb").update(organization=organization)
    mine = visit("partner", "/programs/tins/mine")
    expect(mine.get_by_role("textbox", name="Tracking link")).to_have_value("https://track.example.com/c/tins:barb")
    expect(mine.locator(".periods li")).to_have_count(2)


def test_every_list_and_the_program_file_in_german(visit: Visit, shop: Shop) -> None:
    User.objects.update(language="de")
    page = visit("advertiser", f"{SETUP}/event-types/{shop.keys['et-lead']}", bypass_csp=True)
    page.get_by_label("Wörter des Shops den Kundenstatus zuordnen").check()
    page.get_by_label("Kundenstatus", exact=True).first.fill("New")
    page.get_by_label("Wörter des Shops, eines je Zeile").first.fill("neu\nerster Kauf")
    save(page)

    setup_pages = page.get_by_role("navigation", name="Einrichtung")
    for name, new, fields in (
        ("Kanäle", "Neuer Kanal", {"Code": "social", "Name": "Soziale Medien", "Credit-Gruppe": "nicht bevorzugt"}),
        ("Promo-Codes", "Neuer Promo-Code", {"Code": "SPAR10", "Partner": "Barb Dwyer (barb)"}),
        (
            "Werbemittel",
            "Neues Werbemittel",
            {"Code": "tile", "Name": "Kachel", "Zielseite": "https://anvils.example/neu"},
        ),
        (
            "Stornogründe",
            "Neuer Stornogrund",
            {"Code": "fraud", "Titel auf Deutsch": "Betrug", "Titel auf Englisch": "Fraud"},
        ),
    ):
        setup_pages.get_by_role("link", name=name).click()
        assert serious(page) == [], name
        page.get_by_role("link", name=new).click()
        for label, value in fields.items():
            field = page.get_by_label(label, exact=True)
            if label in ("Credit-Gruppe", "Partner"):
                field.select_option(label=value)
            else:
                field.fill(value)
        save(page)

    setup_pages.get_by_role("link", name="Promo-Codes").click()
    page.get_by_label("Zu welcher Festlegung gehört dieser Code?").fill("spar10")
    page.get_by_role("button", name="Ausprobieren").click()
    expect(page.get_by_role("status")).to_contain_text("spar10 gehört zu SPAR10 von Barb Dwyer")

    setup_pages.get_by_role("link", name="Programmdatei").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Programmdatei herunterladen").click()
    text = Path(download.value.path()).read_text()
    assert all(part in text for part in ("erster Kauf", "Soziale Medien", "SPAR10", "Kachel", "Betrug"))
    changed = text.replace('"Anvil Shop"', '"Ambossladen"').encode()
    page.get_by_label("Eine Programmdatei (.toml)").set_input_files(
        {"name": "anvils.toml", "mimeType": "application/toml", "buffer": changed}
    )
    page.get_by_role("button", name="Zeigen, was sie ändern würde").click()
    expect(page.get_by_role("alert")).to_contain_text("Das wird sich ändern")
    expect(page.get_by_role("alert")).to_contain_text("Ambossladen")
    assert serious(page) == []
    page.get_by_role("button", name="Datei wie oben gezeigt anwenden").click()
    expect(page.get_by_role("status")).to_have_text("Gespeichert: 1 Änderung.")
    assert Program.objects.get(code="anvils").name == "Ambossladen"


def save(page: Page) -> None:
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_role("status")).to_have_text("Gespeichert: 1 Änderung.")


def add_terms() -> None:
    from accredit.files import write_program
    from accredit.programs.queries import program_value

    text = write_program(program_value(Program.objects.get(code="tins").id)) + TERMS
    apply_program(parse_program("tins.toml", text.encode()))


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("de", "light", WIDE), ("en", "dark", NARROW)],
    ids=["de-light-wide", "en-dark-narrow"],
)
def test_axe_finds_nothing_serious(visit: Visit, shop: Shop, language: str, scheme: str, size: dict[str, int]) -> None:
    User.objects.update(language=language)
    options = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    page = visit("advertiser", SETUP, **options)
    keys = shop.keys
    pages = (
        "", "/program", "/event-types", f"/event-types/{keys['et-sale']}", "/partners", f"/partners/{keys['pa-barb']}",
        f"/partners/{keys['pa-ann']}/periods/{keys['cp-ann']}", f"/channels/{keys['ch-display']}",
        "/promo-codes?code=anvil10", "/projects/new", "/keys", "/file", "/history",
    )  # fmt: skip
    for number, address in enumerate(pages):
        page.goto(f"{SETUP}{address}")
        expect(page.locator("#sheet-title")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"], address
        if number % 2 == (language == "de"):  # each page once: what they are made of is the same
            assert serious(page) == [], address
    page.goto("/programs/new")
    assert serious(page) == []
    partner = visit("partner", "/programs/anvils/mine", **options)
    assert serious(partner) == []
