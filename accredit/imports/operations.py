"""Keeping what was uploaded with everything that is wrong with it, and forgetting it."""

import io
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

import polars as pl
from django.db import transaction
from psycopg import sql

from accredit.access.models import User
from accredit.database.keys import KeyTextError, key_from_text
from accredit.imports import rows
from accredit.imports.checking import check, check_sheet, problems_of, written
from accredit.imports.confined import read_upload
from accredit.imports.declaring import AS_READ, Format, Table
from accredit.imports.headings import find_columns
from accredit.imports.models import KEPT_DAYS, PREFIX, Row, Upload
from accredit.imports.sheets import NotReadable, Sheet


def keep_upload(
    chunks: Iterable[bytes],
    *,
    table: Table,
    file_name: str,
    kind: str,
    program_id: UUID,
    user: User,
    now: datetime,
    said: Format = AS_READ,
) -> Upload:
    """Read an uploaded table, check it, and keep it with its faults. Raises NotReadable."""
    sheet = read_upload(chunks)
    if len(sheet.cells) > table.most_rows:
        raise NotReadable("too_many_rows", most=table.most_rows)
    upload = Upload(
        program_id=program_id,
        user=user,
        kind=kind,
        file_name=" ".join(file_name.replace("\0", "").split())[-200:],
        names=list(sheet.names),
        places=_places(table, sheet),
        told=dict(sheet.told),
        said=asdict(said),
        problems=[asdict(problem) for problem in problems_of(table, sheet)],
        rows=len(sheet.cells),
        created_at=now,
    )
    with transaction.atomic():
        if upload.problems:
            upload.save()
        else:
            _keep_rows(upload, table, sheet, said)
    return upload


def _places(table: Table, sheet: Sheet) -> dict[str, int]:
    found = find_columns(sheet.names, table.columns).places
    lacking = [one.name for one in table.columns if one.name not in found]
    return {**found, **{name: len(sheet.names) + place for place, name in enumerate(lacking)}}


def _keep_rows(upload: Upload, table: Table, sheet: Sheet, said: Format) -> None:
    checked = check_sheet(table, sheet, said)
    upload.written = checked.written
    _count(upload, checked.faults)
    upload.save()
    rows.add(upload, sheet.cells, sheet.marks, checked)


def _count(upload: Upload, faults: pl.DataFrame) -> None:
    upload.faulty = faults["row"].n_unique()
    upload.counts = {}
    for column, code, count in faults.group_by("column", "code", maintain_order=True).len().iter_rows():
        upload.counts.setdefault(column, {})[code] = count


def check_again(upload: Upload, table: Table, *, said: Format) -> None:
    """Check all rows that nothing became of yet: the file is written in another way, or what it names has changed."""
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(id=upload.id)  # corrections wait, and are not lost
        if not held.problems:
            kept = rows.load(held, sql.SQL("state is null"))
            texts, marks = rows.texts(held, table, kept)
            held.said = asdict(said)
            held.written = written(table, texts, marks, said)
            checked = check(table, texts, marks, held.written, said)
            _count(held, checked.faults)
            rows.change(held, kept, checked)
            held.save(update_fields=["said", "written", "faulty", "counts"])
    upload.refresh_from_db()


def settle(upload: Upload, settled: pl.DataFrame) -> None:
    """Say what became of rows, so that they are corrected no more, and count them. `settled`: `row`, `state` and
    `note`. Call it in the transaction that does it and holds the upload."""
    rows.update(upload, settled, {"state": "text", "note": "text"})
    counts = upload.summary or {}
    came = settled.group_by("state", maintain_order=True).len().iter_rows()
    upload.summary = {**counts, **{state: counts.get(state, 0) + count for state, count in came}}
    upload.save(update_fields=["summary"])


def upload_of(user: User, program_id: UUID, kind: str, key: str) -> Upload:
    """One of the user's own uploads, by the text of its key. Raises Upload.DoesNotExist for every other."""
    try:
        return Upload.objects.get(id=key_from_text(PREFIX, key), user=user, program_id=program_id, kind=kind)
    except KeyTextError:
        raise Upload.DoesNotExist from None


def remove_old_uploads(now: datetime) -> int:
    """Forget what was uploaded more than KEPT_DAYS ago; how many they were."""
    old = Upload.objects.filter(created_at__lt=now - timedelta(days=KEPT_DAYS))
    Row.objects.filter(upload__in=old.values("id")).delete()
    _removed, by_table = old.delete()
    return by_table.get(Upload._meta.label, 0)


def parquet(table: pl.DataFrame) -> bytes:
    """A frame as bytes to keep."""
    content = io.BytesIO()
    table.write_parquet(content, compression="zstd")
    return content.getvalue()


def frame(content: bytes | memoryview) -> pl.DataFrame:
    """The frame that `parquet` wrote."""
    return pl.read_parquet(io.BytesIO(bytes(content)))
