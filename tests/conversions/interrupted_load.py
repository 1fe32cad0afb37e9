"""Run as a process: loads the frames of a folder, and kills itself at a given write. Arguments: folder, code, write."""

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

import django
import polars as pl

os.environ["DJANGO_SETTINGS_MODULE"] = "accredit.config.settings"
django.setup()

from accredit.conversions import operations, recording  # noqa: E402
from accredit.database.copy import copy_in  # noqa: E402
from accredit.programs.queries import program_by_code  # noqa: E402
from accredit.tracking import operations as tracking  # noqa: E402

BATCH = 3


def main(folder: Path, code: str, fatal_write: int, now: datetime) -> None:
    writes = 0

    def write(table: str, frame: pl.DataFrame) -> None:
        nonlocal writes
        copy_in(table, frame)
        writes += 1
        if writes == fatal_write:
            os.kill(os.getpid(), signal.SIGKILL)

    def between_batches(what: str, done: int, total: int) -> None:
        if -fatal_write == done and what == "orders":
            os.kill(os.getpid(), signal.SIGKILL)

    recording.copy_in = tracking.copy_in = write  # type: ignore[attr-defined]
    tracking.BATCH_CLICKS = BATCH
    operations.load_frames(
        program_by_code(code).id,
        *(pl.read_parquet(folder / f"{name}.parquet") for name in ("clicks", "orders", "items")),
        now=now,
        progress=between_batches,
        batch_orders=BATCH,
    )


main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), datetime.fromisoformat(sys.argv[4]))
