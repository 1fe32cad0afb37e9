"""The addresses of validating by file."""

from django.urls import path

from accredit.web.validation import downloads, holding, pages

FILES = "programs/<path:code>/validation-files"
CONVERSION = "programs/<path:code>/conversions/<str:conversion>"
urlpatterns = [
    path(f"{CONVERSION}/hold", holding.hold_back, name="conversion-hold"),
    path(f"{CONVERSION}/release", holding.let_go, name="conversion-release"),
    path(FILES, pages.files, name="validation-files"),
    path(f"{FILES}/sample/<str:name>", downloads.sample, name="validation-sample"),
    path(f"{FILES}/<str:upload>", pages.file, name="validation-file"),
    path(f"{FILES}/<str:upload>/plan", pages.planned, name="validation-plan"),
    path(f"{FILES}/<str:upload>/check", pages.check_again, name="validation-check"),
    path(f"{FILES}/<str:upload>/apply", pages.apply, name="validation-apply"),
    path(f"{FILES}/<str:upload>/rows/<str:kind>", downloads.rows, name="validation-rows"),
]
