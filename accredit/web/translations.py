"""The German words: collects every text that code and templates mark, keeps the catalog in step, compiles it.

`python -m accredit.web.translations` adds new texts to the catalog (without German yet), drops those that are gone, and
writes the compiled file that pages read. It needs no gettext programs. A test proves that no German is missing.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parents[1]
PO = Path(__file__).parent / "locale" / "de" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
HEADER = """\
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
KEYWORDS = {
    "Sentence": None,
    "_": None,
    "gettext_noop": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
CALL = re.compile(r" (p?gettext|ngettext)\(((?:u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")(?:, ?)?)+)(?:count)?\) ")
Message = tuple[str, str | tuple[str, ...], str | None]
"""Where, what, and in which context."""


def marked() -> Iterator[Message]:
    """Every marked text of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        with path.open("rb") as file:
            for _line, text, _comments, context in extract("python", file, keywords=KEYWORDS):
                yield where, text, context
    for path in sorted(PACKAGE.rglob("templates/**/*.html")):
        where = path.relative_to(PACKAGE).as_posix()
        for function, arguments in CALL.findall(templatize(path.read_text(), origin=where)):
            texts = [ast.literal_eval(node) for node in ast.parse(f"f({arguments.rstrip(', ')})").body[0].value.args]  # type: ignore[attr-defined]
            context = texts.pop(0) if function == "pgettext" else None
            yield where, tuple(texts) if len(texts) > 1 else texts[0], context


def read() -> Catalog:
    """The catalog as it stands."""
    with PO.open("rb") as file:
        return read_po(file, locale="de")


def updated(catalog: Catalog) -> Catalog:
    """A catalog of exactly the marked texts, with the German that `catalog` has for them."""
    new = Catalog(locale="de", project="Accredit", charset="utf-8", fuzzy=False, header_comment="# German.")
    for _where, text, context in marked():
        known = catalog.get(text, context)
        german = known.string if known else ""
        new.add(text, german, context=context)
    return new


def po_bytes(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_po(buffer, catalog, sort_output=True, no_location=True, omit_header=True, width=120)
    return HEADER.encode() + buffer.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def missing(catalog: Catalog) -> list[str]:
    """Texts without German."""
    return [str(message.id) for message in catalog if message.id and not all(forms(message.string))]


def forms(string: str | Sequence[str] | None) -> list[str]:
    """Singular and plural, or the one text there is."""
    return [string or ""] if isinstance(string, str | None) else list(string)


if __name__ == "__main__":
    PO.write_bytes(po_bytes(updated(read())))
    MO.write_bytes(mo_bytes(read()))
    for text in missing(read()):
        print(f"no German yet: {text}", file=sys.stderr)
