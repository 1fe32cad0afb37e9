"""The Django app."""

from django.apps import AppConfig


class ConversionsConfig(AppConfig):
    name = "accredit.conversions"

    def ready(self) -> None:
        """Declare the kinds of jobs of this room."""
        from accredit.conversions import validation_file_job, validation_job

        validation_job.declare()
        validation_file_job.declare()
