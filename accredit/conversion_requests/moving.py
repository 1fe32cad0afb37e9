"""Bringing requests to another stage: the one place where stages are written, and kept for good."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from accredit.conversion_requests.frames import DECIDED, UNDECIDED
from accredit.conversion_requests.models import Stage
from accredit.database.copy import copy_in, update_rows
from accredit.engine.frames import TEXT, Schema

MOVES: Schema = {
    "id": TEXT,
    "stages": pl.Int64(),  # how many there were before
    "stage": TEXT,  # the new one
    "way": TEXT,
    "user_id": TEXT,
    "reason": TEXT,
    "comment": TEXT,
    "seen": pl.Int64(),  # of an acceptance: how many changes the conversion had had when it was looked at
}
ANSWERS = {Stage.INQUIRED: "advertiser", Stage.FAILED: "advertiser"}
"""Who has to answer, by the stage that a request comes to. What the advertiser's side has raised asks nobody."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was done (DECIDED), and what was not, with why (UNDECIDED)."""

    done: pl.DataFrame
    undone: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Moved":
        """From rows of both kinds, told apart by `why`."""
        refused = pl.col("why").is_not_null()
        return cls(rows.filter(~refused).select(*DECIDED), rows.filter(refused).select(*UNDECIDED))


def move(program_id: UUID, moves: pl.DataFrame, *, now: datetime, others: pl.DataFrame | None = None) -> None:
    """Bring requests of a program whose lock is held to other stages (MOVES, one row a request). `others`: columns that
    become something else with it, row by row."""
    if moves.is_empty():
        return
    copy_in("conversion_requests_stagechange", stage_rows(program_id, moves, now))
    changed = moves.select(
        "id",
        "stage",
        pl.col("stages") + 1,
        pl.lit(now).alias("changed_at"),
        pl.col("stage").replace_strict(ANSWERS, default=None, return_dtype=TEXT).alias("answer_from"),
    )
    if others is not None:
        changed = pl.concat([changed, others], how="horizontal")
    update_rows("conversion_requests_request", program_id, changed)


def stage_rows(program_id: UUID, moves: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Rows of conversion_requests_stagechange."""
    return moves.select(
        pl.lit(str(program_id)).alias("program_id"),
        pl.col("id").alias("request_id"),
        (pl.col("stages") + 1).alias("number"),
        pl.lit(now).alias("changed_at"),
        "stage",
        "way",
        "user_id",
        "reason",
        "comment",
        pl.col("seen").alias("changes"),
    )
