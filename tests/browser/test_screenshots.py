"""The command that takes the pictures of the documentation works, and leaves the user's choices alone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from accredit.access.models import User
from accredit.config.environment import CHECKOUT
from tests.browser.screenshots import IMAGES, PICTURES, take
from tests.factories.people import PASSWORD, Shop
from tests.factories.requesting import raised

pytestmark = pytest.mark.xdist_group("browser")


def test_every_picture_is_shown_in_the_documentation_and_every_one_shown_is_taken() -> None:
    pages = [CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md")]
    shown = {name for page in pages for name in re.findall(r"images/([\w-]+)\.png", page.read_text(encoding="utf-8"))}
    assert shown == {picture.name for picture in PICTURES} == {file.stem for file in IMAGES.glob("*")}


def test_every_picture_is_taken(browser: Browser, live_server: LiveServer, shop: Shop, tmp_path: Path) -> None:
    User.objects.update(language="de")
    raised(shop.program, "kind | partner | order | at | turnover\n create | barb | n-1 | T-2d | 10.00")
    files = take(browser, live_server.url, "agency@example.com", PASSWORD, tmp_path)
    assert [file.stem for file in files] == [picture.name for picture in PICTURES]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
    assert User.objects.get(email="agency@example.com").language == "de"
