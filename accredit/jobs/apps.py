"""The Django app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "accredit.jobs"
