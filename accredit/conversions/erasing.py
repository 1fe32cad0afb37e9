"""Erasing visitors: their clicks are removed, and no conversion names them any more. What was decided stays."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.database.copy import text_array
from accredit.engine.frames import TEXT
from accredit.programs.models import Program
from accredit.tracking import archive
from accredit.tracking.queries import foreign_clicks, own_clicks


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows were removed (clicks), or name the visitor no more (conversions, and orders in the queue)."""

    clicks: int
    archived_clicks: int
    conversions: int
    pending: int


def visitors_named(ids: Sequence[str]) -> list[str]:
    """The visitors of these ids, which are their own or those of clicks of theirs, in whatever program."""
    named = pl.Series(ids, dtype=TEXT)
    clicks = [
        find(program_id, named)["visitor_id"]
        for program_id in Program.objects.values_list("id", flat=True)
        for find in (foreign_clicks, own_clicks)
    ]
    archived = archive.archived().filter(pl.col("click_id").is_in(named.implode())).select("visitor_id").collect()
    visitors = pl.concat([named, *clicks, archived["visitor_id"]])
    return visitors.unique(maintain_order=True).to_list()


def erase(visitors: Sequence[str]) -> Erased:
    """Erase these visitors in all programs. Whatever interrupts it: do it again."""
    wanted = pl.Series(visitors, dtype=TEXT)
    with transaction.atomic():
        archive.lock_archive()
        of_them = pl.col("visitor_id").is_in(wanted.implode())
        click_ids = pl.concat([_click_ids(wanted), archive.archived().filter(of_them).select("click_id").collect()])
        _execute(
            "delete from tracking_foreign_click named using tracking_click click"
            " where click.visitor_id = any({visitors}) and named.program_id = click.program_id"
            " and named.click_id = click.click_id",
            wanted,
        )
        clicks = _execute("delete from tracking_click where visitor_id = any({visitors})", wanted)
        _execute(
            "delete from tracking_visit"
            " where visitor in (select hashtextextended(wanted, 0) from unnest({visitors}) wanted)",
            wanted,
        )
        # An order may name a click alone; then its customer is the click's visitor.
        unnamed = (
            "set visitor_id = null, click_id = null, customer_id = null"
            " where visitor_id = any({visitors}) or click_id = any({clicks})"
        )
        # What waits first: an order that a worker books meanwhile is waited for here, and is a conversion then.
        pending = _execute(f"update tracking_pending {unnamed}", wanted, click_ids["click_id"])
        conversions = _execute(f"update conversions_conversion {unnamed}", wanted, click_ids["click_id"])
        archived = _erase_in_files(of_them)
    return Erased(clicks, archived, conversions, pending)


def _click_ids(visitors: pl.Series) -> pl.DataFrame:
    with connection.cursor() as cursor:
        query = "select click_id from tracking_click where visitor_id = any({})"
        cursor.execute(sql.SQL(query).format(text_array(visitors)))
        return pl.DataFrame({"click_id": [click_id for (click_id,) in cursor.fetchall()]}, schema={"click_id": TEXT})


def _execute(statement: str, visitors: pl.Series, clicks: pl.Series | None = None) -> int:
    arrays = {"visitors": text_array(visitors)} | ({} if clicks is None else {"clicks": text_array(clicks)})
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(**arrays))
        return int(cursor.rowcount)


def _erase_in_files(of_them: pl.Expr) -> int:
    erased = 0
    for file in archive.files():
        there = pl.scan_parquet(file)
        count = there.filter(of_them).select(pl.len()).collect().item()
        if count:
            archive.write(file, there.filter(~of_them))
            erased += count
    return erased
