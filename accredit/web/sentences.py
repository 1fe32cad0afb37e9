"""What the checks of files say, in the reader's language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from accredit.files.errors import Sentence
from accredit.web import formats

NAMES_OF_KEYS = ("key", "operator", "one", "other")
"""Values of sentences that are keys of the file."""


def translated(message: str, names: Mapping[str, str] | None = None, zone: ZoneInfo | None = None) -> str:
    """The sentence in the active language, with the sentences in it. `names`: key of the file → what the page calls
    that field; `zone`: whose clock the page shows. A text that is no Sentence stays as it is."""
    if not isinstance(message, Sentence):
        return message
    values = {name: _value(name, value, names or {}, zone) for name, value in message.values.items()}
    return gettext(message.template).format(**values)


def _value(name: str, value: Any, names: Mapping[str, str], zone: ZoneInfo | None) -> Any:
    match value:
        case Sentence():
            return translated(value, names, zone)
        case datetime():
            return formats.instant(value, zone or ZoneInfo("UTC"), seconds=bool(value.second))
        case str() if name in NAMES_OF_KEYS:
            return names.get(value, value)
        case _:
            return value
