"""Reading the click log."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.database.copy import copy_out, text_array
from accredit.database.keys import KeyTextError, key_from_text
from accredit.engine.frames import CLICKS, TEXT
from accredit.tracking import archive

FOREIGN_CLICKS = {"click_id": TEXT, "visitor_id": TEXT}
OWN = "ck"
"""Before the ids of our own clicks."""
SEARCHES = 40
"""Finding the days and the clicks of a visitor takes as long as looking into so many days for them."""
BYTES_A_SEARCH = 1_300
"""So much of the log is read in the time in which one day is looked into."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def journeys(program_id: UUID, conversions: pl.DataFrame, *, archived: bool = False) -> pl.DataFrame:
    """All clicks (CLICKS) of the visitors of `conversions` (CONVERSIONS): of those that they name, and of those whose
    click they name. Those of the log, and with `archived` those of the archive too."""
    named = [conversions["visitor_id"], *(find(program_id, conversions["click_id"])["visitor_id"]
                                          for find in (foreign_clicks, own_clicks))]  # fmt: skip
    visitors = pl.concat(named)
    if not archived:
        return clicks_of_visitors(program_id, visitors)
    of_program = archive.archived().filter(pl.col("program_id") == str(program_id))
    there = of_program.filter(pl.col("click_id").is_in(conversions["click_id"].drop_nulls().implode()))
    visitors = pl.concat([visitors, there.select("visitor_id").collect()["visitor_id"]]).drop_nulls().unique()
    old = of_program.filter(pl.col("visitor_id").is_in(visitors.implode())).select(*CLICKS).collect()
    # A day that was just archived is in both for a moment.
    return pl.concat([clicks_of_visitors(program_id, visitors), old]).unique("click_id", keep="first")


def own_clicks(program_id: UUID, click_ids: pl.Series) -> pl.DataFrame:
    """Whose our own clicks of these ids are: FOREIGN_CLICKS, in no particular order, without unknown ids."""
    own = click_ids.filter(click_ids.str.starts_with(f"{OWN}_")).unique()
    times = {key: at for key in map(_own_key, own.to_list()) if key and (at := _time_of(key))}
    if not times:
        return pl.DataFrame(schema=FOREIGN_CLICKS)
    # The time in an id leads to the partition; the bounds keep the planner from looking at all of them.
    query = sql.SQL(
        "select click_id, visitor_id from unnest({}::uuid[], {}::timestamptz[]) as wanted (id, at)"
        " join tracking_click using (id) where program_id = {}"
        " and clicked_at >= at and clicked_at < at + interval '1 millisecond'"
        " and clicked_at >= {} and clicked_at < {}"
    )
    bounds = min(times.values()), max(times.values()) + _MILLISECOND
    return copy_out(query.format([*times], [*times.values()], program_id, *bounds), FOREIGN_CLICKS)


def _own_key(click_id: str) -> UUID | None:
    try:
        return key_from_text(OWN, click_id)
    except KeyTextError:
        return None


def _time_of(key: UUID) -> datetime | None:
    try:
        return _EPOCH + (key.int >> 80) * _MILLISECOND
    except OverflowError:
        return None


def foreign_clicks(program_id: UUID, click_ids: pl.Series) -> pl.DataFrame:
    """Whose the clicks are that came with these ids: FOREIGN_CLICKS, in no particular order, without unknown ids."""
    query = sql.SQL(
        "select click_id, visitor_id from tracking_foreign_click where program_id = {} and click_id = any({})"
    )
    return copy_out(query.format(program_id, text_array(click_ids)), FOREIGN_CLICKS)


def clicks_of_visitors(program_id: UUID, visitors: pl.Series) -> pl.DataFrame:
    """All clicks of these visitors: CLICKS, in no particular order."""
    wanted = visitors.drop_nulls().unique()
    columns = sql.SQL(", ").join(map(sql.Identifier, CLICKS))
    if not _read_whole(len(wanted)):
        query = sql.SQL("select {} from tracking_clicks_of({}, {})")
        return copy_out(query.format(columns, program_id, text_array(wanted)), CLICKS)
    # PostgreSQL can choose well only with statistics of the visitors, and so they need a table.
    table = sql.SQL('create temporary table wanted on commit drop as select unnest({}) collate "C" as visitor_id')
    query = sql.SQL("select {} from wanted join tracking_click using (visitor_id) where program_id = {}")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(table.format(text_array(wanted)))
        cursor.execute("analyze wanted")
        clicks = copy_out(query.format(columns, program_id), CLICKS)
        cursor.execute("drop table wanted")
    return clicks


def _read_whole(visitors: int) -> bool:
    """Whether the log is read whole in less time than the clicks of so many visitors are found."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(pg_relation_size(inhrelid)), 0), (select count(*) from tracking_open_days())"
            " from pg_inherits where inhparent = 'tracking_click'::regclass"
        )
        ((size, open_days),) = cursor.fetchall()
    return bool(size < BYTES_A_SEARCH * visitors * (SEARCHES + open_days))
