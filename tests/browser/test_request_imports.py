"""Importing requests in the browser: a file with mistakes is uploaded, mended in the grid by keys and by pasting, and
raised; the same file again raises nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accredit.access.models import User
from accredit.conversion_requests.models import Request, Rules
from tests.browser.test_accessibility import NARROW, WIDE, serious
from tests.factories.people import Shop

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
IMPORTS = "/programs/anvils/requests/import"
HEADER = "Art;Ordernummer;Zeit;Umsatz;Währung;Ereignistyp;Status;Kommentar\n"
FILE = f"""{HEADER}\
Anlegen;N-1;01.03.2026 12:00;100,00;USD;sale;;
Anlegen;N-2;02.03.2026 12:00;50,5o;USD;sale;vielleicht;
Anlegen;N-3;02.03.2026 13:00;30,00;USD;sale;vielleicht;
Anlegen;N-4;02.03.2026 14:00;20,00;;sale;vielleicht;
""" + "".join(f"Anlegen;M-{number};02.03.2026 14:00;20,00;USD;sale;;\n" for number in range(100))
WORDS = {
    "en": ("Raise 104 requests …", "104 requests were raised", "was raised before"),
    "de": ("104 Requests stellen …", "104 Requests wurden gestellt", "schon gestellt"),
}


def paste(page: Page, text: str) -> None:
    page.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            const options = { clipboardData, bubbles: true, cancelable: true };
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", options));
        }""",
        text,
    )


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", WIDE), ("de", "dark", NARROW)],
    ids=["en-light-wide", "de-dark-narrow"],
)
def test_mistakes_are_mended_in_the_grid_and_nothing_is_raised_twice(
    visit: Visit, shop: Shop, tmp_path: Path, language: str, scheme: str, size: dict[str, int]
) -> None:
    User.objects.update(language=language)
    Rules.objects.create(program=shop.program, period_days=36_500)
    file = tmp_path / "requests.csv"
    file.write_text(FILE)
    page = visit("partner", IMPORTS, color_scheme=scheme, viewport=size, bypass_csp=True)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    page.locator("#file").set_input_files(file)
    page.locator(".import-upload [type=submit]").click()
    faulty = page.locator("#import-grid .faulty")
    expect(faulty).to_have_count(5)
    expect(page.locator("#import-grid .tabulator-row")).to_have_count(100)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]

    # To the first fault and the next by a key; what is wrong stands in a line; it is mended by typing.
    page.keyboard.press("n")
    cell = page.locator("#import-grid [data-place]:focus")
    expect(cell).to_have_text("50,5o")
    expect(cell).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#cell-line .wrong")).to_contain_text("50,5o")
    page.keyboard.press("Enter")
    page.keyboard.type("50,50")
    page.keyboard.press("Tab")
    expect(faulty).to_have_count(4)
    page.locator("[data-row='3'] [data-place='6']").click()
    page.keyboard.press("F2")
    page.keyboard.type("offen")
    page.keyboard.press("Enter")
    expect(page.locator("#cell-equal")).to_be_visible()  # two more cells say the same
    expect(faulty).to_have_count(3)
    page.keyboard.press("a")
    expect(faulty).to_have_count(1)
    # A block out of a spreadsheet.
    page.locator("[data-row='4'] [data-place='4']").click()
    paste(page, "USD\nUSD\nUSD\n")
    expect(faulty).to_have_count(0)
    # What was done is taken back by a key, and done again.
    page.locator("[data-row='2'] [data-place='3']").click()
    page.keyboard.press("Delete")
    expect(faulty).to_have_count(1)
    page.keyboard.press("u")
    expect(faulty).to_have_count(0)
    expect(page.locator("[data-row='2'] [data-place='3']")).to_have_text("100,00")
    # Somebody who signs in elsewhere finds it as it is.
    other = visit("partner", page.url)
    expect(other.locator("[data-row='3'] [data-place='6']")).to_have_text("offen")
    page.keyboard.press("PageDown")
    expect(page.locator("#import-grid .tabulator-row")).to_have_count(4)

    raise_all, raised, before = WORDS[language]
    page.get_by_role("button", name=raise_all).click()
    expect(page.locator("#import-window h1")).to_be_visible()
    assert serious(page) == []
    page.locator("#import-window .button.main").click()
    expect(page.locator(".import .done")).to_contain_text(raised)
    assert Request.objects.count() == 104

    page.goto(IMPORTS)
    expect(page.locator("tbody a", has_text="requests.csv")).to_have_count(1)
    again = "".join(line for line in FILE.splitlines(keepends=True) if "vielleicht" not in line)
    file.write_text(again)
    page.locator("#file").set_input_files(file)
    page.locator(".import-upload [type=submit]").click()
    expect(page.locator(".import .kinds")).to_contain_text(before)
    expect(page.get_by_role("button", name=raise_all)).to_have_count(0)
    assert Request.objects.count() == 104


def test_a_filter_shows_the_rows_of_one_fault(visit: Visit, shop: Shop, tmp_path: Path) -> None:
    Rules.objects.create(program=shop.program, period_days=36_500)
    User.objects.update(language="en")
    file = tmp_path / "requests.csv"
    file.write_text(FILE)
    page = visit("advertiser", IMPORTS)
    page.locator("#file").set_input_files(file)
    page.locator(".import-upload [type=submit]").click()
    page.locator(".kinds a", has_text="Status:").click()
    expect(page.locator("#import-grid .tabulator-row")).to_have_count(3)
    expect(page.locator("#import-range")).to_have_text("Rows 1 to 3 of 3")
    page.reload()
    expect(page.locator(".kinds a[aria-current]")).to_contain_text("Status:")
    expect(page.locator("#import-grid .tabulator-row")).to_have_count(3)
