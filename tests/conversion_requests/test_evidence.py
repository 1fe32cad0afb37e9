"""What is known about a request is told to who may know it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from accredit.conversion_requests.evidence import Basis, Evidence, evidence
from accredit.conversion_requests.models import Request
from accredit.programs.models import Program
from accredit.tracking.archive import archive_day
from tests.conversions.test_validating import CLICKS, ORDERS
from tests.factories.installing import clicks, install, load, orders
from tests.factories.requesting import accepted, processed, raised, view_of
from tests.factories.tables import T

SHOOP = """
    click | at      | visitor | party | sub_id1
    k4    | T-2d    | v4      | barb  | shoop-7
    k5    | T-12min | v4      | barb  | shoop-7
    k6    | T-1d    | v5      | barb  | shoop-8
    k7    | T+1h    | v4      | barb  | shoop-7
    k8    | T-1d    | v4      | ann   | shoop-7
    k9    | T-1h    | v3      | ann   | -
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(settings, "ARCHIVE_FOLDER", tmp_path)
    program = install()
    load(program, clicks(CLICKS), orders(ORDERS))
    load(program, clicks(SHOOP), orders("order | at | turnover | visitor\n near | T-1h | 9.00 | v4"))
    return program


def of(program: Program, number: int, *partners: str) -> Evidence:
    return evidence(view_of(program, *partners), Request.objects.get(program=program, number=number))


def clicked(known: Evidence) -> list[tuple[Basis, int, list[tuple[str, str | None]]]]:
    return [
        (found.basis, found.count, [(click.click_id, click.outcome) for click in found.clicks]) for found in known.found
    ]


@pytest.mark.django_db
def test_clicks_before_a_missing_order_are_found_by_its_sub_ids(program: Program) -> None:
    raised(
        program,
        "kind | partner | order | at | turnover | sub_id1\n create | barb | 10 | T | 100.00 | shoop-7",
        by="Barb",
    )
    found = of(program, 1)
    assert clicked(found) == [(Basis.SUB_IDS, 2, [("k5", None), ("k4", None)])]
    assert [(order.order_token, order.near, order.partner) for order in found.orders] == [("near", True, "barb")]
    assert (found.order_known, found.earlier) == (False, [])
    assert of(program, 1, "barb").orders == []


@pytest.mark.django_db
def test_without_sub_ids_the_partners_clicks_of_the_day_are_counted(program: Program) -> None:
    raised(program, "kind | partner | order | at | turnover\n create | barb | 10 | T | 100.00")
    (found,) = of(program, 1).found
    assert (found.basis, found.count, found.since) == (Basis.PARTNER, 3, None)
    assert found.clicks[0].click_id == "k5"


@pytest.mark.django_db
def test_of_somebody_elses_order_only_owners_see_the_journey(program: Program) -> None:
    raised(
        program, "kind | partner | order | at | turnover\n create | ann | 4 | T | 40.00\n create | barb | 4 | T | 40.00"
    )
    found = of(program, 1)
    in_log = (Basis.PARTNER, 3, [("k9", None), ("k2", None), ("k8", None)])
    assert (clicked(found)[1:], found.order_known) == ([in_log], True)
    assert found.found[0].basis == Basis.JOURNEY
    assert [(order.order_token, order.channel) for order in found.orders] == [("4", "email")]
    assert [one.number for one in found.earlier] == [2]
    told = of(program, 1, "ann")
    assert (clicked(told), told.order_known, told.orders, told.earlier) == ([in_log], True, [], [])
    accepted(program, 1)
    processed(program)
    assert of(program, 1, "ann").found[0].basis == Basis.JOURNEY


@pytest.mark.django_db
def test_of_a_claim_the_log_is_searched_too_and_it_is_said_how_far_back(program: Program) -> None:
    raised(program, "kind | partner | order | at | turnover | sub_id1\n create | barb | 4 | T | 40.00 | shoop-7")
    journey, searched = of(program, 1).found
    assert journey.basis == Basis.JOURNEY
    assert (searched.basis, [click.click_id for click in searched.clicks]) == (Basis.SUB_IDS, ["k5", "k4"])
    assert [order.order_token for order in of(program, 1).orders if order.near] == ["near"]
    archive_day((T - timedelta(days=2)).date())
    searched = of(program, 1).found[1]
    assert [click.click_id for click in searched.clicks] == ["k5"]
    assert searched.since == (T - timedelta(days=1)).date()


@pytest.mark.django_db
def test_of_ones_own_order_the_journey_says_what_became_of_the_clicks(program: Program) -> None:
    raised(program, "kind | partner | order | turnover\n change | barb | 1 | 80.00")
    for found in (of(program, 1), of(program, 1, "barb")):
        assert clicked(found) == [(Basis.JOURNEY, 1, [("k1", "won")])]
        assert [order.order_token for order in found.orders] == ["1"]
