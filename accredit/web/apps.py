"""The Django app of the pages."""

from django.apps import AppConfig

from accredit.jobs.declaring import declared_by


class WebConfig(AppConfig):
    name = "accredit.web"
    label = "web"

    def ready(self) -> None:
        """Have the kinds of jobs declared that speak as the pages do."""
        declared_by(_declare_kinds)


def _declare_kinds() -> None:
    from accredit.web.conversions.page import PAGE as CONVERSIONS
    from accredit.web.imports import downloads
    from accredit.web.lists import exporting
    from accredit.web.request_imports.page import PAGE as REQUEST_IMPORTS
    from accredit.web.requests import jobs as deciding
    from accredit.web.requests.page import PAGE as REQUESTS

    exporting.declare([CONVERSIONS, REQUESTS])
    deciding.declare()
    downloads.declare([REQUEST_IMPORTS])
