"""Pictures for the documentation, taken of the real pages of a running demo:

make demo                                            # prints the address, who may sign in, and the password
python -m tests.browser.screenshots --address http://127.0.0.1:8000 --email … --password …
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from accredit.config.environment import CHECKOUT
from tests.browser.windows import ARGUMENTS, chromium

IMAGES = CHECKOUT / "docs" / "images"
WIDE, NARROW = (1440, 900), (390, 844)


@dataclass(frozen=True, slots=True)
class Picture:
    """`row`: which row of the list is open in the panel, from 0; None: none. `to`: what the panel is scrolled to.
    `key`: what is pressed on that row then, and `shows`: what comes of it."""

    name: str
    language: str
    scheme: str
    size: tuple[int, int]
    row: int | None = None
    to: str = ""
    key: str = ""
    shows: str = ""


PICTURES = (
    Picture("conversions-en-light", "en", "light", WIDE, row=3),
    Picture("conversions-de-dark", "de", "dark", WIDE, row=3, to="#sum-title"),
    Picture("conversions-de-phone", "de", "light", NARROW),
    Picture("row-menu-en-light", "en", "light", WIDE, row=0, key="Shift+F10", shows="#row-menu"),
    Picture("turnover-de-light", "de", "light", WIDE, row=0, key="t", shows="#turnover-preview"),
    Picture("explanation-en-phone", "en", "dark", NARROW, row=3),
)
LOCALES = {"en": "en-GB", "de": "de-DE"}


def take(browser: Browser, address: str, email: str, password: str, folder: Path) -> list[Path]:
    """Take every picture as this user, and put the user's choices back as they were."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_take(browser, picture, address, email, password, folder) for picture in PICTURES]


def _take(browser: Browser, picture: Picture, address: str, email: str, password: str, folder: Path) -> Path:
    context = browser.new_context(
        base_url=address,
        viewport={"width": picture.size[0], "height": picture.size[1]},
        locale=LOCALES[picture.language],
        color_scheme="dark" if picture.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator(".button.main").click()
    expect(page.locator(".tabulator-row").first).to_be_visible()
    before = page.locator("html").get_attribute("lang") or "en"
    _choose_language(page, picture.language)
    _arrange(page, picture)
    file = folder / f"{picture.name}.png"
    page.screenshot(path=file)
    _choose_language(page, before)
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
