"""The addresses that every import has."""

from django.urls import URLPattern, path

from accredit.web.imports import correcting, downloads, pages
from accredit.web.imports.declaring import ImportPage


def addresses(where: str, page: ImportPage) -> list[URLPattern]:
    """Those of an import at `where`."""
    name, given, one = page.name, {"page": page}, f"{where}/<str:upload>"
    return [
        path(where, pages.start, given, name=f"{name}s"),
        path(f"{where}/sample/<str:language>.xlsx", downloads.sample, given, name=f"{name}-sample"),
        path(one, pages.one, given, name=name),
        path(f"{one}/figures", pages.figures, given, name=f"{name}-figures"),
        path(f"{one}/check", pages.check_anew, given, name=f"{name}-check"),
        path(f"{one}/rows", correcting.rows, given, name=f"{name}-rows"),
        path(f"{one}/next", correcting.next_one, given, name=f"{name}-next"),
        path(f"{one}/cells", correcting.cells, given, name=f"{name}-cells"),
        path(f"{one}/equal", correcting.equal, given, name=f"{name}-equal"),
        path(f"{one}/paste", correcting.paste, given, name=f"{name}-paste"),
        path(f"{one}/surplus", correcting.surplus, given, name=f"{name}-surplus"),
        path(f"{one}/leave", correcting.leave, given, name=f"{name}-leave"),
        path(f"{one}/back", correcting.back, given, name=f"{name}-back"),
        path(f"{one}/file.xlsx", downloads.annotated, given, name=f"{name}-file"),
    ]
