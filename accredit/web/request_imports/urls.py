"""The addresses of the import of conversion requests."""

from django.urls import path

from accredit.web.imports.urls import addresses
from accredit.web.request_imports import raising
from accredit.web.request_imports.page import PAGE

IMPORTS = "programs/<path:code>/requests/import"
ONE, GIVEN = f"{IMPORTS}/<str:upload>", {"page": PAGE}
urlpatterns = [
    *addresses(IMPORTS, PAGE),
    path(f"{ONE}/preview", raising.preview, GIVEN, name="request-import-preview"),
    path(f"{ONE}/raise", raising.raise_them, GIVEN, name="request-import-raise"),
]
