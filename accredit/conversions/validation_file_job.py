"""Doing what a file of validations was seen to do, in the background: each batch is one transaction, so that whatever
interrupts it, it goes on where it was."""

from datetime import datetime

import polars as pl
from django.db import transaction

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.conversions.file_validating import apply, plan, source_of, summary
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.conversions.validation_file import table_of, wanted
from accredit.database import json_text
from accredit.imports.models import Upload
from accredit.imports.operations import frame, parquet
from accredit.imports.queries import checked_now
from accredit.jobs.kinds import ROWS, Batch, InBatches, Work, register
from accredit.jobs.models import Job
from accredit.jobs.operations import start
from accredit.programs.models import Program

KIND = "validation_file"
BATCH_ROWS = 5_000


class PlanChanged(Exception):
    """The file was looked at again since the plan was shown that is to be done."""


def keep_plan(upload: Upload, program: Program, *, now: datetime) -> None:
    """Work out what would come of an uploaded table, and keep it with it, unless it is being done."""
    planned = plan(program, wanted(checked_now(upload, table_of(program))))
    values = {"plan": parquet(planned), "summary": summary(planned), "planned_at": now}
    Upload.objects.filter(id=upload.id, job__isnull=True).update(**values)
    upload.refresh_from_db()


def start_file(upload: Upload, program: Program, user: User, *, planned_at: str) -> Job:
    """Do what was planned at `planned_at` (ISO 8601), once: the second time the same job is given back. Raises
    PlanChanged, and NotPermitted."""
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(id=upload.id)
        if held.job:
            return Job.objects.get(id=held.job)
        if held.plan is None or held.planned_at is None or held.planned_at.isoformat() != planned_at:
            raise PlanChanged
        planned = frame(held.plan)
        asked = {"file": held.file_name, "upload": str(held.id)}
        job = start(KIND, program=program, user=user, asked=asked, given=planned, total=len(planned))
        held.job = job.id
        held.save(update_fields=["job"])
    return job


def _step(work: Work) -> Batch:
    job = work.job
    batch = work.given.slice(job.done, BATCH_ROWS)
    name = job.asked["file"]
    done = apply(job.program, batch, Actor(Way.FILE, job.user_id), file_name=name, now=work.now)
    came = summary(done)
    counts = {kind: came[kind] for kind in ("approved", "rejected", "turnover", "open")}
    refused = done.filter(pl.col("why").is_not_null())
    return Batch(len(batch), {**counts, "unchanged": len(refused)}, _rows(refused, name))


def _rows(refused: pl.DataFrame, file_name: str) -> pl.DataFrame:
    texts = ["detail", "status_before", "currency", "changed_through", "changed_by"]
    at = pl.col("changed_at").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    facts = {
        "row": pl.col("row").cast(pl.String),
        **{name: json_text.text(pl.col(name)) for name in texts},
        "changed_at": json_text.text(at),
    }
    return refused.select(
        pl.col("id").alias("key"),
        pl.coalesce("order_token", "id", pl.lit("")).alias("name"),
        source_of(file_name).alias("source"),
        "why",
        json_text.object_of(facts).alias("facts"),
    ).select(*ROWS)


def declare() -> None:
    """Let such jobs be started and run."""
    register(InBatches(KIND, Permission.VALIDATE, _step))
