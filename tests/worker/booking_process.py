"""Run as a process: books what waits in batches of three, and kills itself at a given write (0: never)."""

import os
import signal
import sys
from threading import Event

import django
import polars as pl

os.environ["DJANGO_SETTINGS_MODULE"] = "accredit.config.settings"
django.setup()

from accredit.conversions import booking, recording  # noqa: E402
from accredit.database.copy import copy_in  # noqa: E402
from accredit.tracking import pending  # noqa: E402
from accredit.worker.booking import book_round  # noqa: E402

BATCH = 3


def main(fatal_write: int) -> None:
    writes = 0

    def count() -> None:
        nonlocal writes
        writes += 1
        if writes == fatal_write:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(table: str, frame: pl.DataFrame) -> None:
        copy_in(table, frame)
        count()

    remove = pending.remove

    def remove_and_count(ids: pl.Series) -> None:
        remove(ids)
        count()

    recording.copy_in = write  # type: ignore[attr-defined]
    booking.pending.remove = remove_and_count  # type: ignore[attr-defined]
    take = pending.take
    booking.pending.take = lambda program_id, _limit: take(program_id, BATCH)  # type: ignore[attr-defined]
    while book_round(Event()).booked:
        pass


main(int(sys.argv[1]))
