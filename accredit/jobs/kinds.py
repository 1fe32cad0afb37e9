"""Kinds of jobs. Higher rooms `register` theirs (`jobs.declaring`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from accredit.access.permissions import Permission
from accredit.engine.frames import TEXT, Schema
from accredit.jobs.declaring import declare_all
from accredit.jobs.models import Job
from accredit.programs.visibility import Viewpoint

ROWS: Schema = {"key": TEXT, "name": TEXT, "source": TEXT, "why": TEXT, "facts": TEXT}
"""Columns of JobRow; `facts` is JSON."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job as its kind is given it. `view`: the program as the user sees it now. `given`: the rows that it was
    started with."""

    job: Job
    view: Viewpoint
    given: pl.DataFrame
    now: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of one batch: how many are dealt with, counts by words of the kind, and what was not done (ROWS)."""

    done: int
    outcome: Mapping[str, int]
    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(ROWS)))


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is finished: its name for people, how many rows it has, and counts by words of the kind."""

    file_name: str
    rows: int
    outcome: Mapping[str, int]


Tell = Callable[[int, int | None], None]
"""`tell(done, total)`, called every now and then while a file is written. It raises where the job is to end."""


@dataclass(frozen=True, slots=True)
class InBatches:
    """`step` does what comes after the first `job.done`, at least one, in the transaction that also moves `done`: so
    nothing is done twice, whoever dies. `permission`: what the user needs besides seeing the program."""

    name: str
    permission: Permission | None
    step: Callable[[Work], Batch]


@dataclass(frozen=True, slots=True)
class AsFile:
    """`write` writes a file at one go and changes nothing else; whatever interrupts it, it begins anew."""

    name: str
    permission: Permission | None
    write: Callable[[Work, Path, Tell], Written]


KINDS: dict[str, InBatches | AsFile] = {}


def register(kind: InBatches | AsFile) -> None:
    """Let jobs of this kind be started and run."""
    KINDS[kind.name] = kind


def kind_of(job: Job) -> InBatches | AsFile:
    """The kind of a job."""
    declare_all()
    return KINDS[job.kind]
