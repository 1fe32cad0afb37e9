"""Every address of the pages, opened by everybody. An address that is missing in `addresses/` fails the test.

A section of the pages has its table there: what each of `tests.factories.people.PEOPLE` is answered. `anvils` is
theirs, but not the stranger's; in it 1001 is credited to the partner, 1002 to another one, 1003 to a channel, 1004 to
nobody.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories.asking import keys_of_requests
from tests.factories.people import PEOPLE, Shop
from tests.factories.tables import table

ADDRESSES = Path(__file__).parent / "addresses"
GOES = {
    "there": "/programs/anvils/conversions",
    "home": "/",
    "door": "/sign-in",
    "acme": "/organizations/ACME/people",
    "barb": "/organizations/partner/people",
    "else": "/organizations/stranger/people",
    "change": "/account/password",
    "security": "/account/security",
    "keys": "/programs/anvils/setup/keys",
    "password": "/account/confirm",
}


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        else:
            yield pattern.name or str(pattern.pattern)


def test_every_address_for_everybody(shop: Shop, as_: Callable[[str | None], Client]) -> None:
    wrong = []
    browsers: dict[str, Client] = {}
    rows = [row for file in sorted(ADDRESSES.glob("*.txt")) for row in table(file.read_text())]
    keys = {**shop.keys, **keys_of_requests(shop)}
    for row in rows:
        address = "/".join(keys.get(part, part) for part in row["address"].split("/"))
        for role in ("nobody", *PEOPLE):
            browser = browsers.pop(role, None) or as_(None if role == "nobody" else role)
            response = browser.generic(row["method"], address)
            if row["method"] == "GET":  # what is posted may end the session
                browsers[role] = browser
            went = response.headers.get("Location")
            expected = row[role]
            if expected == "sign-in":
                fine = response.status_code == 302 and went is not None and went.startswith("/sign-in?next=")
            elif expected == "confirm":
                fine = response.status_code == 302 and went is not None and went.startswith("/account/confirm?next=")
            elif expected in GOES:
                fine = response.status_code == 302 and went == GOES[expected]
            else:
                fine = response.status_code == int(expected)
            if not fine:
                wrong.append(
                    f"{row['method']} {row['address']} by {role}: {response.status_code} {went}, not {expected}"
                )
    assert wrong == []
    assert {row["name"] for row in rows} == set(names(get_resolver().url_patterns))


def test_a_part_of_a_page_asked_for_after_signing_out_reloads_the_page(
    shop: Shop, as_: Callable[[str | None], Client]
) -> None:
    response = as_(None).get("/programs/anvils/conversions", headers={"HX-Request-Type": "partial"})
    assert (response.status_code, response.headers["HX-Refresh"]) == (401, "true")


def test_what_does_not_exist_and_what_is_not_ones_own_look_the_same(
    shop: Shop, as_: Callable[[str | None], Client]
) -> None:
    browser = as_("stranger")
    assert browser.get("/programs/anvils/conversions").content == browser.get("/programs/x/conversions").content
