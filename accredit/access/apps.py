"""The Django app of users, organizations and memberships."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "accredit.access"
    label = "access"
