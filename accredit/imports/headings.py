"""Declared columns of an uploaded table, found by their headings in either language."""

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accredit.imports.declaring import Column

_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Headed:
    """`places`: column → where it stands. `twice`: columns that stand more than once, each with the headings. `unused`:
    headings that are no declared column, each with the declared one that it resembles, if any."""

    places: Mapping[str, int]
    twice: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unused: Sequence[tuple[str, Column | None]] = ()


def folded(text: str) -> str:
    """A word as it is compared: without regard to case, blanks, marks and accents; umlauts as two letters too."""
    plain = unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS)
    decomposed = unicodedata.normalize("NFKD", plain)
    return _NOT_LETTERS.sub("", decomposed)


def find_columns(names: Sequence[str], columns: Sequence[Column]) -> Headed:
    """Where the declared columns stand in a header."""
    known = {folded(text): column for column in columns for text in column.texts}
    found: dict[str, list[int]] = {}
    unused: list[tuple[str, Column | None]] = []
    for place, name in enumerate(names):
        if column := known.get(folded(name)):
            found.setdefault(column.name, []).append(place)
        elif name:
            near = difflib.get_close_matches(folded(name), known, n=1, cutoff=0.8)
            unused.append((name, known[near[0]] if near else None))
    return Headed(
        places={name: places[0] for name, places in found.items()},
        twice={name: [names[place] for place in places] for name, places in found.items() if len(places) > 1},
        unused=unused,
    )
