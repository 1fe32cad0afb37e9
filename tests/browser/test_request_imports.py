"""Importing requests in the browser: a file with mistakes is uploaded, mended in the grid by keys and by pasting, and
raised; the same file again raises nothing. And the whole story, from a partner's spreadsheet of thousands to what came
of it."""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from accredit.access.models import User
from accredit.conversion_requests.import_job import KIND as RAISING
from accredit.conversion_requests.models import Request, Rules
from accredit.conversions.checking import check_ledger
from accredit.conversions.models import Conversion
from accredit.demo.generate import generate_lines
from accredit.demo.orders import orders_of, read_lines
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from tests.acceptance.online_retail import PATH
from tests.browser.test_accessibility import NARROW, serious
from tests.factories.installing import NOW
from tests.factories.people import Shop
from tests.factories.request_files import creates, with_mistakes
from tests.factories.requesting import processed

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


def try_wrong_files(page: Page) -> None:
    """What is no table is refused where one stands; wrong columns come before everything else."""
    with page.expect_download() as sample:
        page.get_by_role("link", name="Deutsch").click()
    assert sample.value.suggested_filename.endswith(".xlsx")
    page.locator("#file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"\x89PNG"})
    page.locator(".import-upload [type=submit]").click()
    expect(page.locator("#file-wrong")).to_contain_text("PNG")
    page.locator("#file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"Umsatz;Staus\n1;x\n"})
    page.locator(".import-upload [type=submit]").click()
    expect(page.locator("#wrong-title")).to_be_visible()
    assert serious(page) == []
    page.get_by_role("link", name="Eine andere Datei hochladen").click()


def mend_by_typing(page: Page) -> None:
    """To the first fault and the next by a key; what is wrong stands in a line; one correction for equal cells."""
    faulty = page.locator("#import-grid .faulty")
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


def mend_by_pasting(page: Page) -> None:
    """A block out of a spreadsheet; whatever was done last is taken back by a key, block and all."""
    faulty = page.locator("#import-grid .faulty")
    page.locator("[data-row='4'] [data-place='4']").click()
    paste(page, "USD\tsale\toffen\nEUR\tlead\nUSX\tsale\n")
    expect(page.locator("[data-row='5'] [data-place='5']")).to_have_text("lead")
    page.keyboard.press("u")
    expect(page.locator("[data-row='5'] [data-place='5']")).to_have_text("sale")
    expect(page.locator("[data-row='5'] [data-place='4']")).to_be_focused()  # the first that was another
    expect(faulty).to_have_count(1)
    paste(page, "USD\nUSD\nUSD\n")
    expect(faulty).to_have_count(0)
    page.locator("[data-row='2'] [data-place='3']").click()
    page.keyboard.press("Delete")
    expect(faulty).to_have_count(1)
    page.keyboard.press("u")
    expect(faulty).to_have_count(0)
    expect(page.locator("[data-row='2'] [data-place='3']")).to_have_text("100,00")


def fill_in_what_is_left_out(page: Page) -> None:
    """What is wrong in a column that the file leaves out brings it to sight."""
    faulty = page.locator("#import-grid .faulty")
    status = page.locator("[data-row='2'] [data-place='6']")
    status.click()
    page.keyboard.press("F2")
    page.keyboard.type("Storniert")
    page.locator("[data-row='2'] [data-place='0']").click()
    expect(faulty).to_have_count(1)
    page.locator("[data-row='2'] [data-place='0']").click()
    page.keyboard.press("F2")
    page.keyboard.type("Ändern")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row='2'] .faulty").first).to_be_visible()
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(faulty).to_have_count(0)


def leave_a_row_out(page: Page) -> None:
    """By a key, and in again; and as the last thing done it is taken back."""
    row, figures = page.locator("#import-grid [data-row='2']"), page.locator("#import-figures .sums")
    page.locator("[data-row='2'] [data-place='0']").click()
    page.keyboard.press("x")
    expect(row).to_have_class(re.compile("left-out"))
    expect(figures).to_contain_text("Weggelassen")
    page.keyboard.press("x")
    expect(row).not_to_have_class(re.compile("left-out"))
    expect(figures).not_to_contain_text("Weggelassen")
    page.keyboard.press("u")
    expect(row).to_have_class(re.compile("left-out"))
    page.locator("#cell-leave").click()
    expect(row).not_to_have_class(re.compile("left-out"))


def type_without_a_server(page: Page) -> None:
    """What is typed waits for the connection, and for whoever was signed out to sign in again."""
    cell = page.locator("[data-row='3'] [data-place='7']")
    cell.click()
    page.context.set_offline(offline=True)
    page.keyboard.press("F2")
    page.keyboard.type("im Zug")
    page.keyboard.press("Tab")
    expect(cell).to_have_class(re.compile("waiting"))
    expect(cell).to_have_text("im Zug")
    page.context.set_offline(offline=False)
    expect(cell).not_to_have_class(re.compile("waiting"))
    address, cookies = page.url, page.context.cookies()
    page.context.clear_cookies()
    cell.click()
    page.keyboard.press("F2")
    page.keyboard.type("danach")
    page.keyboard.press("Tab")
    expect(page.locator("[name=login]")).to_be_visible()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(address)
    expect(page.locator("#import-said")).to_contain_text("gespeichert")
    expect(cell).to_have_text("danach")
    expect(cell).not_to_have_class(re.compile("waiting"))


def correct_at_once(page: Page, other: Page) -> None:
    """Who signs in elsewhere finds it as it is; of two who correct a cell, the second is told."""
    expect(other.locator("[data-row='3'] [data-place='6']")).to_have_text("offen")
    other.locator("[data-row='3'] [data-place='7']").click()
    page.locator("[data-row='3'] [data-place='7']").click()
    for window, text in ((page, "erst"), (other, "dann")):
        window.keyboard.press("F2")
        window.keyboard.type(text)
        window.keyboard.press("Enter")
        expect(window.locator("[data-row='3'] [data-place='7']")).to_have_text("erst")


def test_mistakes_are_mended_in_the_grid_and_nothing_is_raised_twice(
    visit: Visit, shop: Shop, tmp_path: Path, complaints: list[str]
) -> None:
    User.objects.update(language="de")
    Rules.objects.create(program=shop.program, period_days=36_500)
    file = tmp_path / "requests.csv"
    file.write_text(FILE)
    page = visit("partner", IMPORTS, color_scheme="dark", viewport=NARROW, bypass_csp=True)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    try_wrong_files(page)
    page.locator("#file").set_input_files(file)
    page.locator(".import-upload [type=submit]").click()
    expect(page.locator("#import-grid .faulty")).to_have_count(5)
    expect(page.locator("#import-grid .tabulator-row")).to_have_count(100)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    mend_by_typing(page)
    mend_by_pasting(page)
    fill_in_what_is_left_out(page)
    correct_at_once(page, visit("partner", page.url))
    leave_a_row_out(page)
    type_without_a_server(page)
    complaints.clear()  # the answers say that there is a conflict, and that one is signed out
    page.locator("[data-row='3'] [data-place='7']").click()
    page.keyboard.press("PageDown")
    expect(page.locator("#import-grid .tabulator-row")).to_have_count(4)

    raise_all, raised, before = "104 Requests stellen …", "104 Requests wurden gestellt", "schon gestellt"
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


def thousands(path: Path) -> tuple[Path, int]:
    """A spreadsheet of real orders, moved to the months before NOW, that a partner asks to be created, with a mistake
    in every hundredth; and how many its rows are. One order is known, and one is changed."""
    lines = read_lines(PATH).head(100_000) if PATH.exists() else generate_lines()
    orders = orders_of(lines).conversions.head(3_150)
    later = pl.lit(NOW) - orders["occurred_at"].max()
    moved = orders.with_columns(pl.col("occurred_at") + later - pl.duration(days=1))
    asked = [{**line, "Currency": "USD", "Status": "approved"} for line in creates(moved, "barb")]
    known = {**asked[0], "Order number": "1002", "Time": "", "Status": ""}
    change = {**known, "Kind": "Change", "Order number": "1001", "Turnover": "150.00", "Comment": "She paid for two."}
    claim = {**known, "Time": "2026-03-19 04:00", "Turnover": "61.00"}
    made = with_mistakes([change, claim, *asked], every=100)
    return made.xlsx(path), len(made.lines)


def mend_statuses(page: Page) -> None:
    """Four cells say the same nonsense: one correction for all of them, taken back, and once more."""
    faulty = page.locator("#import-grid .faulty")
    kind = page.locator(".kinds a", has_text="Status:")
    kind.click()
    expect(page.locator("#import-range")).to_have_text("Rows 1 to 4 of 4")
    page.reload()  # the address says what is shown
    expect(page.locator(".kinds a[aria-current]")).to_contain_text("Status:")
    expect(faulty).to_have_count(4)
    assert serious(page) == []
    faulty.first.click()
    page.keyboard.press("Enter")
    page.keyboard.type("approved")
    page.keyboard.press("Enter")
    expect(page.locator("#cell-equal")).to_contain_text("in 3 more cells that say “vielleicht”")
    page.keyboard.press("a")
    expect(page.locator("#import-said")).to_have_text("3 cells were corrected.")
    expect(faulty).to_have_count(0)
    page.keyboard.press("u")
    expect(page.locator("#import-said")).to_have_text("3 cells say again what they said.")
    expect(faulty).to_have_count(3)
    faulty.first.click()
    page.keyboard.press("Enter")
    page.keyboard.type("approved")
    page.keyboard.press("Enter")
    expect(page.locator("#cell-equal")).to_contain_text("in 2 more cells")
    page.keyboard.press("a")
    expect(kind).to_have_count(0)


def raise_all(page: Page, rows: int) -> int:
    """Raise what is right in a file of so many rows; how many requests it came to."""
    page.locator(".acts .button.main").click()
    expect(page.locator("#import-window")).to_contain_text("1 order is known already")
    assert serious(page) == []
    page.locator("#import-window .button.main").click()
    expect(page.locator("#sheet-title")).to_contain_text("Raise the requests of march.xlsx")
    assert not take_turn(Job.objects.get(kind=RAISING).id, stopping=lambda: False)
    raised = Request.objects.count()
    assert rows - 40 < raised < rows
    page.reload()
    expect(page.locator("main")).to_contain_text(f"{raised:,} requests raised.")
    assert serious(page) == []
    return raised


def reject_a_claim(page: Page) -> None:
    """By the panel, with reason and comment."""
    page.locator(".tabulator-row", has_text="1002").click()
    panel, window = page.locator("#panel"), page.locator("dialog#window")
    expect(panel).to_contain_text("What Accredit knows")
    panel.get_by_role("button", name="Reject").click()
    window.get_by_label("Reason").select_option("Returned")
    window.get_by_label("Comment (").fill("Somebody else brought her.")
    window.get_by_role("button", name="Reject").click()
    expect(panel).to_contain_text("Rejected: Returned")


def accept_the_rest(page: Page, count: int) -> None:
    """All that match, in the background."""
    window = page.locator("dialog#window")
    page.goto("/programs/anvils/requests?sort=-time&status=inquired")
    page.locator("[data-tick-page]").check()
    page.get_by_role("button", name="All that match the filters").click()
    page.keyboard.press("a")
    expect(window).to_contain_text(f"Accept {count:,} requests")
    assert serious(page) == []
    window.get_by_role("button", name="Accept").click()
    expect(window.get_by_role("link")).to_be_visible()
    job = Job.objects.exclude(kind=RAISING).latest("id")
    while take_turn(job.id, stopping=lambda: False):
        pass


def test_thousands_are_mended_raised_decided_and_processed(visit: Visit, shop: Shop, tmp_path: Path) -> None:
    """The partner mends a spreadsheet and raises it; the advertiser reads the evidence, sees what would come of it,
    accepts most and rejects one; the conversions are there, and say why."""
    User.objects.update(language="en")
    Rules.objects.create(program=shop.program, period_days=36_500)
    file, rows = thousands(tmp_path / "march.xlsx")
    partner = visit("partner", IMPORTS, bypass_csp=True)
    partner.locator("#file").set_input_files(file)
    partner.locator(".import-upload [type=submit]").click()
    mend_statuses(partner)
    raised = raise_all(partner, rows)

    page = visit("advertiser", "/programs/anvils/requests?sort=-time&type=claim", bypass_csp=True)
    reject_a_claim(page)
    accept_the_rest(page, raised - 1)
    assert processed(shop.program).failed == 0
    assert Request.objects.filter(stage="processed").count() == raised - 1

    # What came of it, and why.
    panel = page.locator("#panel")
    created = Conversion.objects.filter(reason__startswith="request ").earliest("id")
    page.goto(f"/programs/anvils/conversions?order={created.order_token}")
    page.locator(".tabulator-row").click()
    expect(panel).to_contain_text(f"Barb Dwyer gets the credit by the conversion {created.reason}.")
    expect(panel).to_contain_text(f"Advertiser, by the conversion {created.reason}")
    assert Conversion.objects.get(order_token="1001").turnover_minor == 15_000
    assert check_ledger(shop.program).is_empty()
    partner.goto("/programs/anvils/requests?sort=-time&status=rejected")
    partner.locator(".tabulator-row", has_text="1002").click()
    expect(partner.locator("#panel")).to_contain_text("Somebody else brought her.")
