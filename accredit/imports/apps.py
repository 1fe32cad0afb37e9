"""The Django app, for its tables."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "accredit.imports"
