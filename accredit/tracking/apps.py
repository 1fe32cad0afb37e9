"""The Django app."""

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "accredit.tracking"
