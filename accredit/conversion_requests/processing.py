"""Doing what was accepted: in the background, a transaction a batch under the program's lock, each request once.

Whatever dies in between leaves requests accepted: a processed one says so in the transaction that wrote its conversion.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import polars as pl
from django.db import connection, transaction

from accredit.conversion_requests.models import Kind, Request, Stage
from accredit.conversion_requests.moving import MOVES, move
from accredit.conversion_requests.planning import plan
from accredit.conversion_requests.queries import requested, state_of
from accredit.conversion_requests.writing import write
from accredit.conversions.booking import is_of_the_database
from accredit.conversions.models import Way
from accredit.engine.frames import TEXT
from accredit.engine.program import Program
from accredit.programs.models import Program as Installed
from accredit.programs.operations import lock_program
from accredit.programs.queries import program_value
from accredit.tracking.operations import make_partitions

BATCH_REQUESTS = 10_000
"""Of one transaction: some seconds, for which others wait that book for the program."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Processed:
    """How many requests were done, and how many failed."""

    done: int = 0
    failed: int = 0

    def __add__(self, other: "Processed") -> "Processed":
        return Processed(self.done + other.done, self.failed + other.failed)

    def __bool__(self) -> bool:
        return bool(self.done or self.failed)


def process_next(program: Installed, *, now: datetime, rows: int = BATCH_REQUESTS) -> Processed:
    """Process those requests that were accepted first, in one transaction. Nothing: there are none."""
    make_partitions("tracking_conversion_event", [now.astimezone(UTC).date()])
    with transaction.atomic():
        lock_program(program.code)
        accepted = _accepted(program.id, rows)
        if accepted.is_empty():
            return Processed()
        requests, items = requested(program.id, accepted["request_id"])
        requests = requests.with_columns(accepted)
        return _process(program, program_value(program.id), _apart(requests), items, now)


def waiting_programs() -> Sequence[Installed]:
    """Programs that have accepted requests."""
    waiting = Request.objects.filter(stage=Stage.ACCEPTED).values("program_id").distinct()
    return list(Installed.objects.filter(id__in=waiting).order_by("code"))


def _accepted(program_id: UUID, rows: int) -> pl.DataFrame:
    """`request_id`, `stages` and `accepted_by` of the first accepted requests."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select request.id::text, stages, (
                select user_id::text from conversion_requests_stagechange change
                where change.program_id = request.program_id and request_id = request.id and change.number = stages
            )
            from conversion_requests_request request
            where program_id = %s and stage = 'accepted' order by changed_at, number limit %s
            """,
            [program_id, rows],
        )
        schema = {"request_id": TEXT, "stages": pl.Int64(), "accepted_by": TEXT}
        return pl.DataFrame(cursor.fetchall(), schema=schema, orient="row")


def _apart(requests: pl.DataFrame) -> pl.DataFrame:
    """Those that do not meet: of several of one order the first; the others come in another batch."""
    names = requests.select("row", "event_type", pl.concat_list("order_token", "new_order_token").alias("token"))
    first = pl.col("row") == pl.col("row").min().over("event_type", "token")
    apart = (
        names.explode("token").drop_nulls("token").with_columns(apart=first).group_by("row").agg(pl.col("apart").all())
    )
    return requests.join(apart.filter("apart"), on="row", how="semi", maintain_order="left")


def _process(
    program: Installed, value: Program, requests: pl.DataFrame, items: pl.DataFrame, now: datetime
) -> Processed:
    """Process requests that do not meet. One that cannot be done for a reason that nobody knew of fails alone."""
    try:
        with transaction.atomic():
            return _process_together(program, value, requests, items, now)
    except (Exception, pl.exceptions.PanicException) as error:
        if is_of_the_database(error):
            raise
        if len(requests) == 1:
            log.exception("The request %s of %s cannot be processed", requests["number"][0], program.code)
            _fail(program.id, requests.with_columns(why=pl.lit("error"), asked_id="conversion_id"), now)
            return Processed(failed=1)
        half = len(requests) // 2
        return _process(program, value, requests[:half], items, now) + _process(
            program, value, requests[half:], items, now
        )


def _process_together(
    program: Installed, value: Program, requests: pl.DataFrame, items: pl.DataFrame, now: datetime
) -> Processed:
    state = state_of(program.id, requests, lock=True)
    planned = plan(value, requests, items, state, as_looked_at=True)
    written = write(program, value, planned.outcome, now=now)
    rows = (
        requests.select("row", "request_id", "stages", asked_id="conversion_id")
        .join(planned.rows, on="row", maintain_order="left")
        .join(
            written.rename({"conversion_id": "written", "changes": "changes_then"}),
            on="row",
            how="left",
            maintain_order="left",
        )
    )
    met = pl.col("why").is_null() & pl.col("written").is_null()
    rows = rows.with_columns(why=pl.coalesce("why", pl.when(met).then(pl.lit("recorded_meanwhile"))))
    done = rows.filter(pl.col("why").is_null())
    failed = rows.filter(pl.col("why").is_not_null())
    _finish(program.id, done, now)
    _fail(program.id, failed, now)
    return Processed(len(done), len(failed))


def _finish(program_id: UUID, done: pl.DataFrame, now: datetime) -> None:
    """Requests (PLANNED) that are processed say what they came to. What others earned before stays unsaid."""
    claimed = pl.col("kind") == Kind.CLAIM.value
    others = done.select(
        "commission_minor",
        "model",
        "restriction",
        "before",
        changes="changes_then",
        commission_before_minor=pl.when(~claimed).then("commission_before_minor"),
        conversion_id="written",
        turnover_shown_minor="turnover_minor",
    )
    move(program_id, _moves(done, Stage.PROCESSED, pl.lit(None, TEXT)), now=now, others=others)


def _fail(program_id: UUID, failed: pl.DataFrame, now: datetime) -> None:
    """Requests that cannot be done; a create whose order is somebody else's by now is a claim from now on."""
    claimed = pl.when(pl.col("kind") == Kind.CLAIM.value).then("conversion_id")
    others = failed.select("kind", conversion_id=pl.coalesce("asked_id", claimed))
    move(program_id, _moves(failed, Stage.FAILED, pl.col("why")), now=now, others=others)


def _moves(rows: pl.DataFrame, stage: Stage, reason: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "stages",
        id="request_id",
        stage=pl.lit(stage.value),
        way=pl.lit(Way.AUTOMATIC.value),
        user_id=pl.lit(None, TEXT),
        reason=reason,
        comment=pl.lit(None, TEXT),
        seen=pl.lit(None, pl.Int64),
    ).select(*MOVES)
