"""The addresses of the import of conversion requests."""

from django.urls import path

from accredit.web.request_imports import correcting, downloads, pages, raising

IMPORTS = "programs/<path:code>/requests/import"
ONE = f"{IMPORTS}/<str:upload>"
urlpatterns = [
    path(IMPORTS, pages.start, name="request-imports"),
    path(f"{IMPORTS}/sample/<str:language>.xlsx", downloads.sample, name="request-import-sample"),
    path(ONE, pages.one, name="request-import"),
    path(f"{ONE}/figures", pages.figures, name="request-import-figures"),
    path(f"{ONE}/check", pages.check_anew, name="request-import-check"),
    path(f"{ONE}/rows", correcting.rows, name="request-import-rows"),
    path(f"{ONE}/next", correcting.next_one, name="request-import-next"),
    path(f"{ONE}/cells", correcting.cells, name="request-import-cells"),
    path(f"{ONE}/equal", correcting.equal, name="request-import-equal"),
    path(f"{ONE}/paste", correcting.paste, name="request-import-paste"),
    path(f"{ONE}/surplus", correcting.surplus, name="request-import-surplus"),
    path(f"{ONE}/back", correcting.back, name="request-import-back"),
    path(f"{ONE}/file.xlsx", downloads.annotated, name="request-import-file"),
    path(f"{ONE}/preview", raising.preview, name="request-import-preview"),
    path(f"{ONE}/raise", raising.raise_them, name="request-import-raise"),
]
