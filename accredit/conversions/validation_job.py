"""Validating many conversions in the background: what was asked is fixed when it is asked."""

import polars as pl

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversions import validating
from accredit.conversions.history import Actor
from accredit.conversions.listing import CONVERSIONS
from accredit.conversions.models import Status, Way
from accredit.conversions.validating import ASKED, validate_batch
from accredit.database import json_text
from accredit.database.copy import copy_out, statement
from accredit.engine.frames import TEXT
from accredit.jobs.kinds import ROWS, Batch, InBatches, Work, register
from accredit.jobs.models import Job
from accredit.jobs.operations import start
from accredit.lists.filters import Filters
from accredit.programs.visibility import Viewpoint

KIND = "validation"
MOST = 1_000_000
"""Conversions of one job."""


class TooMany(ValueError):
    """More conversions than one job takes."""


def matching(view: Viewpoint, filters: Filters) -> pl.Series:
    """The keys of the open conversions that the filters leave now, in their order: what comes later is none of them.
    Raises TooMany."""
    found = CONVERSIONS.filtered(view, filters).filter(status=Status.OPEN).order_by("id").values_list("id", flat=True)
    keys = copy_out(statement(found[: MOST + 1]), {"id": TEXT})["id"]
    if len(keys) > MOST:
        raise TooMany
    return keys


def asked_of(keys: pl.Series, *, status: str, rejection_reason: str | None, comment: str | None) -> pl.DataFrame:
    """ASKED: all of them the same, whichever decision counts by then."""
    given = {"status": status, "rejection_reason": rejection_reason, "comment": comment}
    columns = [pl.lit(given.get(name), dtype).alias(name) for name, dtype in ASKED.items() if name != "id"]
    return keys.to_frame("id").with_columns(columns).select(*ASKED)


def start_validation(
    view: Viewpoint, user: User, asked: pl.DataFrame, *, way: Way = Way.PAGE, said: dict[str, object] | None = None
) -> Job:
    """Validate conversions as ASKED in the background, as this user. `said`: what the page of the job tells of how it
    was asked. Raises NotPermitted and TooMany."""
    if len(asked) > MOST:
        raise TooMany
    details = {"way": way.value, **(said or {})}
    return start(KIND, program=view.program, user=user, asked=details, given=asked, total=len(asked))


def _step(work: Work) -> Batch:
    job = work.job
    batch = _batch_after(work.given, job.done)
    actor = Actor(Way(job.asked["way"]), job.user_id)
    planned = validate_batch(job.program_id, job.program.code, batch, actor, now=work.now)
    counts = dict(planned.changes["status"].value_counts().iter_rows())
    return Batch(len(batch), {**counts, "unchanged": len(planned.unchanged)}, rows_of(planned.unchanged))


def _batch_after(asked: pl.DataFrame, done: int) -> pl.DataFrame:
    """What comes after the first `done`, however large the batches were that did these."""
    parts = validating.batches(asked)
    if parts and not done:
        return parts[0]
    return pl.concat([asked.clear(), *parts]).slice(done, validating.BATCH_CONVERSIONS)


def rows_of(unchanged: pl.DataFrame) -> pl.DataFrame:
    """The rows of a job (`jobs.kinds.ROWS`) that tell what did not change (UNCHANGED), and why."""
    texts = ["event_type", "status", "changed_through", "changed_by"]
    at = pl.col("changed_at").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return unchanged.select(
        pl.col("id").alias("key"),
        pl.coalesce("order_token", "id").alias("name"),
        "source",
        "why",
        json_text.object_of(
            {**{name: json_text.text(pl.col(name)) for name in texts}, "changed_at": json_text.text(at)}
        ).alias("facts"),
    ).select(*ROWS)


def declare() -> None:
    """Let such jobs be started and run."""
    register(InBatches(KIND, Permission.VALIDATE, _step))
