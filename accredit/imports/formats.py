"""What an uploaded file is, told from its content: names and what browsers say of files are guesses."""

import zipfile
from pathlib import Path

from accredit.imports.sheets import NotReadable, Sheet
from accredit.imports.spreadsheet import read_spreadsheet
from accredit.imports.text_table import read_text_table

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""In a spreadsheet with a password, which Office puts into the container of its old formats."""
_OTHERS = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"PAR1": "Parquet",
    b"\x1f\x8b": "gzip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"<!DOCTYPE": "HTML",
    b"<html": "HTML",
}


def read_content(path: Path) -> Sheet:
    """The table of a file. Raises NotReadable."""
    content = path.read_bytes()
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise NotReadable("empty")
    if content.startswith(_OLE):
        raise NotReadable("password" if _ENCRYPTED in content else "old_spreadsheet")
    if content.startswith(b"PK"):
        return _of_archive(path)
    for start, name in _OTHERS.items():
        if content[:200].lstrip().lower().startswith(start.lower()):
            raise NotReadable("other_format", name=name)
    return read_text_table(content)


def _of_archive(path: Path) -> Sheet:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            kind = archive.read("mimetype")[:100].decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise NotReadable("damaged") from None
    if "opendocument" in kind:
        raise NotReadable("open_document")
    if "xl/vbaProject.bin" in names or any(name.startswith("xl/macrosheets/") for name in names):
        raise NotReadable("macros")
    if "xl/workbook.bin" in names:
        raise NotReadable("other_format", name="XLSB")
    if "xl/workbook.xml" not in names:
        raise NotReadable("other_format", name="ZIP")
    try:
        return read_spreadsheet(path)
    except NotReadable:
        raise
    except Exception:  # whatever a damaged file made of the libraries that read it
        raise NotReadable("damaged") from None
