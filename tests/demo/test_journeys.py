"""Synthetic journeys: the same everywhere, of every kind, and without personal data."""

import re
from hashlib import sha256

import polars as pl
import pytest

from accredit.demo.generate import generate_lines
from accredit.demo.input import PROGRAM_FILE
from accredit.demo.journeys import CODES, SOURCES, add_journeys
from accredit.demo.orders import orders_of
from accredit.engine.frames import CLICKS, CONVERSIONS
from accredit.files.program_file import read_program


@pytest.fixture(scope="module")
def orders() -> pl.DataFrame:
    return orders_of(generate_lines(invoices=3_000)).conversions


@pytest.fixture(scope="module")
def with_journeys(orders: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return add_journeys(orders)


def digest(frame: pl.DataFrame) -> str:
    return sha256(repr(frame.rows()).encode()).hexdigest()[:16]


def test_journeys_are_the_same_on_every_machine(with_journeys: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    conversions, clicks = with_journeys

    assert dict(conversions.schema) == CONVERSIONS
    assert dict(clicks.schema) == CLICKS
    assert digest(conversions) == "213d1cb1b9b0533d"
    assert digest(clicks) == "9ba5fe58fe410f9a"


def test_an_orders_journey_does_not_depend_on_the_other_orders(
    orders: pl.DataFrame, with_journeys: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    conversions, clicks = with_journeys
    some = orders.gather_every(7)

    some_conversions, some_clicks = add_journeys(some)

    assert some_conversions.equals(conversions.gather_every(7))
    assert some_clicks.join(clicks, on=clicks.columns, how="anti", nulls_equal=True).is_empty()


def test_the_sources_and_their_links_are_those_of_the_program() -> None:
    program = read_program(PROGRAM_FILE)
    owners = {project.code: project.partner for project in program.projects}

    assert {source.code for source in SOURCES.values if not source.is_channel} == {p.code for p in program.partners}
    assert {source.code for source in SOURCES.values if source.is_channel} == {c.code for c in program.channels}
    assert {ad for source in SOURCES.values for ad in source.ads} == {ad.code for ad in program.ads}
    assert all(owners[project] in (source.code, None) for source in SOURCES.values for project in source.projects)
    for partner, patterns in CODES.items():
        for pattern in patterns:
            example = pattern.replace("?", "A").replace("#", "0")
            assert [c.partner for c in program.promo_codes if re.fullmatch(c.code, example)] == [partner]


def test_journeys_are_of_every_kind(with_journeys: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    conversions, clicks = with_journeys
    has = {name: pl.col(name).is_not_null() for name in ("visitor_id", "click_id", "promo_code")}
    shares = conversions.select(
        untracked=(~has["visitor_id"] & ~has["click_id"]).mean(),
        visitor_only=(has["visitor_id"] & ~has["click_id"]).mean(),
        click_only=(~has["visitor_id"] & has["click_id"]).mean(),
        both=(has["visitor_id"] & has["click_id"]).mean(),
        with_code=has["promo_code"].mean(),
        several_codes=pl.col("promo_code").str.contains("[;,]").sum() / pl.len(),
        silent_visitor=(~pl.col("visitor_id").is_in(clicks["visitor_id"].implode())).sum() / pl.len(),
        lost_click=(~pl.col("click_id").is_in(clicks["click_id"].implode())).sum() / pl.len(),
    ).row(0, named=True)

    assert 3.0 < clicks.height / conversions.height < 4.5
    assert {name: round(100 * share) for name, share in shares.items()} == {
        "untracked": 13,
        "visitor_only": 69,
        "click_only": 10,
        "both": 7,
        "with_code": 8,
        "several_codes": 1,
        "silent_visitor": 10,
        "lost_click": 1,
    }


def test_ids_are_unique_and_show_neither_order_nor_customer(
    with_journeys: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    conversions, clicks = with_journeys
    ids = [*clicks["click_id"], *clicks["visitor_id"].unique()]

    assert clicks["click_id"].is_unique().all()
    assert all(re.fullmatch("[0-9a-f]{20}", text) for text in ids)
    assert not set(ids) & {*conversions["order_token"], *conversions["customer_id"]}
