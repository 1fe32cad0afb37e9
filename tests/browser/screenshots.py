"""Pictures for the documentation, taken of the real pages of a running demo:

make demo                                            # prints the address, who may sign in, and the password
python -m tests.browser.screenshots --address http://127.0.0.1:8000 --email … --password …
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from accredit.config.environment import CHECKOUT
from tests.browser.windows import ARGUMENTS, chromium

IMAGES = CHECKOUT / "docs" / "images"
WIDE, NARROW = (1440, 900), (390, 844)


@dataclass(frozen=True, slots=True)
class Picture:
    """`row`: which row of the list is open in the panel, from 0; None: none. `to`: what the panel is scrolled to.
    `key`: what is pressed on that row then, and `shows`: what comes of it. `list`: whose rows are shown, as addresses
    have it. Instead of a list, `page`: the page of the program (from `/` on: any page) that is shown, after a click on
    the first link of each of `follow`; `file`: the table that is uploaded there, to be shown with its faults; `{}` in
    it are order numbers of the list."""

    name: str
    language: str
    scheme: str
    size: tuple[int, int]
    row: int | None = None
    to: str = ""
    key: str = ""
    shows: str = ""
    list: str = "conversions"
    page: str = ""
    follow: tuple[str, ...] = ()
    file: str = ""


REQUESTS = """\
Kind,Order number,Time,Turnover,Currency,Event type,Partner,Status,Comment
create,C-48211,2026-10-02 18:30,129.90,GBP,sale,pennywise,,member 4711 has the invoice
create,C-48212,2026-10-02 19:05,"64,5o",GBP,sale,pennywise,,
create,C-48213,02.10.2026 20:15,45.00,,sale,pennywise,,
create,C-48213,02.10.2026 20:15,45.00,GBP,sale,pennywise,perhaps,
create,5.36E+05,2026-10-04 09:12,88.20,GBP,sale,pennywise,,
change,C-99,,17.00,GBP,sale,,rejected,came back
create,C-48220,2126-10-04 09:12,31.40,GBP,sale,pennywise,,
create,C-48221,2026-10-05 11:47,250.00,GBP,sale,moneyback,,
"""
VALIDATIONS = """\
Order number,Status,Rejection reason,Comment,Turnover
{},approved,,,
{},approved,,,
{},approved,,,
{},rejected,returned,all of it came back,
{},approved,,one of two was broken,12.50
{},perhaps,,,
C-48211,approved,,,
"""
PICTURES = (
    Picture("conversions-en-light", "en", "light", WIDE, row=3),
    Picture("row-menu-en-light", "en", "light", WIDE, row=0, key="Shift+F10", shows="#row-menu"),
    Picture("explanation-en-phone", "en", "dark", NARROW, row=3),
    Picture("requests-en-light", "en", "light", WIDE, row=0, list="requests"),
    Picture("request-decision-en-light", "en", "light", WIDE, row=0, list="requests", key="a", shows="#window"),
    Picture("request-import-en-light", "en", "light", WIDE, page="requests/import", file=REQUESTS),
    Picture("validation-file-en-light", "en", "light", WIDE, page="validation-files", file=VALIDATIONS),
    Picture("partner-en-light", "en", "light", WIDE, page="setup/partners", follow=("main table a",)),
    Picture("terms-en-light", "en", "light", WIDE, page="terms", follow=("main table a", "a[href$='/next']")),
    Picture("people-en-light", "en", "light", WIDE, page="/organizations", follow=("section:last-child .reasons a",)),
    Picture("conversions-de-dark", "de", "dark", WIDE, row=3, to="#sum-title"),
    Picture("conversions-de-phone", "de", "light", NARROW),
    Picture("turnover-de-light", "de", "light", WIDE, row=0, key="t", shows="#turnover-preview"),
)
LOCALES = {"en": "en-GB", "de": "de-DE"}


def take(browser: Browser, address: str, email: str, password: str, folder: Path) -> list[Path]:
    """Take every picture as this user, and put the user's choices back as they were."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser.new_context(base_url=address) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.locator("[name=login]").fill(email)
        page.locator("[name=password]").fill(password)
        page.locator(".button.main").click()
        expect(page.locator(".tabulator-row").first).to_be_visible()
        before = page.locator("html").get_attribute("lang") or "en"
        taken = []
        for picture in PICTURES:
            _choose_language(page, picture.language)
            taken.append(_take(browser, picture, address, context.storage_state(), folder))
        _choose_language(page, before)
    return taken


def _take(browser: Browser, picture: Picture, address: str, signed_in: StorageState, folder: Path) -> Path:
    context = browser.new_context(
        base_url=address,
        storage_state=signed_in,
        viewport={"width": picture.size[0], "height": picture.size[1]},
        locale=LOCALES[picture.language],
        color_scheme="dark" if picture.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/")
    expect(page.locator(".tabulator-row").first).to_be_visible()
    if picture.page:
        _open(page, picture)
    else:
        _arrange(page, picture)
    file = folder / f"{picture.name}.png"
    page.screenshot(path=file)
    context.close()
    return file


def _choose_language(page: Page, language: str) -> None:
    if page.locator("html").get_attribute("lang") == language:
        return
    page.goto("/")
    page.locator("[popovertarget=settings]").click()
    page.locator(f"[name=language][value={language}]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)


def _arrange(page: Page, picture: Picture) -> None:
    """The largest commissions first, and the panel of one of them."""
    if picture.list != "conversions":
        page.goto(f"{page.url.partition('/conversions')[0]}/{picture.list}?sort=-time")
    expect(page.locator("#totals[aria-busy=false]")).to_be_visible()
    page.locator("#sort-commission").click()
    page.mouse.move(0, 0)
    expect(page.locator("[tabulator-field=commission][aria-sort=descending]")).to_be_visible()
    if picture.row is not None:
        page.locator(".tabulator-row").nth(picture.row).click()
        expect(page.locator("#panel-title")).to_be_visible()
        if picture.to:
            page.locator(picture.to).evaluate("title => title.scrollIntoView({block: 'center'})")
        if picture.key:
            page.locator(".tabulator-row").nth(picture.row).press(picture.key)
            expect(page.locator(picture.shows)).to_be_visible()
    expect(page.locator("#totals[aria-busy=false]")).to_be_attached()


def _open(page: Page, picture: Picture) -> None:
    """A page that is no list; with a table that is uploaded, or behind some links."""
    tokens = page.locator(".tabulator-cell[tabulator-field=order]").all_inner_texts()
    page.goto(picture.page if picture.page[0] == "/" else f"{page.url.partition('/conversions')[0]}/{picture.page}")
    for link in picture.follow:
        page.locator(link).first.click()
    if not picture.file:
        page.wait_for_load_state("networkidle")
        return
    content = picture.file.format(*tokens).encode()
    page.locator("#file").set_input_files({"name": "orders.csv", "mimeType": "text/csv", "buffer": content})
    page.locator("main form [type=submit]").click()
    if picture.file is REQUESTS:
        expect(page.locator("#import-grid .faulty").first).to_be_visible()
        page.locator("[data-row='3'] [data-place='3']").click()
    else:
        expect(page.locator("#plan .sums")).to_be_visible()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description="Pictures of a demo")
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--out", type=Path, default=IMAGES)
    arguments = parser.parse_args()
    executable = chromium()
    if executable is None:
        parser.error("there is no chromium on the PATH; name one in ACCREDIT_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        for file in take(browser, arguments.address, arguments.email, arguments.password, arguments.out):
            print(f"{file} {file.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
