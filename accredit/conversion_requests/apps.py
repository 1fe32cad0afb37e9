"""The Django app, for its tables."""

from django.apps import AppConfig


class ConversionRequestsConfig(AppConfig):
    name = "accredit.conversion_requests"

    def ready(self) -> None:
        """Declare the kinds of jobs of this room."""
        from accredit.conversion_requests import decision_job, import_job

        decision_job.declare()
        import_job.declare()
