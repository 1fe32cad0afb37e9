"""Reading the click log."""

from uuid import UUID

import polars as pl
from psycopg import sql

from accredit.database.copy import copy_out, text_array
from accredit.engine.frames import CLICKS, TEXT

EVENTS = {"event_type": TEXT, "order_token": TEXT, "digest": TEXT}
FOREIGN_CLICKS = {"click_id": TEXT, "visitor_id": TEXT}


def journeys(program_id: UUID, conversions: pl.DataFrame) -> pl.DataFrame:
    """All clicks (CLICKS) of the visitors of `conversions` (CONVERSIONS): of those that they name, and of those whose
    click they name."""
    named = foreign_clicks(program_id, conversions["click_id"])
    return clicks_of_visitors(program_id, pl.concat([conversions["visitor_id"], named["visitor_id"]]))


def foreign_clicks(program_id: UUID, click_ids: pl.Series) -> pl.DataFrame:
    """Whose the clicks are that came with these ids: FOREIGN_CLICKS, in no particular order, without unknown ids."""
    query = sql.SQL(
        "select click_id, visitor_id from tracking_foreign_click where program_id = {} and click_id = any({})"
    )
    return copy_out(query.format(program_id, text_array(click_ids)), FOREIGN_CLICKS)


def clicks_of_visitors(program_id: UUID, visitors: pl.Series) -> pl.DataFrame:
    """All clicks of these visitors: CLICKS, in no particular order."""
    # A join, since the array of an `= any(…)` is prepared for each partition anew.
    query = sql.SQL(
        "select {} from unnest({}) visitor (visitor_id) join tracking_click using (visitor_id) where program_id = {}"
    )
    columns = sql.SQL(", ").join(map(sql.Identifier, CLICKS))
    return copy_out(query.format(columns, text_array(visitors), program_id), CLICKS)


def events(program_id: UUID, orders: pl.DataFrame) -> pl.DataFrame:
    """What came in about these orders (event_type, order_token): EVENTS, in no particular order."""
    query = sql.SQL(
        "select event_type, order_token, replace(digest::text, '-', '') from tracking_conversion_event"
        " where program_id = {} and event_type = any({}) and order_token = any({})"
    )
    types, tokens = (text_array(orders[name]) for name in ("event_type", "order_token"))
    return copy_out(query.format(program_id, types, tokens), EVENTS)
