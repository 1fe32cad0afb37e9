"""What the checks of files say, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from accredit.files.errors import Sentence


def translated(message: str, names: Mapping[str, str] | None = None) -> str:
    """The sentence in the active language, with the sentences in it. `names`: key of the file → what the page calls
    that field. A text that is no Sentence stays as it is."""
    if not isinstance(message, Sentence):
        return message
    return gettext(message.template).format(
        **{name: _value(name, value, names or {}) for name, value in message.values.items()}
    )


def _value(name: str, value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Sentence):
        return translated(value, names)
    return names.get(value, value) if name in ("key", "operator", "one", "other") and isinstance(value, str) else value
