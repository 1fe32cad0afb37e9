"""Tables in: CSV or Parquet by the file's ending → columns of values, with every error of every row (spec 80).

A table is read and checked by expressions over whole columns. Only where a check fails are the texts read again, to say
what was wrong in which row. A row's number counts records, the header being 1: a line break within quotation marks
begins no new row. A row without any value is passed over, but counted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from accredit.engine.frames import INSTANT
from accredit.files import csv_source, values
from accredit.files.columns import Column, Columns, Kind
from accredit.files.errors import FileError, errors_frame, suggestion, unreadable

CSV_ENDING, PARQUET_ENDING = ".csv", ".parquet"
ROW_NUMBER = "row number"
SHOWN_CHARACTERS = 60
UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What Polars raises over a file that is damaged."""


@dataclass(frozen=True, slots=True)
class Check:
    """`bad` tells the rows that are wrong; `message` says why, and may use `written(column)`. `suspect`, where given,
    is a cheaper scalar that is false only if no row is wrong."""

    column: str
    bad: pl.Expr
    message: pl.Expr
    suspect: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file's declared columns as they came, before anything is known about its values."""

    path: Path
    columns: Columns  # those that the file has
    names: list[str]  # all that the file has
    raw: pl.LazyFrame
    schema: Mapping[str, pl.DataType]
    marks: bytes  # of quotation marks and NULs, those that may occur
    errors: list[FileError] = field(default_factory=list)

    @property
    def is_csv(self) -> bool:
        return self.path.suffix.lower() == CSV_ENDING


@dataclass(frozen=True, slots=True)
class Checked:
    """Values, null where they are wrong, with their `row number`, and the errors (columns ERRORS). With errors the
    values serve only to check other tables against them, where every row is there (`is_complete`)."""

    frame: pl.DataFrame
    errors: pl.DataFrame
    is_complete: bool = True


def written(column: str) -> pl.Expr:
    """In a message: the cell as it was written, shortened, without control characters, in quotation marks."""
    text = pl.col(f"written {column}").fill_null("")
    short = (
        pl.when(text.str.len_chars() > SHOWN_CHARACTERS).then(text.str.slice(0, SHOWN_CHARACTERS) + "…").otherwise(text)
    )
    return pl.concat_str(
        pl.lit("'"), short.str.replace_all(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]", "\N{REPLACEMENT CHARACTER}"), pl.lit("'")
    )


def open_table(path: Path, columns: Columns) -> Table:
    """Find the file's declared columns; its errors are those of its header. Reads no rows."""
    try:
        if path.suffix.lower() == CSV_ENDING:
            names = csv_source.read_header(path)
            if isinstance(names, FileError):
                return _nothing(path, names)
            raw = csv_source.scan(path, names)
            schema: Mapping[str, pl.DataType] = dict.fromkeys(names, pl.String())
            marks = csv_source.marks(path)
        else:
            raw = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            schema = raw.collect_schema()
            names = list(schema)
            marks = b'"\0'
    except OSError as error:
        return _nothing(path, unreadable(path, error))
    except UNREADABLE:
        return _nothing(path, FileError(str(path), 1, "1", "The file is no Parquet file."))
    return _declared(Table(path, (), names, raw, schema, marks), columns)


def _nothing(path: Path, error: FileError) -> Table:
    return Table(path, (), [], pl.LazyFrame(), {}, b"", [error])


def _declared(table: Table, columns: Columns) -> Table:
    """The table with the declared columns among those of its file."""
    path, names = table.path, table.names
    known = [column.name for column in columns]
    errors = []
    if len(names) == 1 and ";" in names[0]:
        errors.append(FileError(str(path), 1, "1", "The columns are separated by ';'. Separate them by commas."))
        return replace(table, errors=errors)
    for number, name in enumerate(names):
        if name not in known:
            message = f"There is no column {name[:SHOWN_CHARACTERS]!r} in this table. {suggestion(name, known)}"
            shown = name[:SHOWN_CHARACTERS] if name.isprintable() else ""
            errors.append(FileError(str(path), 1, shown or str(number + 1), message))
        elif name in names[:number]:
            errors.append(FileError(str(path), 1, name, f"The column {name!r} is there twice. Leave one out."))
    present: list[Column] = []
    for column in columns:
        if column.name not in names:
            if column.required:
                errors.append(FileError(str(path), 1, column.name, f"The column {column.name!r} is missing."))
            continue
        wrong = values.type_error(column, table.schema[column.name])
        if wrong is None:
            present.append(column)
        else:
            errors.append(FileError(str(path), 1, column.name, wrong))
    return replace(table, columns=tuple(present), errors=errors)


def read_table(
    table: Table,
    columns: Columns,
    checks: Sequence[Check],
    derive: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame,
) -> Checked:
    """Read the values of a table, let `derive` add columns to them, row by row, and check them: every declared column
    for what it holds, then the checks given. Columns that the file lacks are null."""
    frame: pl.DataFrame | None = None
    broken: list[FileError] = []
    if table.columns:
        table, frame, broken = _read(table)
    if frame is None:
        nothing = pl.DataFrame(schema={column.name: _type_of(column) for column in columns})
        return Checked(derive(nothing).with_row_index(ROW_NUMBER, 2), errors_frame([*table.errors, *broken]), False)
    absent = [pl.lit(None, _type_of(column)).alias(column.name) for column in columns if column not in table.columns]
    frame = derive(frame.with_columns(absent)).with_row_index(ROW_NUMBER, 2)
    return _check(table, frame, [*_checks_of(table), *checks], broken)


def _type_of(column: Column) -> pl.DataType:
    types: dict[Kind, pl.DataType] = {
        Kind.TEXT: pl.String(),
        Kind.INSTANT: INSTANT,
        Kind.AMOUNT: pl.Int128(),
        Kind.QUANTITY: pl.Int64(),
    }
    return types[column.kind]


def _read(table: Table) -> tuple[Table, pl.DataFrame | None, list[FileError]]:
    """The values of the declared columns, and the errors of rows that are broken; no values where the rows cannot be
    told apart. The table given back is the one to read texts from."""
    try:
        frame = _values(table)
        if not table.is_csv or not _is_suspicious(table, frame):
            return table, frame, []
        broken = csv_source.broken_rows(table.path, table.names)
        return table, frame if broken.are_all else None, broken.errors
    except UNREADABLE as error:
        broken = csv_source.broken_rows(table.path, table.names) if table.is_csv else csv_source.BrokenRows([], False)
        message = f"The file cannot be read: {' '.join(str(error).split())[:200]}"
    if not broken.errors:
        return table, None, [FileError(str(table.path), 1, "1", message)]
    lenient = replace(table, raw=csv_source.scan(table.path, table.names, lenient=True))
    try:
        return lenient, _values(lenient) if broken.are_all else None, broken.errors
    except UNREADABLE:
        return lenient, None, broken.errors


def _cell(table: Table, column: Column) -> pl.Expr:
    return pl.col(str(table.names.index(column.name)) if table.is_csv else column.name).alias(column.name)


def _values(table: Table) -> pl.DataFrame:
    cells = table.raw.select(_cell(table, column) for column in table.columns)
    empties = not table.is_csv or b'"' in table.marks
    parsed = (
        values.value(column, table.schema[column.name], empties=empties).alias(column.name) for column in table.columns
    )
    return cells.select(parsed).collect(engine="streaming").rechunk()


def _is_suspicious(table: Table, frame: pl.DataFrame) -> bool:
    """Whether some row may be too short, since Polars fills its last columns with null, or have a quotation mark in a
    field that is not within such marks, since Polars takes it as it is."""
    last = table.names[-1]
    never_null = last in frame.columns and not frame[last].has_nulls()
    if not never_null and csv_source.lacks_fields(table.path, table.names, frame.height, quoted=b'"' in table.marks):
        return True
    if b'"' not in table.marks:
        return False
    marked = table.raw.select(pl.any_horizontal(pl.all().str.contains('"', literal=True).any())).collect(
        engine="streaming"
    )
    return bool(marked.item())


def _checks_of(table: Table) -> list[Check]:
    """What every declared column is checked for."""
    checks = []
    for column in table.columns:
        cell = pl.col(column.name)
        if column.required:
            checks.append(Check(column.name, cell.is_null(), _why_null(column)))
        if column.kind is Kind.TEXT:
            too_long = (cell.str.len_bytes() > values.MAX_TEXT) & (cell.str.len_chars() > values.MAX_TEXT)
            message = pl.format(
                f"{{}} has {{}} characters; {column.name} has at most {values.MAX_TEXT}.",
                written(column.name),
                cell.str.len_chars(),
            )
            checks.append(Check(column.name, too_long, message, cell.str.len_bytes().max() > values.MAX_TEXT))
        if column.kind is Kind.TEXT and b"\0" in table.marks:
            message = pl.format(f"{{}} holds a NUL character; {column.name} is text.", written(column.name))
            checks.append(Check(column.name, cell.str.contains("\0", literal=True), message))
    return checks


def _why_null(column: Column) -> pl.Expr:
    """Why a required value is null: nothing is there, or what is there is malformed."""
    text = pl.col(f"written {column.name}")
    wrong = pl.format(f"{{}} is wrong; {column.name} must be {column.kind.value}.", written(column.name))
    if column.kind is Kind.INSTANT:
        naive = pl.format("{} has no offset from UTC; add one, such as Z or +01:00.", written(column.name))
        wrong = pl.when(text.str.contains(values.DATE_AND_TIME + "$")).then(naive).otherwise(wrong)
    if column.kind is Kind.AMOUNT:
        negative = pl.format(f"{{}} is negative; {column.name} is zero or more.", written(column.name))
        unlimited = pl.format("{} is too large, or has more decimals than any currency.", written(column.name))
        wrong = (
            pl.when(text.str.contains(values.AMOUNT_TEXT)).then(unlimited)
            .when(text.str.contains(values.NEGATIVE_TEXT)).then(negative)
            .otherwise(wrong)
        )  # fmt: skip
    return pl.when(text.is_null()).then(pl.lit(f"{column.name} is missing.")).otherwise(wrong)


def _check(table: Table, frame: pl.DataFrame, checks: Sequence[Check], broken: list[FileError]) -> Checked:
    flags = frame.select(
        (check.bad.any() if check.suspect is None else check.suspect).alias(str(number))
        for number, check in enumerate(checks)
    )
    failed = [check for check, flag in zip(checks, flags.row(0), strict=True) if flag]
    header = errors_frame(table.errors)
    if not failed and not broken:
        return Checked(frame, header, header.is_empty())
    texts = table.raw.select(
        _cell(table, column).cast(pl.String).replace("", None).name.prefix("written ") for column in table.columns
    ).collect()
    absent = {f"written {name}" for name in frame.columns} - set(texts.columns)
    unwritten = [pl.lit(None, pl.String).alias(name) for name in absent]
    rows = pl.concat([frame.with_columns(unwritten), texts], how="horizontal").filter(
        ~pl.all_horizontal(pl.col(texts.columns).is_null()),
        ~pl.col(ROW_NUMBER).is_in([error.row for error in broken]),
    )
    found = [_errors_of(check, rows, str(table.path)) for check in failed]
    errors = pl.concat([errors_frame(broken), *found]).sort("row", maintain_order=True)
    return Checked(rows.select(frame.columns), pl.concat([header, errors]), header.is_empty() and not broken)


def _errors_of(check: Check, rows: pl.DataFrame, file: str) -> pl.DataFrame:
    return (
        rows.select(ROW_NUMBER, bad=check.bad, message=check.message.fill_null(f"{check.column} is wrong."))
        .filter("bad")
        .select(
            file=pl.lit(file),
            row=pl.col(ROW_NUMBER).cast(pl.Int64),
            column=pl.lit(check.column),
            message="message",
        )
    )
