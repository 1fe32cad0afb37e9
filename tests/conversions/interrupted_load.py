"""Run as a process: for every write that is named on a line of the standard input, loads the frames of a folder in a
child that kills itself at that write, and answers with the child's exit code. Arguments: folder, code, time.

The children are forked before anything but imports has happened, so that only the first one waits for these.
"""

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


for line in sys.stdin:
    child = os.fork()
    if not child:
        main(Path(sys.argv[1]), sys.argv[2], int(line), datetime.fromisoformat(sys.argv[3]))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
