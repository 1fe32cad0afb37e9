"""The JSON of a request, field by field: each is what it should be, or the request is refused and nothing is done."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from accredit.api.answers import Refused, wrong
from accredit.conversions.history import COMMENT_CHARACTERS
from accredit.money import AmountError, to_minor

MAX_ROWS = 1_000
MAX_NUMBER = 10**9
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of the request. `place`: where it stands, such as `turnovers[3]`."""

    values: Mapping[str, Any]
    place: str = ""

    def at(self, name: str) -> str:
        """Where a field of it stands."""
        return f"{self.place}.{name}" if self.place else name

    def only(self, names: Collection[str]) -> None:
        """Refuses fields besides these: what is misspelt would be passed over."""
        for name in self.values:
            if name not in names:
                raise wrong(self.at(name[:80]), f"There is no such field; there are {', '.join(names)}.")

    def text(self, name: str) -> str | None:
        """A text; None where the field is missing, null or empty."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise wrong(self.at(name), "This is a text in JSON: put it in quotation marks.")
        if len(value) > COMMENT_CHARACTERS:
            raise wrong(self.at(name), f"This has more than {COMMENT_CHARACTERS:,} characters.")
        if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
            raise wrong(self.at(name), "This holds a character that no text can hold.")
        return value or None

    def number(self, name: str) -> int | None:
        """A whole number from 0; None where the field is missing or null."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_NUMBER:
            raise wrong(self.at(name), f"This is a whole number from 0 to {MAX_NUMBER:,}, without quotation marks.")
        return value

    def flag(self, name: str) -> bool:
        """False where the field is missing."""
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise wrong(self.at(name), "This is true or false.")
        return value

    def amount(self, name: str, currency: str | None) -> int | None:
        """Minor units of a text such as `12.50`; None where the field is missing or null."""
        if not isinstance(self.values.get(name), str | None):
            raise wrong(self.at(name), 'An amount is a text, so that nothing rounds it: "12.50".')
        text = self.text(name)
        if text is None:
            return None
        if not AMOUNT.fullmatch(text):
            raise wrong(self.at(name), f'{text[:40]!r} is no amount: write it like "12.50", without thousands signs.')
        if currency is None:
            raise wrong(self.at("currency"), "Say the currency of the amounts, such as EUR.")
        try:
            return to_minor(Decimal(text), currency)
        except AmountError as error:
            raise wrong(self.at(name), f"{error}.") from None

    def rows(self, name: str) -> "Sequence[Fields]":
        """A list of objects, of which there are some."""
        values = self.values.get(name)
        if not isinstance(values, list) or not values:
            raise wrong(self.at(name), "This is a list of one object or more.")
        if len(values) > MAX_ROWS:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_many", f"This has at most {MAX_ROWS:,} rows: send the others"
                " in further requests.", field=self.at(name),
            )  # fmt: skip
        return [_object(value, f"{self.at(name)}[{place}]") for place, value in enumerate(values)]


def body_of(request: HttpRequest) -> Fields:
    """The object that was posted."""
    if request.content_type != "application/json":
        message = "Send JSON, with `Content-Type: application/json`."
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", message)
    try:
        text = request.body.decode()
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_without_twins)
    except RequestDataTooBig:
        message = "The request is too large: send fewer rows at once."
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message) from None
    except (ValueError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "bad_json", f"This is no JSON: {error}.") from None
    return _object(value, "")


def _object(value: object, place: str) -> Fields:
    if not isinstance(value, dict):
        raise wrong(place or "body", "This is an object: { … }.")
    return Fields(value, place)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value")


def _without_twins(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    """Of two fields of one name JSON readers take one or the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a field twice")
    return found
