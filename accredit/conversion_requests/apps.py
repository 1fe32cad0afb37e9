"""The Django app, for its tables."""

from django.apps import AppConfig


class ConversionRequestsConfig(AppConfig):
    name = "accredit.conversion_requests"
