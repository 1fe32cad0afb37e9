"""Every address of the pages, opened by everybody. An address that is missing here fails the test."""

from collections.abc import Callable, Iterator

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories.people import Shop
from tests.factories.tables import table

ADDRESSES = """
    name              | method | address                            | nobody  | agency | advertiser | partner | stranger
    healthz           | GET    | /healthz                           | 200     | 200    | 200        | 200     | 200
    home              | GET    | /                                  | sign-in | there  | there      | there   | 200
    sign-in           | GET    | /sign-in                           | 200     | home   | home       | home    | home
    sign-out          | POST   | /sign-out                          | door    | door   | door       | door    | door
    sign-out          | GET    | /sign-out                          | 405     | 405    | 405        | 405     | 405
    preferences       | POST   | /preferences                       | home    | home   | home       | home    | home
    preferences       | GET    | /preferences                       | 405     | 405    | 405        | 405     | 405
    conversions       | GET    | /programs/anvils/conversions       | sign-in | 200    | 200        | 200     | 404
    conversions       | GET    | /programs/nowhere/conversions      | sign-in | 404    | 404        | 404     | 404
    conversions       | POST   | /programs/anvils/conversions       | 405     | 405    | 405        | 405     | 405
    conversion-totals | GET    | /programs/anvils/conversions/totals | sign-in | 200   | 200        | 200     | 404
    conversion-news   | GET    | /programs/anvils/conversions/news  | sign-in | 200    | 200        | 200     | 404
    conversion        | GET    | /programs/anvils/conversions/1001  | sign-in | 200    | 200        | 200     | 404
    conversion        | GET    | /programs/anvils/conversions/1002  | sign-in | 200    | 200        | 404     | 404
    conversion        | GET    | /programs/anvils/conversions/1003  | sign-in | 200    | 200        | 404     | 404
    conversion        | GET    | /programs/anvils/conversions/1004  | sign-in | 200    | 200        | 404     | 404
    conversion        | GET    | /programs/anvils/conversions/cv_0  | sign-in | 404    | 404        | 404     | 404
    intake            | GET    | /programs/anvils/intake            | sign-in | 200    | 200        | 404     | 404
    intake            | POST   | /programs/anvils/intake            | 405     | 405    | 405        | 405     | 405
    customer-status   | GET    | /programs/anvils/customer-status   | sign-in | 200    | 200        | 404     | 404
"""
"""1001 is credited to the partner, 1002 to another one, 1003 to a channel, 1004 to nobody."""
GOES = {"there": "/programs/anvils/conversions", "home": "/", "door": "/sign-in"}


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        else:
            yield pattern.name or str(pattern.pattern)


def test_every_address_for_everybody(shop: Shop, as_: Callable[[str | None], Client]) -> None:
    wrong = []
    rows = table(ADDRESSES)
    for row in rows:
        head, _slash, token = row["address"].rpartition("/")
        address = f"{head}/{shop.keys[token]}" if token in shop.keys else row["address"]
        for role in ("nobody", "agency", "advertiser", "partner", "stranger"):
            response = as_(None if role == "nobody" else role).generic(row["method"], address)
            went = response.headers.get("Location")
            expected = row[role]
            if expected == "sign-in":
                fine = response.status_code == 302 and went is not None and went.startswith("/sign-in?next=")
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
