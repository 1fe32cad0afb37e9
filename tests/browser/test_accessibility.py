"""axe finds nothing serious on any page, in either language and colour scheme, wide or narrow."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from accredit.access.models import User
from accredit.config.environment import CHECKOUT
from accredit.conversions.operations import load_frames
from tests.factories.installing import NO_CLICKS, NO_ITEMS, orders
from tests.factories.intake import hold, send
from tests.factories.people import Shop

pytestmark = pytest.mark.xdist_group("browser")
Visit = Callable[..., Page]
LIST = "/programs/anvils/conversions"
AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical: rule, help and the first places."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en", "light", WIDE), ("de", "dark", WIDE), ("de", "light", NARROW)],
    ids=["en-light-wide", "de-dark-wide", "de-light-narrow"],
)
def test_axe(visit: Visit, shop: Shop, complaints: list[str], language: str, scheme: str, size: dict[str, int]) -> None:
    User.objects.update(language=language, density="compact" if scheme == "dark" else "comfortable")
    # axe styles what it examines, which the pages' own policy would refuse.
    options = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    door = visit(None, "/sign-in", **options)
    assert serious(door) == []

    page = visit("agency", LIST, **options)
    expect(page.locator(".tabulator-row")).to_have_count(6)
    expect(page.locator("#totals")).to_contain_text("359")
    assert serious(page) == []
    page.locator(".tabulator-row").first.click()
    expect(page.locator("#panel-title")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator("[popovertarget=settings]").click()
    assert serious(page) == []

    now = datetime.now(UTC)
    hold(shop.program.id, "club", "H-1", reason="unknown_event_type", at=now)
    send(shop.program, "C-1", at=now, source="server", signed=True)
    send(shop.program, "C-1", at=now, source="tag", signed=False, promo_code="X")
    load_frames(
        shop.program.id, NO_CLICKS, orders("order | at | turnover | status\n 9 | T | 1.00 | vip"), NO_ITEMS, now=now
    )
    for address in ("intake", "customer-status"):
        page.goto(f"/programs/anvils/{address}")
        expect(page.locator("table")).to_have_count(3 if address == "intake" else 1)
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        heights = page.locator(".side li").evaluate_all("links => links.map(link => link.offsetHeight)")
        assert len(set(heights)) == 1  # none wraps
        assert serious(page) == []
        for table in page.locator("main .scroll").all():  # what is cut off is reached by keyboard
            table.focus()
            expect(table).to_be_focused()
            expect(table).to_have_accessible_name(re.compile("."))

    page.goto(f"{LIST}?status=rejected")
    assert serious(page) == []
    stranger = visit("stranger", "/", **options)
    assert serious(stranger) == []
    stranger.goto("/nowhere")
    assert serious(stranger) == []
    assert [text for text in complaints if "404" not in text] == []
    complaints.clear()
