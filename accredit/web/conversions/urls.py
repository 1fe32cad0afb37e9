"""The addresses of the conversion list."""

from django.urls import path

from accredit.web.conversions import listing, turnover, validating
from accredit.web.conversions.page import PAGE
from accredit.web.lists.urls import addresses

PROGRAM = "programs/<path:code>/conversions"
VALIDATION = "programs/<path:code>/validation"
urlpatterns = [
    path(VALIDATION, validating.validate, name="validation"),
    path(f"{VALIDATION}/ask", validating.ask, name="validation-ask"),
    *addresses(PROGRAM, PAGE, exports="programs/<path:code>/exports"),
    path(f"{PROGRAM}/<str:conversion>", listing.conversion, name="conversion"),
    path(f"{PROGRAM}/<str:conversion>/turnover", turnover.window, name="conversion-turnover"),
    path(f"{PROGRAM}/<str:conversion>/turnover/preview", turnover.preview, name="conversion-turnover-preview"),
]
