"""The process that reads an upload: `python -m accredit.imports.reading FOLDER` reads FOLDER/upload and writes beside
it what it held. It has little memory and time, no network, and nothing of the installation's secrets: whatever a file
does to it, it does to nobody else."""

import ctypes
import json
import os
import resource
import sys
from pathlib import Path

UPLOAD, CELLS, MARKED, TOLD = "upload", "cells.csv", "marks.csv", "told.json"
MEMORY_BYTES = 2 << 30
CPU_SECONDS = 60
OUTPUT_BYTES = 1 << 30
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def confine() -> bool:
    """Give up what reading a file does not need, and say whether the network is gone: some machines allow nobody to do
    without. Call it before anything else is loaded."""
    is_offline = False
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        # Who is not root may still have a namespace of users of their own.
        is_offline = 0 in map(libc.unshare, (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    return is_offline


def read(folder: Path, *, is_offline: bool) -> None:
    """Write what the upload holds, or why it cannot be read."""
    from accredit.imports.formats import read_content
    from accredit.imports.sheets import NotReadable

    try:
        sheet = read_content(folder / UPLOAD)
    except NotReadable as error:
        told = {"refused": error.code, "details": error.details}
    else:
        sheet.cells.write_csv(folder / CELLS)
        sheet.marks.write_csv(folder / MARKED)
        told = {"names": list(sheet.names), "told": dict(sheet.told)}
    (folder / TOLD).write_text(json.dumps({**told, "is_offline": is_offline}))


if __name__ == "__main__":
    read(Path(sys.argv[1]), is_offline=confine())
