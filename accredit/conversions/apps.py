"""The Django app."""

from django.apps import AppConfig


class ConversionsConfig(AppConfig):
    name = "accredit.conversions"
