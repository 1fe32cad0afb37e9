"""Correcting cells of an upload. What depends on them is checked again: their rows, and those that have in common with
them what rows are checked together by, before or after. Whoever corrects holds the upload, so that nobody's correction
is lost; it is in the database before the answer is, and so is what it replaced."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.database.copy import text_array
from accredit.engine.frames import TEXT
from accredit.imports import queries, rows, sheets
from accredit.imports.checking import WHOLE_ROW, check, together_now
from accredit.imports.declaring import FOUND, TOGETHER, Table
from accredit.imports.models import LEFT_OUT, Correction, Upload
from accredit.imports.operations import frame, parquet
from accredit.imports.queries import EVERYTHING, RowShown, View
from accredit.imports.rows import Rows
from accredit.imports.sheets import MAX_CHARACTERS, ROW

EDITS: Mapping[str, pl.DataType] = {"row": pl.Int64(), "place": TEXT, "value": TEXT}


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was taken back: a correction with its first cell and how many there were, or (no `place`) that so many rows
    were left out or taken in."""

    row: int
    place: int | None
    cells: int


@dataclass(frozen=True, slots=True)
class Pasted:
    """The rows that were checked again, and how many `cells` were set."""

    rows: Sequence[RowShown]
    cells: int


class CellChanged(Exception):
    """Somebody else, or another tab, has corrected the cell since it was looked at. `value`: what stands there now."""

    def __init__(self, value: str | None) -> None:
        self.value = value
        super().__init__(value)


class RowsDone(Exception):
    """Something became of rows already, or they are left out: they are not corrected. `rows`: their numbers."""

    def __init__(self, done: Sequence[int]) -> None:
        self.rows = done
        super().__init__(done)


class NoSuchCell(Exception):
    """The upload has no such row, or no such column."""


def correct(
    upload: Upload, table: Table, row: int, column: str, value: str, *, seen: str | None = None
) -> Sequence[RowShown]:
    """Set a cell; the rows that were checked again. `seen`: what whoever corrects it saw there, empty for an empty
    cell. Raises CellChanged, RowsDone and NoSuchCell."""
    return paste(upload, table, [row], column, [[value]], seen=seen).rows


def paste(
    upload: Upload,
    table: Table,
    shown: Sequence[int],
    column: str,
    block: Sequence[Sequence[str]],
    *,
    view: View = EVERYTHING,
    places: Sequence[int] | None = None,
    seen: str | None = None,
) -> Pasted:
    """Set a block of cells from one on: down the rows that are `shown` from it on and, behind them, those of the view;
    and to the right those in `places`, which a grid shows from that cell on; without it, as the upload has them. What
    goes beyond the last row or column is left out. Raises CellChanged, RowsDone and NoSuchCell."""
    with transaction.atomic():
        held = _held(upload)
        numbers = queries.numbers(held, view, shown=shown, most=len(block))
        if column not in held.places or shown[0] not in numbers:
            raise NoSuchCell
        first, there = held.places[column], range(rows.width(held))
        across = there[first:] if places is None else [place for place in places if place in there]
        edits = [
            (number, str(place), _cell(value))
            for number, line in zip(numbers, block, strict=False)
            for place, value in zip(across, line, strict=False)
        ]
        loaded = rows.load(held, sql.SQL('"row" = any({})').format(sql.Literal(numbers)))
        now = loaded.rows[str(first)][0]
        if seen is not None and _cell(seen) != now:
            raise CellChanged(now)
        checked = _remembered(held, table, loaded, pl.DataFrame(edits, schema=dict(EDITS), orient="row"))
    upload.refresh_from_db()
    return Pasted(queries.rows_of(upload, checked), len(edits))


def correct_equal(upload: Upload, table: Table, column: str, old: str, new: str, *, view: View = EVERYTHING) -> int:
    """Set every cell of a column that holds `old`, of rows of a view that nothing became of yet; how many there were.
    Raises NoSuchCell."""
    with transaction.atomic():
        held = _held(upload)
        if column not in held.places:
            raise NoSuchCell
        place = held.places[column]
        loaded = rows.load(held, queries.holding(held, column, _cell(old), view))
        edits = loaded.rows.select(ROW, place=pl.lit(str(place)), value=pl.lit(_cell(new), TEXT))
        _remembered(held, table, loaded, edits)
    upload.refresh_from_db()
    return len(loaded.rows)


def drop_surplus(upload: Upload, table: Table, row: int) -> Sequence[RowShown]:
    """Take a row without the cells that it has beyond the headings. The rows that were checked again. Raises RowsDone
    and NoSuchCell."""
    with transaction.atomic():
        held = _held(upload)
        this = sql.SQL('upload_id = {} and "row" = {}').format(sql.Literal(held.id), sql.Literal(row))
        loaded = rows.load(held, this)
        if loaded.rows.is_empty():
            raise NoSuchCell
        if loaded.rows["state"].item() is not None:
            raise RowsDone([row])
        with connection.cursor() as cursor:
            left = sql.SQL(
                "update imports_row set marks = (select jsonb_agg(mark) from jsonb_array_elements(marks) mark"
                " where mark ->> 1 <> {}) where {}"
            )
            cursor.execute(left.format(sql.Literal(sheets.FIELDS), this))
        checked = _check_anew(held, table, loaded, rows.load(held, this))
    upload.refresh_from_db()
    return queries.rows_of(upload, checked)


def leave_out(upload: Upload, table: Table, which: Sequence[int] | View) -> Sequence[int]:
    """Leave rows out, by their numbers or all of a view, of which nothing became yet; the numbers of those that are
    left out, and of the others that were checked again with it."""
    return _put(upload, table, which, out=True)


def take_in(upload: Upload, table: Table, which: Sequence[int] | View) -> Sequence[int]:
    """Take rows in again that were left out; the numbers of the rows that were checked again."""
    return _put(upload, table, which, out=False)


def _put(upload: Upload, table: Table, which: Sequence[int] | View, *, out: bool) -> Sequence[int]:
    condition = which.condition() if isinstance(which, View) else sql.SQL('"row" = any({})').format(list(which))
    with transaction.atomic():
        held = _held(upload)
        loaded = _in_or_out(held, condition, out=not out)
        checked = _put_rows(held, table, loaded, out=out)
        if len(loaded.rows):
            state = pl.lit(None if out else LEFT_OUT, TEXT)
            before = loaded.rows.select(ROW, place=pl.lit(WHOLE_ROW), value=state)
            Correction.objects.create(upload=held, places=[], before=parquet(before))
    upload.refresh_from_db()
    return checked


def _in_or_out(held: Upload, condition: sql.Composable, *, out: bool) -> Rows:
    """Rows that are left out, or of which nothing became yet."""
    view = View(left_out=True) if out else View(undone=True)
    return rows.load(held, sql.SQL("{} and ({})").format(view.condition(), condition))


def _put_rows(held: Upload, table: Table, loaded: Rows, *, out: bool) -> Sequence[int]:
    """Leave rows out that were loaded, or take them in, and check what depends on it; the numbers of all of them."""
    state = pl.lit(LEFT_OUT if out else None, TEXT)
    put = loaded.rows.select(ROW, state=state, faults=pl.lit(None, TEXT))
    rows.update(held, put, {"state": "text", "faults": "jsonb"})
    counts = held.summary or {}
    held.summary = {**counts, LEFT_OUT: counts.get(LEFT_OUT, 0) + (len(put) if out else -len(put))}
    held.save(update_fields=["summary"])
    gone = Rows(loaded.rows.clear(), loaded.read.clear())
    if out:
        _count(held, loaded.rows, pl.DataFrame(schema=dict(FOUND)))
        return [*put[ROW], *_check_anew(held, table, loaded, gone)]
    return _check_anew(held, table, gone, loaded)


def take_back(upload: Upload, table: Table) -> TakenBack | None:
    """Have the cells of the last correction say what they said before it, in rows that nothing became of since, or take
    rows in that were left out last; before that, the one before. None: there is nothing to take back."""
    with transaction.atomic():
        held = _held(upload)
        while last := held.corrections.order_by("-id").first():
            last.delete()
            before = frame(last.before)
            was_put, was_in = not last.places, before["value"][0] is None
            loaded = _in_or_out(held, sql.SQL('"row" = any({})').format(_numbers(before[ROW])), out=was_put and was_in)
            before = before.join(loaded.rows, on=ROW, how="semi", maintain_order="left")
            if len(before):
                if was_put:
                    _put_rows(held, table, loaded, out=not was_in)
                else:
                    _correct(held, table, loaded, before)
                break
        else:
            return None
    upload.refresh_from_db()
    row, place, _value = before.row(0)
    return TakenBack(row, int(place) if place else None, len(before))


def _numbers(numbers: pl.Series) -> sql.Composable:
    return sql.SQL("{}::bigint[]").format(text_array(numbers.cast(TEXT)))


def _held(upload: Upload) -> Upload:
    """The upload, locked: of two corrections at once, the second sees what the first made of the rows."""
    return Upload.objects.select_for_update().get(id=upload.id)


def _cell(text: str) -> str | None:
    """A text as reading a file leaves it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()[: MAX_CHARACTERS + 1] or None


def _remembered(upload: Upload, table: Table, loaded: Rows, edits: pl.DataFrame) -> Sequence[int]:
    """`_correct`, to be taken back."""
    checked = _correct(upload, table, loaded, edits)
    cells = loaded.rows.select(ROW, *edits["place"].unique())
    there = cells.unpivot(index=ROW, variable_name="place", value_name="before")
    changed = edits.join(there, on=[ROW, "place"], maintain_order="left").filter(
        pl.col("value").ne_missing(pl.col("before"))
    )
    if len(changed):
        before = changed.select(ROW, "place", value="before")
        places = sorted(map(int, changed["place"].unique()))
        Correction.objects.create(upload=upload, places=places, before=parquet(before))
    return checked


def _correct(upload: Upload, table: Table, loaded: Rows, edits: pl.DataFrame) -> Sequence[int]:
    """Apply edits to the rows that were loaded, check what depends on them, and write it; the numbers of the rows that
    were checked."""
    if done := loaded.rows.filter(pl.col("state").is_not_null())[ROW].to_list():
        raise RowsDone(done)
    edited = _edited(loaded, edits)
    if edited.rows.equals(loaded.rows):
        return [int(row) for row in loaded.rows[ROW]]
    return _check_anew(upload, table, loaded, edited)


def _check_anew(upload: Upload, table: Table, loaded: Rows, edited: Rows) -> Sequence[int]:
    """Check rows that were loaded and edited with what depends on them, and write it; their numbers."""
    said = rows.said(upload)
    after = together_now(table, *rows.texts(upload, table, edited), upload.written, said)
    common = pl.concat([loaded.rows.select(*TOGETHER), after])
    others = _together(upload, pl.concat([common[name] for name in TOGETHER]), edited.rows[ROW])
    concerned = Rows(pl.concat([edited.rows, others.rows]).sort(ROW), pl.concat([edited.read, others.read]))
    if concerned.rows.is_empty():
        return []
    checked = check(table, *rows.texts(upload, table, concerned), upload.written, said)
    rows.change(upload, concerned, checked)
    _count(upload, concerned.rows, checked.faults)
    return [int(row) for row in concerned.rows[ROW]]


def _edited(loaded: Rows, edits: pl.DataFrame) -> Rows:
    edited = loaded.rows
    for (place,), of_place in edits.group_by("place"):
        values = of_place.select(ROW, value="value", edited=pl.lit(True))
        edited = edited.join(values, on=ROW, how="left", maintain_order="left")
        cell = pl.when("edited").then("value").otherwise(pl.col(str(place)))
        edited = edited.with_columns(cell.alias(str(place))).drop("value", "edited")
    first_time = loaded.rows.filter(~pl.col(ROW).is_in(loaded.read[ROW].implode()))
    return Rows(edited, pl.concat([loaded.read, first_time.select(ROW, *loaded.places)]))


def _together(upload: Upload, together: pl.Series, but: pl.Series) -> Rows:
    """The other rows that have one of these in common."""
    common = together.drop_nulls()
    one_of = sql.SQL("together = any({0}) or also = any({0})").format(text_array(common))
    condition = one_of if len(common) else sql.SQL("false")
    others = rows.load(upload, sql.SQL("state is null and ({})").format(condition))
    known = pl.col(ROW).is_in(but.implode())
    return Rows(others.rows.filter(~known), others.read.filter(~known))


def _count(upload: Upload, before: pl.DataFrame, after: pl.DataFrame) -> None:
    """The counts of an upload, of which the faults of some rows are others now."""
    gone = [json.loads(faults) for faults in before["faults"].drop_nulls()]
    counts = Counter((column, code) for faults in gone for column, code, _details in faults)
    counts.subtract(after.select("column", "code").iter_rows())
    upload.faulty += after[ROW].n_unique() - len(gone)
    for (column, code), fewer in counts.items():
        of_column = upload.counts.setdefault(column, {})
        of_column[code] = of_column.get(code, 0) - fewer
    upload.counts = {
        column: left for column, codes in upload.counts.items() if (left := {code: n for code, n in codes.items() if n})
    }
    upload.save(update_fields=["faulty", "counts"])
