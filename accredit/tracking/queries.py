"""Reading the click log."""

from uuid import UUID

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.database.copy import copy_out, text_array
from accredit.engine.frames import CLICKS, TEXT

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
    # Few are looked up in the index of each day; for many the log is read whole, which is up to fifty times as fast.
    # PostgreSQL can weigh that only with statistics of the visitors, and so they need a table.
    table = sql.SQL('create temporary table wanted on commit drop as select unnest({}) collate "C" as visitor_id')
    query = sql.SQL("select {} from wanted join tracking_click using (visitor_id) where program_id = {}")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(table.format(text_array(visitors)))
        cursor.execute("analyze wanted")
        clicks = copy_out(query.format(sql.SQL(", ").join(map(sql.Identifier, CLICKS)), program_id), CLICKS)
        cursor.execute("drop table wanted")
    return clicks
