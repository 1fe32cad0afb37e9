"""A month of real orders, validated in German and read by a partner in English: by right-click, in bulk, by a partial
cancellation and by file. The ledger and both sides agree on what came of it. Without the real file: made-up orders of
the same shape."""

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

import polars as pl
import pytest
from django.utils import translation
from playwright.sync_api import Locator, Page, expect

from accredit.access.models import Language, User
from accredit.conversions.checking import check_ledger
from accredit.conversions.models import Conversion, Item
from accredit.demo.operations import load_demo
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from accredit.ledger.queries import balances
from accredit.programs.models import Program
from accredit.web import formats
from accredit.web.conversions import validating
from tests.acceptance.online_retail import PATH
from tests.browser.test_validating import Visit, ready, row, window
from tests.factories.people import Shop

pytestmark = pytest.mark.xdist_group("browser")
LIST, FILES = "/programs/hearth/conversions", "/programs/hearth/validation-files"
OF_PARTNER = f"{LIST}?credited=partner%3Atea-and-twine"
PEOPLE = {"advertiser": "editor@demo.example", "partner": "partner@demo.example"}
PENNYWISE = "pennywise"
BELOW = "(one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().bottom"


def month(folder: Path) -> Path | None:
    """December 2010, with which the real file begins."""
    if not PATH.exists():
        return None
    with gzip.open(PATH, "rt", encoding="utf-8", newline="") as file:
        head, *lines = takewhile(lambda line: line.startswith("InvoiceNo") or ",2010-12-" in line, file)
    path = folder / "december.csv"
    path.write_text(head + "".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def shop(transactional_db: None, tmp_path: Path) -> Iterator[Shop]:
    """The demo with that month, in the place of the invented shop."""
    load_demo(month(tmp_path), now=datetime.now(UTC))
    program = Program.objects.get(code="hearth")
    yield Shop(program, {who: User.objects.get(email=email) for who, email in PEOPLE.items()}, {})
    translation.deactivate()


def of(partner: str) -> list[Conversion]:
    """The partner's orders, as the list has them."""
    sales = Conversion.objects.filter(partner=partner, event_type="sale", commission_minor__gt=0)
    return list(sales.order_by("-occurred_at", "-id"))


def choose(page: Page, one: Conversion, act: str) -> Locator:
    """Right-click on a conversion, and what is chosen of the menu; the window that opens."""
    row(page, one.order_token).click(button="right")
    page.get_by_role("menuitem", name=act).click()
    return window(page)


def work(job: Job) -> None:
    while take_turn(job.id, stopping=lambda: False):
        pass


def approve(page: Page, approved: Conversion) -> None:
    """By right-click."""
    row(page, approved.order_token).click()
    expect(page.locator("#panel-title")).to_be_visible()
    row(page, approved.order_token).click(button="right")
    expect(page.get_by_role("menuitem")).to_have_count(4)
    page.keyboard.press("Escape")
    asked = choose(page, approved, "Bestätigen")
    expect(asked).to_contain_text(f"Order {approved.order_token} bestätigen")
    expect(asked).to_contain_text(money(approved.commission_minor, Language.GERMAN))
    expect(asked).to_contain_text("Das ist endgültig")
    asked.get_by_role("button", name="Bestätigen").click()
    said = page.get_by_role("status").filter(has_text="1 Conversion bestätigt.")
    assert said.evaluate(BELOW, page.locator(".list-body").element_handle()) >= 0  # no row is covered
    expect(asked).to_be_hidden()
    expect(row(page, approved.order_token)).to_contain_text("Bestätigt")
    expect(row(page, approved.order_token)).to_be_focused()
    expect(page.locator("#panel")).to_contain_text("Emil Krüger, im Browser")
    expect(page.locator("#totals")).to_contain_text("Bestätigt")
    row(page, approved.order_token).click(button="right")
    expect(page.get_by_role("menuitem", name="Bestätigen")).to_be_disabled()
    page.keyboard.press("Escape")


def reject(page: Page, refused: Conversion) -> None:
    """By right-click, with reason and comment."""
    asked = choose(page, refused, "Stornieren")
    asked.get_by_label("Grund").select_option("Ware zurückgeschickt")
    asked.get_by_label("Kommentar").fill("Alles kam am 3. zurück")
    asked.get_by_role("button", name="Stornieren").click()
    expect(row(page, refused.order_token)).to_contain_text("Storniert")


def cancel_in_part(page: Page, cancelled: Conversion) -> None:
    """A click on the amount, and one item of it was not bought."""
    page.get_by_role("link", name="Erklärung schließen").click()
    row(page, cancelled.order_token).locator("[data-turnover]").click()
    asked = window(page)
    asked.get_by_label("Einzelne Positionen").check()
    asked.locator("input[name^=quantity-]:visible").first.fill("0")
    asked.get_by_label("Warum").fill("Eine Tasse war zerbrochen")
    expect(asked.locator("#turnover-preview")).to_contain_text("Provision")
    asked.get_by_role("button", name="Umsatz speichern").click()
    expect(asked).to_be_hidden()
    before = cancelled.turnover_minor
    cancelled.refresh_from_db()
    items = list(Item.objects.filter(conversion_id=cancelled.id, decision=cancelled.decision))
    assert [one.quantity for one in items].count(0) == 1
    assert 0 < cancelled.turnover_minor == sum(one.turnover_minor for one in items) < before
    expect(row(page, cancelled.order_token)).to_contain_text(money(cancelled.turnover_minor, Language.GERMAN))


def approve_ticked(page: Page, ticked: Sequence[Conversion]) -> None:
    """Three rows, beside the one that was approved before."""
    for one in ticked:
        row(page, one.order_token).locator("[data-tick]").click()
    page.locator("#bulk").get_by_role("button", name="Bestätigen").click()
    expect(window(page)).to_contain_text("3 Conversions bestätigen")
    window(page).get_by_role("button", name="Bestätigen").click()
    expect(page.locator(".tabulator-row .status.approved")).to_have_count(4)


def reject_all_that_match(page: Page) -> None:
    """All of one partner, in the background."""
    page.goto(f"{LIST}?credited=partner%3A{PENNYWISE}")
    expect(page.locator(".tabulator-row").first).to_be_visible()
    page.locator("[data-tick-page]").click()
    if page.get_by_role("button", name="Alle, die zu den Filtern passen").is_visible():
        page.get_by_role("button", name="Alle, die zu den Filtern passen").click()
    count = Conversion.objects.filter(partner=PENNYWISE).count()
    page.locator("#bulk").get_by_role("button", name="Stornieren").click()
    expect(window(page)).to_contain_text(f"{count} Conversions stornieren")
    window(page).get_by_label("Grund").select_option("Testbestellung")
    window(page).get_by_role("button", name="Stornieren").click()
    progress = window(page).locator("#job")
    expect(progress).to_contain_text("Sie können diese Seite verlassen")
    work(Job.objects.latest("id"))
    expect(progress).to_have_attribute("data-state", "done")  # by itself
    expect(progress).to_contain_text(f"{count} Conversions storniert.")
    window(page).get_by_role("button", name="Schließen").click()
    expect(page.locator(".tabulator-row .status.rejected").first).to_be_visible()


def validate_the_rest(page: Page, rejected: Conversion, table: Path) -> None:
    """By a file: all that is open is approved, but for one conversion."""
    rest = list(Conversion.objects.filter(status="open").order_by("order_token"))
    with table.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, delimiter=";").writerow
        write(["Ordernummer", "Ereignistyp", "Status", "Stornogrund", "Kommentar"])
        for one in rest:
            if one == rejected:
                write([one.order_token, one.event_type, "storniert", "Bestellung storniert", "Am Telefon"])
            else:
                write([one.order_token, one.event_type, "bestätigt", "", ""])
    page.goto(FILES)
    page.locator("#file").set_input_files(table)
    page.get_by_role("button", name="Hochladen und prüfen").click()
    page.get_by_role("button", name=re.compile("Zeilen endgültig ausführen")).click()
    work(Job.objects.latest("id"))
    expect(page.locator("#job")).to_have_attribute("data-state", "done")
    expect(page.locator("#job")).to_contain_text("1 Conversion storniert.")


def reads_why(partner: Page, said: Sequence[tuple[Conversion, Sequence[str]]]) -> None:
    """The panel of each conversion says all of it, and not who it was."""
    panel = partner.locator("#panel")
    for one, sentences in said:
        partner.goto(f"{LIST}?order={one.order_token}")
        row(partner, one.order_token).click()
        expect(panel.locator("#panel-title")).to_have_text(f"Order {one.order_token}")
        for sentence in sentences:
            expect(panel).to_contain_text(sentence)
        expect(panel).not_to_contain_text("Emil")


def test_a_month_is_validated_and_its_partner_reads_why(
    visit: Visit, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validating, "TICKED", 20)
    approved, refused, cancelled, *ticked = of("tea-and-twine")[:6]
    assert shop.users["advertiser"].language == Language.GERMAN
    page = visit("advertiser", OF_PARTNER, viewport={"width": 1900, "height": 1000})
    approve(page, approved)
    reject(page, refused)
    cancel_in_part(page, cancelled)
    approve_ticked(page, ticked)
    reject_all_that_match(page)
    own = Conversion.objects.filter(status="open", partner="tea-and-twine").exclude(id=cancelled.id)
    by_file = own.order_by("order_token")[0]
    validate_the_rest(page, by_file, tmp_path / "Rest.csv")

    assert Conversion.objects.filter(status="open").count() == 0
    assert check_ledger(shop.program).rows() == []
    booked = balances(shop.program.id, partner="tea-and-twine").filter(pl.col("partner").is_not_null())
    owed = abs(booked["balance_minor"].sum())
    assert owed == sum(one.commission_minor for one in of("tea-and-twine") if one.status == "approved")

    partner = visit("partner", f"{LIST}?status=approved")
    expect(partner.locator("#totals")).to_contain_text(money(owed, Language.ENGLISH))
    partner.goto(LIST)
    ready(partner, min(Conversion.objects.filter(partner="tea-and-twine").count(), 100))
    reads_why(
        partner,
        [
            (approved, ["Approved", "by the advertiser"]),
            (refused, ["Rejected", "Goods returned", "Alles kam am 3. zurück"]),
            (cancelled, ["Turnover changed", "Eine Tasse war zerbrochen", "Approved"]),
            (ticked[0], ["Approved"]),
            (by_file, ["Rejected", "Order cancelled", "Am Telefon"]),
        ],
    )


def money(minor: int, language: str) -> str:
    """As pages write it in this language."""
    with translation.override(language):
        return formats.money(minor, "GBP")
