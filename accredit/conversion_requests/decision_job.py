"""Deciding many requests in the background: what was looked at is fixed when it is asked."""

import polars as pl

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversion_requests.deciding import decide
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.database import json_text
from accredit.jobs.kinds import ROWS, Batch, InBatches, Work, register
from accredit.jobs.models import Job
from accredit.jobs.operations import start
from accredit.programs.visibility import Viewpoint

KIND = "request_decision"
BATCH_REQUESTS = 2_000


def start_decision(view: Viewpoint, user: User, asked: pl.DataFrame, *, verdict: str) -> Job:
    """Decide requests as ASKED in the background, as this user. Raises NotPermitted."""
    return start(KIND, program=view.program, user=user, asked={"verdict": verdict}, given=asked, total=len(asked))


def _step(work: Work) -> Batch:
    job = work.job
    batch = work.given.slice(job.done, BATCH_REQUESTS)
    moved = decide(job.program, batch, actor=Actor(Way.PAGE, job.user_id), now=work.now)
    counts = dict(moved.done["stage"].value_counts().iter_rows())
    return Batch(len(batch), {**counts, "undecided": len(moved.undone)}, rows_of(moved.undone))


def rows_of(undecided: pl.DataFrame) -> pl.DataFrame:
    """The rows of a job (`jobs.kinds.ROWS`) that tell what was not decided (UNDECIDED), and why; `name` is the number
    of the request."""
    at = pl.col("changed_at").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    facts = {name: json_text.text(pl.col(name)) for name in ("stage", "changed_by")}
    facts["changed_at"] = json_text.text(at)
    return undecided.select(
        pl.col("id").alias("key"),
        pl.coalesce(pl.col("number").cast(pl.String), "id").alias("name"),
        pl.lit(None, pl.String).alias("source"),
        "why",
        json_text.object_of(facts).alias("facts"),
    ).select(*ROWS)


def declare() -> None:
    """Let such jobs be started and run."""
    register(InBatches(KIND, Permission.DECIDE_REQUESTS, _step))
