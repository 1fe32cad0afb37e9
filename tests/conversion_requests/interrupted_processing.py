"""Run as a process: for every write that is named on a line of the standard input, processes what is accepted in a
child that kills itself at that write, and answers with the child's exit code. Arguments: code of the program, time.

The children are forked before anything but imports has happened, so that only the first one waits for these.
"""

import os
import signal
import sys
from datetime import datetime

import django
import polars as pl

os.environ["DJANGO_SETTINGS_MODULE"] = "accredit.config.settings"
django.setup()

from accredit.conversion_requests import moving, processing, writing  # noqa: E402
from accredit.conversions import history, recording  # noqa: E402
from accredit.database.copy import copy_in  # noqa: E402
from accredit.ledger import operations as ledger  # noqa: E402
from accredit.programs.queries import program_by_code  # noqa: E402
from accredit.tracking import operations as tracking  # noqa: E402

BATCH = 3


def main(code: str, fatal_write: int, now: datetime) -> None:
    writes = 0

    def write(table: str, frame: pl.DataFrame) -> None:
        nonlocal writes
        copy_in(table, frame)
        writes += 1
        if writes == fatal_write:
            os.kill(os.getpid(), signal.SIGKILL)

    for module in (moving, writing, history, recording, ledger, tracking):
        module.copy_in = write  # type: ignore[attr-defined]
    while processing.process_next(program_by_code(code), now=now, rows=BATCH):
        pass


for line in sys.stdin:
    child = os.fork()
    if not child:
        main(sys.argv[1], int(line), datetime.fromisoformat(sys.argv[2]))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
