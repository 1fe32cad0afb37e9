"""The Django app."""

from django.apps import AppConfig

from accredit.jobs.declaring import declared_by


class ConversionsConfig(AppConfig):
    name = "accredit.conversions"

    def ready(self) -> None:
        """Have the kinds of jobs of this room declared."""
        declared_by(_declare_kinds)


def _declare_kinds() -> None:
    from accredit.conversions import validation_file_job, validation_job

    validation_job.declare()
    validation_file_job.declare()
