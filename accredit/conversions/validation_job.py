"""Validating many conversions in the background: what was asked is fixed when it is asked."""

from hashlib import sha256

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
from accredit.lists.patience import patient
from accredit.programs.visibility import Viewpoint

KIND = "validation"
MOST = 1_000_000
"""Conversions of one job."""


class TooMany(ValueError):
    """More conversions than one job takes."""


def matching(view: Viewpoint, filters: Filters) -> pl.DataFrame:
    """`id` and `decision` of the open conversions that the filters leave now, in the order of their keys: what comes
    later is none of them, and what changes later stays open. Raises TooMany and TakesTooLong."""
    found = CONVERSIONS.filtered(view, filters).filter(status=Status.OPEN).order_by("id").values_list("id", "decision")
    with patient():
        rows = copy_out(statement(found[: MOST + 1]), {name: ASKED[name] for name in ("id", "decision")})
    if len(rows) > MOST:
        raise TooMany
    return rows


def digest_of(rows: pl.DataFrame) -> str:
    """Of what `matching` found: another one where a conversion came, left or has another decision."""
    return sha256(rows.write_csv().encode()).hexdigest()


def asked_of(rows: pl.DataFrame, *, status: str, rejection_reason: str | None, comment: str | None) -> pl.DataFrame:
    """ASKED of what `matching` found: all of them the same."""
    given = {"status": status, "rejection_reason": rejection_reason, "comment": comment, "source": None}
    return rows.with_columns(pl.lit(value, TEXT).alias(name) for name, value in given.items()).select(*ASKED)


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
