"""What a password must not be."""

from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.utils.translation import gettext as _


class NotLikeYourself(UserAttributeSimilarityValidator):
    """Django's own, which would name a column of the database."""

    def get_error_message(self) -> str:
        return _("The password is too similar to your name or your e-mail address.")
