"""What a sheet's own XML says of its cells beside their texts: which are errors, and which are numbers. It is looked
into as little as possible: there are millions of cells, and few of these."""

import re
import zipfile
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Self

NUMBER_TEXT = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
"""As numbers are written in a sheet, and as the reader writes them."""
_SHARED = "xl/sharedStrings.xml"
_FORMULA = rb"(?:<P:?f[^>]*>[^<]*</P:?f>|<P:?f[^>]*/>)?"
_PREFIX = re.compile(rb"<(?:(\w+):)?worksheet[ >]")
_MERGED = re.compile(rb'mergeCell [^>]*?ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"')
_ERROR = b' t="e"'
_PLACE = re.compile(rb'[ c]r="([A-Z]+)([0-9]+)"')
_TYPE = re.compile(rb' t="([a-zA-Z]+)"')


@dataclass(frozen=True, slots=True)
class SheetXml:
    """`xml`: of a sheet; `prefix`: what its tags begin with; `texts`: its texts that look like numbers."""

    xml: bytes
    prefix: bytes
    texts: Set[str]

    @classmethod
    def of(cls, archive: zipfile.ZipFile, part: str) -> Self:
        """A sheet of a workbook."""
        xml = archive.read(part)
        found = _PREFIX.search(xml[:10_000])
        prefix = (found[1] + b":") if found and found[1] else b""
        shared = archive.read(_SHARED) if _SHARED in archive.namelist() else b""
        return cls(xml, prefix, frozenset(text.decode() for text in _texts_like_numbers(xml, shared, prefix)))

    def merged(self) -> Iterator[tuple[str, int, int]]:
        """Cells that are merged, such as `C1:F1`, with their first and last row."""
        for first, first_row, last, last_row in _MERGED.findall(self.xml):
            yield f"{(first + first_row).decode()}:{(last + last_row).decode()}", int(first_row), int(last_row)

    def errors(self) -> Iterator[tuple[int, int, str]]:
        """Row, column (A is 0) and error of each cell that holds one."""
        value = re.compile(_of(rb"[^>]*>" + _FORMULA + rb"<P:?v>([^<]*)<", self.prefix))
        at = self.xml.find(_ERROR)  # many times as quick as a pattern
        while at >= 0:
            start = self.xml.rfind(b"<", 0, at)
            place, text = _PLACE.search(self.xml, start), value.match(self.xml, at + len(_ERROR))
            if place and text:
                yield int(place[2]), column_of(place[1]), text[1].decode()
            at = self.xml.find(_ERROR, at + 1)

    def numbers(self, values: Set[float]) -> Iterator[tuple[int, int]]:
        """Row and column of the cells that are numbers, and one of these."""
        cell = re.compile(
            _of(rb"<P:?c ([^>]*[^/])>" + _FORMULA + rb"<P:?v>(" + NUMBER_TEXT.encode() + rb")<", self.prefix)
        )
        for attributes, text in cell.findall(self.xml):
            kind = _TYPE.search(attributes)
            if (kind is None or kind[1] == b"n") and float(text) in values:
                place = _PLACE.search(b" " + attributes)
                if place:
                    yield int(place[2]), column_of(place[1])

    def first_column(self) -> int:
        """Where the first column stands that has anything in it, which is where readers begin."""
        if re.search(_of(rb'<P:?c [^>]*?r="A[0-9]+"[^>]*[^/]>', self.prefix), self.xml):  # nearly always, and soon
            return 0
        cells = re.compile(_of(rb'<P:?c [^>]*?r="([A-Z]+)[0-9]+"[^>]*[^/]>', self.prefix))
        return min(map(column_of, set(cells.findall(self.xml))), default=0)


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
