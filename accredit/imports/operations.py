"""Keeping what was uploaded, and forgetting it."""

import io
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import polars as pl

from accredit.access.models import User
from accredit.database.keys import KeyTextError, key_from_text
from accredit.imports.confined import read_upload
from accredit.imports.models import KEPT_DAYS, PREFIX, Upload
from accredit.imports.sheets import Sheet


def keep_upload(
    chunks: Iterable[bytes], *, file_name: str, kind: str, program_id: UUID, user: User, now: datetime
) -> Upload:
    """Read an uploaded table and keep it. Raises NotReadable."""
    sheet = read_upload(chunks)
    return Upload.objects.create(
        program_id=program_id,
        user=user,
        kind=kind,
        file_name=" ".join(file_name.replace("\0", "").split())[-200:],
        names=list(sheet.names),
        told=dict(sheet.told),
        cells=parquet(sheet.cells),
        marks=parquet(sheet.marks),
        created_at=now,
    )


def upload_of(user: User, program_id: UUID, kind: str, key: str) -> Upload:
    """One of the user's own uploads, by the text of its key. Raises Upload.DoesNotExist for every other."""
    try:
        return Upload.objects.get(id=key_from_text(PREFIX, key), user=user, program_id=program_id, kind=kind)
    except KeyTextError:
        raise Upload.DoesNotExist from None


def sheet(upload: Upload) -> Sheet:
    """The table as it was uploaded."""
    return Sheet(upload.names, frame(upload.cells), frame(upload.marks), upload.told)


def remove_old_uploads(now: datetime) -> int:
    """Forget what was uploaded more than KEPT_DAYS ago; how many they were."""
    removed, _by_table = Upload.objects.filter(created_at__lt=now - timedelta(days=KEPT_DAYS)).delete()
    return removed


def parquet(table: pl.DataFrame) -> bytes:
    """A frame as bytes to keep."""
    content = io.BytesIO()
    table.write_parquet(content, compression="zstd")
    return content.getvalue()


def frame(content: bytes | memoryview) -> pl.DataFrame:
    """The frame that `parquet` wrote."""
    return pl.read_parquet(io.BytesIO(bytes(content)))
