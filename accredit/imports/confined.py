"""Reading an upload in a process of its own, so that a file that is made to harm harms nothing but that process."""

import json
import logging
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from accredit import child
from accredit.imports import reading
from accredit.imports.sheets import MARKS, MAX_BYTES, ROW, NotReadable, Sheet

log = logging.getLogger(__name__)
SECONDS = 90


def read_upload(chunks: Iterable[bytes]) -> Sheet:
    """The table of a file that comes in chunks. Raises NotReadable."""
    with tempfile.TemporaryDirectory(prefix="accredit-upload-") as name:
        folder = Path(name)
        _keep(chunks, folder / reading.UPLOAD)
        process = child.start(
            [sys.executable, "-I", "-m", reading.__name__, name],
            ends_on=signal.SIGKILL,
            folder=folder,
            output=subprocess.DEVNULL,
            errors=subprocess.DEVNULL,
            environment={"POLARS_MAX_THREADS": "2", "TMPDIR": name},
        )
        try:
            ended = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            ended = None
        finally:
            process.kill()
            process.wait()
        if ended != 0:  # killed by its limits, or by what the file made of it
            raise NotReadable("too_much")
        return _read(folder)


def _keep(chunks: Iterable[bytes], path: Path) -> None:
    written = 0
    with path.open("wb") as stream:
        for chunk in chunks:
            written += len(chunk)
            if written > MAX_BYTES:
                raise NotReadable("too_large", most=MAX_BYTES >> 20)
            stream.write(chunk)


def _read(folder: Path) -> Sheet:
    told = json.loads((folder / reading.TOLD).read_text())
    if not told["is_offline"]:
        log.warning(
            "This machine lets no process give up its network (unshare was refused): uploads are read by a process with"
            " little memory and time, and with the network that this one has"
        )
    if "refused" in told:
        raise NotReadable(told["refused"], **told["details"])
    cells = pl.read_csv(folder / reading.CELLS, infer_schema=False).with_columns(pl.col(ROW).cast(pl.Int64))
    marks = pl.read_csv(folder / reading.MARKED, schema=dict(MARKS))
    return Sheet(told["names"], cells, marks, told["told"])
