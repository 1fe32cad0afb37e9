"""The Django app of the pages."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "accredit.web"
    label = "web"

    def ready(self) -> None:
        """Declare the kinds of jobs that speak as the pages do."""
        from accredit.web.conversions.page import PAGE as CONVERSIONS
        from accredit.web.lists import exporting
        from accredit.web.requests import jobs as deciding

        exporting.declare([CONVERSIONS])
        deciding.declare()
