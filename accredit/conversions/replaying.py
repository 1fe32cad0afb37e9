"""What recent conversions would earn under other terms: nothing is changed.

Who is credited does not depend on terms, so that the conversions are priced again as they are credited, in one batch.
"""

from dataclasses import replace
from uuid import UUID

import polars as pl
from psycopg import sql

from accredit.conversions.models import CreditedTo, Status
from accredit.conversions.queries import items_that_hold
from accredit.database.copy import copy_out
from accredit.engine.frames import CLICK_FIELDS, CONVERSIONS, CREDITS, ITEMS, MINOR, TEXT, Schema
from accredit.engine.pricing import price
from accredit.engine.program import Program, Terms

CONVERSIONS_REPLAYED = 1_000
LOOKED_AT = 20_000
"""Only so many of the latest conversions are searched, so that it takes the same time in every program."""

DIFFERENCES: Schema = {
    "partner": TEXT,
    "currency": TEXT,
    "conversions": pl.Int64(),
    "turnover_minor": MINOR,
    "commission_minor": MINOR,  # as it stands
    "proposed_minor": MINOR,  # under the other terms
}
_STORED: Schema = {"id": TEXT, "partner": TEXT, "blocked": TEXT, "commission_minor": MINOR, **CONVERSIONS}


def replay(program_id: UUID, program: Program, terms: Terms, *, anybody: bool) -> pl.DataFrame:
    """The latest conversions of partners, rejected ones left out, as they stand and as they would be priced under
    `terms`: DIFFERENCES, a row for each partner and currency. Those that terms of this code priced, or, where
    `anybody`, all of them. Raises CommissionTooLarge."""
    stored = _stored(program_id, None if anybody else terms.code)
    priced = price(
        replace(program, terms=(terms,)),
        stored.select(*CONVERSIONS),
        _credits(stored, terms),
        items_that_hold(program_id, stored["id"]).select(*ITEMS),
    )
    return (
        stored.select("partner", "currency", "turnover_minor", "commission_minor")
        .with_columns(proposed_minor=priced.orders["commission_minor"])
        .group_by("partner", "currency")
        .agg(pl.len().cast(pl.Int64).alias("conversions"), pl.exclude("partner", "currency").sum())
        .sort("partner", "currency")
        .select(*DIFFERENCES)
    )


def _stored(program_id: UUID, code: str | None) -> pl.DataFrame:
    of_terms = sql.SQL("true") if code is None else sql.SQL("terms = {}").format(sql.Literal(code))
    query = sql.SQL(
        "select {} from (select * from conversions_conversion where program_id = {} order by occurred_at desc limit {})"
        " latest where credited_to = {} and status <> {} and {} order by occurred_at desc, id desc limit {}"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, _STORED)),
        program_id,
        LOOKED_AT,
        CreditedTo.PARTNER.value,
        Status.REJECTED.value,
        of_terms,
        CONVERSIONS_REPLAYED,
    )
    return copy_out(query, _STORED)


def _credits(stored: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """As the conversions are credited, under the other terms."""
    given = stored.select("partner", *CLICK_FIELDS, blocked=pl.col("blocked") == "t").with_columns(
        credited_to=pl.lit("partner"), terms=pl.lit(terms.code), terms_version=pl.lit(terms.version)
    )
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in CREDITS.items() if name not in given.columns]
    return given.with_columns(absent).select(*CREDITS).cast(dict(CREDITS))  # type: ignore[arg-type]
