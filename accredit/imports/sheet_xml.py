"""What a sheet's own XML says of its cells beside their texts: which are errors, and which are numbers. It is looked
into as little as possible: there are millions of cells, and few of these.

`python -m accredit.imports.sheet_xml FILE PART` writes it as JSON: beside a process that reads the cells meanwhile.
"""

import json
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from accredit import child

NUMBER_TEXT = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
"""As numbers are written in a sheet, and as the reader writes them."""
_SHARED = "xl/sharedStrings.xml"
_FORMULA = rb"(?:<P:?f[^>]*>[^<]*</P:?f>|<P:?f[^>]*/>)?"
_PREFIX = re.compile(rb"<(?:(\w+):)?worksheet[ >]")
_MERGED = re.compile(rb'mergeCell [^>]*?ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"')
_ERROR = b' t="e"'
_PLACE = re.compile(rb'[ c]r="([A-Z]+)([0-9]+)"')
_TYPE = re.compile(rb' t="([a-zA-Z]+)"')


LARGE_BYTES = 8 << 20
"""Of a larger sheet the cells are read while another process looks into the XML. Threads would take turns."""


@dataclass(frozen=True, slots=True)
class Looked:
    """`errors`: row, column and error of each cell that holds one; `merged`: cells that are merged, such as `C1:F1`,
    with their first and last row; `texts`: those that look like numbers; `first`: the column that counts as 0, as for
    readers: the first that has anything in it."""

    errors: Sequence[tuple[int, int, str]]
    merged: Sequence[tuple[str, int, int]]
    texts: Sequence[str]
    first: int


@contextmanager
def looking_into(path: Path, part: str) -> Iterator[Callable[[], Looked]]:
    """Look into a sheet of a workbook; the block gets what waits for it. Whatever ends the looking ends the waiting
    with MemoryError."""
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(part).file_size
    if size < LARGE_BYTES:
        yield lambda: look_into(path, part)
        return
    command = [sys.executable, "-I", "-m", "accredit.imports.sheet_xml", str(path), part]
    process = child.start(command, ends_on=signal.SIGKILL, output=subprocess.PIPE)

    def wait() -> Looked:
        written, _errors = process.communicate()
        if process.returncode != 0:
            raise MemoryError
        return Looked(**json.loads(written))

    with process:
        try:
            yield wait
        finally:
            process.kill()


def look_into(path: Path, part: str) -> Looked:
    """Look into a sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        xml, prefix = _xml_of(archive, part)
        shared = archive.read(_SHARED) if _SHARED in archive.namelist() else b""
    texts = sorted({text.decode() for text in _texts_like_numbers(xml, shared, prefix)})
    first = _first_column(xml, prefix)
    errors = [(row, column - first, text) for row, column, text in _errors(xml, prefix)]
    return Looked(errors, list(_merged(xml)), texts, first)


def numbers(path: Path, part: str, first: int, values: Set[float]) -> Iterator[tuple[int, int]]:
    """Row and column of the cells of a sheet that are numbers, and one of these values. `first`: the column that counts
    as 0."""
    with zipfile.ZipFile(path) as archive:
        xml, prefix = _xml_of(archive, part)
    cell = re.compile(_of(rb"<P:?c ([^>]*[^/])>" + _FORMULA + rb"<P:?v>(" + NUMBER_TEXT.encode() + rb")<", prefix))
    for attributes, text in cell.findall(xml):
        kind = _TYPE.search(attributes)
        if (kind is None or kind[1] == b"n") and float(text) in values:
            place = _PLACE.search(b" " + attributes)
            if place:
                yield int(place[2]), column_of(place[1]) - first


def _xml_of(archive: zipfile.ZipFile, part: str) -> tuple[bytes, bytes]:
    """The XML, and what its tags begin with."""
    xml = archive.read(part)
    found = _PREFIX.search(xml[:10_000])
    return xml, (found[1] + b":") if found and found[1] else b""


def _merged(xml: bytes) -> Iterator[tuple[str, int, int]]:
    for first, first_row, last, last_row in _MERGED.findall(xml):
        yield f"{(first + first_row).decode()}:{(last + last_row).decode()}", int(first_row), int(last_row)


def _errors(xml: bytes, prefix: bytes) -> Iterator[tuple[int, int, str]]:
    value = re.compile(_of(rb"[^>]*>" + _FORMULA + rb"<P:?v>([^<]*)<", prefix))
    at = xml.find(_ERROR)  # many times as quick as a pattern
    while at >= 0:
        start = xml.rfind(b"<", 0, at)
        place, text = _PLACE.search(xml, start), value.match(xml, at + len(_ERROR))
        if place and text:
            yield int(place[2]), column_of(place[1]), text[1].decode()
        at = xml.find(_ERROR, at + 1)


def _first_column(xml: bytes, prefix: bytes) -> int:
    if re.search(_of(rb'<P:?c [^>]*?r="A[0-9]+"[^>]*[^/]>', prefix), xml):  # nearly always, and soon
        return 0
    cells = re.compile(_of(rb'<P:?c [^>]*?r="([A-Z]+)[0-9]+"[^>]*[^/]>', prefix))
    return min(map(column_of, set(cells.findall(xml))), default=0)


def column_of(letters: bytes) -> int:
    """The number of a column, from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _texts_like_numbers(xml: bytes, shared: bytes, prefix: bytes) -> Iterator[bytes]:
    number = NUMBER_TEXT.encode()
    text = re.compile(_of(rb"<P:?t(?: [^>]*)?>(" + number + rb")</P:?t>", prefix))
    if b"inlineStr" in xml:
        yield from text.findall(xml)
    if b't="str"' in xml:
        yield from re.findall(_of(rb't="str"[^>]*>' + _FORMULA + rb"<P:?v>(" + number + rb")<", prefix), xml)
    yield from re.findall(rb"<(?:\w+:)?t(?: [^>]*)?>(" + number + rb")</", shared)
    if b"<r>" in shared:  # a text whose parts look different
        for one in re.findall(rb"<si>(<r>.*?)</si>", shared, re.DOTALL):
            yield b"".join(re.findall(rb"<t(?: [^>]*)?>([^<]*)</t>", one))


def _of(pattern: bytes, prefix: bytes) -> bytes:
    return pattern.replace(b"P:?", prefix)


if __name__ == "__main__":
    print(json.dumps(asdict(look_into(Path(sys.argv[1]), sys.argv[2]))))
