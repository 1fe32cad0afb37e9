"""Validating by file in the browser, in both languages: from the table to what became of it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import Page, expect

from accredit.access.models import User
from accredit.conversions.models import Conversion
from accredit.conversions.validation_file_job import KIND
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from tests.browser.test_accessibility import NARROW, WIDE, serious
from tests.factories.people import Shop

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
FILES = "/programs/anvils/validation-files"
TABLE = """\
Ordernummer;Status;Stornogrund;Umsatz
1001;bestätigt;;100,00
1002;storniert;Zurückgesandt;
1003;vielleicht;;
"""


def write(path: Path) -> None:
    if path.suffix == ".csv":
        path.write_text(TABLE)
        return
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(TABLE.splitlines()):
            sheet.write_row(number, 0, line.split(";"))


@pytest.mark.parametrize(
    ("language", "scheme", "size", "carry_out"),
    [
        ("en", "light", WIDE, "Carry out 2 rows for good"),
        ("de", "dark", NARROW, "2 Zeilen endgültig ausführen"),
    ],
    ids=["en-light-wide", "de-dark-narrow"],
)
def test_a_file_is_checked_and_carried_out(
    visit: Visit, shop: Shop, tmp_path: Path, language: str, scheme: str, size: dict[str, int], carry_out: str
) -> None:
    User.objects.update(language=language)
    table = tmp_path / ("orders.xlsx" if language == "de" else "orders.csv")
    write(table)
    page = visit("advertiser", FILES, color_scheme=scheme, viewport=size, bypass_csp=True)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    page.locator("#file").set_input_files(table)
    page.locator(".upload button").click()
    expect(page.locator("#plan .sums")).to_be_visible()
    expect(page.locator("#plan")).to_contain_text("vielleicht")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    page.locator(".parts a").first.click()
    expect(page.locator("#plan tbody tr")).to_have_count(2)
    expect(page.locator("#plan del").first).to_be_visible()
    page.get_by_role("button", name=carry_out).click()
    expect(page).to_have_url(re.compile("/jobs/jb_"))
    page.go_back()
    expect(page.locator("#plan .acts a").first).to_be_visible()
    expect(page.get_by_role("button", name=carry_out)).to_have_count(0)
    job = Job.objects.get(kind=KIND)
    while take_turn(job.id, stopping=lambda: False):
        pass
    assert set(Conversion.objects.exclude(status="open").values_list("order_token", "status")) == {
        ("1001", "approved"), ("1002", "rejected"),
    }  # fmt: skip
    page.goto(FILES)
    page.locator("tbody a", has_text=table.name).click()
    expect(page.locator("#plan .acts a").first).to_be_visible()
    expect(page.get_by_role("button", name=carry_out)).to_have_count(0)
