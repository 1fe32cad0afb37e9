"""The Django app."""

from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "accredit.programs"
