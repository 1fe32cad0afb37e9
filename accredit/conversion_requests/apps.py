"""The Django app, for its tables."""

from django.apps import AppConfig

from accredit.jobs.declaring import declared_by


class ConversionRequestsConfig(AppConfig):
    name = "accredit.conversion_requests"

    def ready(self) -> None:
        """Have the kinds of jobs of this room declared."""
        declared_by(_declare_kinds)


def _declare_kinds() -> None:
    from accredit.conversion_requests import decision_job, import_job

    decision_job.declare()
    import_job.declare()
