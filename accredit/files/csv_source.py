"""The structure of a CSV file: its header, and where its rows are broken. The values are read by Polars; only a file
that Polars stumbles over is walked through by Python, to name the rows."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from accredit.files.errors import FileError

CHUNK_BYTES = 1 << 20
MAX_HEADER_BYTES = 1 << 20
LONE_CR = "in CR alone. Save the file with line ends LF or CRLF."
csv.field_size_limit(2**31 - 1)  # the csv module's own limit would hide what is wrong with a longer field
_UNDECODED = re.compile("[\udc80-\udcff]")
_FIELD = r'(?:"(?:[^"]|"")*"|[^",]*)'
_RECORD = re.compile(rf"{_FIELD}(?:,{_FIELD})*[\r\n]*")
UTF_16 = "UTF-16 or UTF-32"
_OTHER_FORMATS = {
    b"\xff\xfe": UTF_16,
    b"\xfe\xff": UTF_16,
    b"\x1f\x8b": "compressed",
    b"PK\x03\x04": "a spreadsheet or an archive",
    b"PAR1": "Parquet",
}


def read_header(path: Path) -> list[str] | FileError:
    """The names in the first row."""
    with path.open("rb") as stream:
        start = stream.read(MAX_HEADER_BYTES)
    other = next((what for magic, what in _OTHER_FORMATS.items() if start.startswith(magic)), None)
    if other or b"\0" in start[:4]:
        return FileError(str(path), 1, "1", f"The file is {other or UTF_16}; it must be CSV in UTF-8.")
    if b"\n" not in start and len(start) == MAX_HEADER_BYTES:
        return FileError(str(path), 1, "1", "The first row is longer than a megabyte; it must name the columns.")
    if b"\r" in start.partition(b"\n")[0][:-1]:
        return FileError(str(path), 1, "1", f"The first row ends {LONE_CR}")
    text = start.decode("utf-8-sig", errors="surrogateescape")
    if not text.strip():
        return FileError(str(path), 1, "1", "The file is empty; its first row must name the columns.")
    try:
        names = next(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return FileError(str(path), 1, "1", f"The header cannot be read: {error}.")
    if not names:
        return FileError(str(path), 1, "1", "The first row is empty; it must name the columns.")
    if any(map(_UNDECODED.search, names)):
        return FileError(str(path), 1, "1", "The header is not UTF-8. Save the file as UTF-8.")
    return names


def scan(path: Path, names: list[str], *, lenient: bool = False) -> pl.LazyFrame:
    """All columns as texts, named by their position. `lenient` cuts rows that are too long and replaces what is not
    UTF-8; otherwise Polars raises for them."""
    return pl.scan_csv(
        path,
        new_columns=[str(number) for number in range(len(names))],
        infer_schema=False,
        glob=False,
        truncate_ragged_lines=lenient,
        encoding="utf8-lossy" if lenient else "utf8",
    )


def marks(path: Path) -> bytes:
    """Those of the bytes `"` and NUL that occur in the file, which must be looked at closely then."""
    found = b""
    for chunk in _chunks(path):
        found += bytes(mark for mark in b'"\0' if mark not in found and mark in chunk)
    return found


def lacks_fields(path: Path, names: list[str], rows: int, *, quoted: bool) -> bool:
    """Whether some row, of those that Polars reads, has fewer fields than the header: counted by separators, those
    within values apart, which only a `quoted` file can have."""
    separators = sum(chunk.count(b",") for chunk in _chunks(path))
    within = 0
    if quoted:
        within = (
            scan(path, names).select(pl.all().str.count_matches(",", literal=True).sum()).collect().sum_horizontal()[0]
        )
        within += sum(name.count(",") for name in names)
    return separators - within < (len(names) - 1) * (rows + 1)


@dataclass(frozen=True, slots=True)
class BrokenRows:
    """`are_all`: the file was walked through to its end, and the rows that are not named are whole."""

    errors: list[FileError]
    are_all: bool


def broken_rows(path: Path, names: list[str]) -> BrokenRows:
    """An error for every row with too few or too many fields, for every cell that is not UTF-8, and for misplaced
    quotation marks and line ends, after which the rows that Polars and Python see may differ."""
    errors = []
    rows_are_sure = True
    row = 0
    lines: list[str] = []
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        try:
            for row, fields in enumerate(csv.reader(_noting(stream, lines), strict=True), 1):
                record = "".join(lines)
                lines.clear()
                if fields and len(fields) != len(names):
                    column = names[len(fields)] if len(fields) < len(names) else str(len(names) + 1)
                    plural = "" if len(fields) == 1 else "s"
                    message = f"The row has {len(fields)} field{plural}; the header names {len(names)}."
                    errors.append(FileError(str(path), row, column, message))
                if record.endswith("\r"):
                    rows_are_sure = False
                    errors.append(FileError(str(path), row, "1", f"The row ends {LONE_CR}"))
                if '"' in record and not _RECORD.fullmatch(record):
                    rows_are_sure = False
                    errors.append(_quotation_mark(path, row, "it stands within a field that has none around it"))
                if not record.isascii() and _UNDECODED.search(record):
                    wrong = (name for name, cell in zip(names, fields, strict=False) if _UNDECODED.search(cell))
                    message = "The value is not UTF-8. Save the file as UTF-8."
                    errors += [FileError(str(path), row, name, message) for name in wrong]
        except csv.Error as error:
            return BrokenRows([*errors, _quotation_mark(path, row + 1, str(error))], are_all=False)
    return BrokenRows(errors, are_all=rows_are_sure)


def _quotation_mark(path: Path, row: int, why: str) -> FileError:
    message = f"A quotation mark is wrong: {why}. Put the field into quotation marks, and double those within."
    return FileError(str(path), row, "1", message)


def _noting(lines: Iterable[str], noted: list[str]) -> Iterator[str]:
    for line in lines:
        noted.append(line)
        yield line


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
