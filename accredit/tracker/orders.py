"""One order as it comes in JSON or in a query → what the database takes. The rules, limits and words are those of the
files (spec 80), and so is the canonical JSON (`conversions.received`): the same order is known whichever way it comes.

`occurred_at` may be left out: then the order counts from when it was received. What is kept of it, and its digest, have
no time then, so that a repeated call is the same order.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import sha256
from urllib.parse import parse_qsl
from uuid import UUID

from accredit import money
from accredit.conversions.received import FIELDS as RECEIVED_FIELDS
from accredit.database import json_text
from accredit.engine.frames import ITEMS
from accredit.files import values
from accredit.files.columns import ORDER_COLUMNS, Column, Kind, item_columns
from accredit.files.errors import printable, suggestion
from accredit.files.tables import SHOWN_CHARACTERS

MAX_ERRORS = 20
"""Of one order; who has more makes the same mistake everywhere."""
MAX_QUERY_FIELDS = 100
MAX_EXPONENT = 40

FIELDS: Mapping[str, Column] = {column.name: column for column in ORDER_COLUMNS if column.name != "event_type"}
ITEM_FIELDS: Mapping[str, Column] = {
    column.name: column
    for column in item_columns(several_event_types=False)
    if column.name not in ("event_type", "order_token")
}
OPTIONAL = ("occurred_at", "currency")
"""Needed in files; here the time of receipt and the program's currency stand for them."""

CODES = ("order_token", "visitor_id", "click_id", "customer_id", "item_id")
"""Fields that name one of many: characters that nobody sees would make two of what looks like one."""
AHEAD = timedelta(days=1)
"""How far the shop's clock may be ahead. Files may say what they like: what is planned or tried out is loaded too."""

_NEEDED = tuple(name for name, column in {**FIELDS, **ITEM_FIELDS}.items() if column.required and name not in OPTIONAL)
_ESCAPES = str.maketrans(json_text.ESCAPES)
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INSTANT = re.compile(values.INSTANT_TEXT)
_AMOUNT = re.compile(values.EXACT_AMOUNT_TEXT)


class NotReadable(ValueError):
    """A body or a query in which no order can be told. The message says why."""


class Number(str):
    """A number of JSON, exactly as it was written."""

    __slots__ = ()


class Repeated(dict[str, object]):
    """An object that has members twice, with the last value of each."""

    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FieldError:
    """`field` is such as `turnover` or `items[2].quantity`, empty for the order as a whole; `value` is what was written
    there, shortened."""

    field: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class Order:
    """`received` and `digest` are those of `conversions.received`."""

    order_token: str
    visitor_id: str | None
    click_id: str | None
    customer_id: str | None
    received: str
    digest: UUID


def read_body(body: bytes) -> object:
    """The JSON of a body, its numbers as Number. Raises NotReadable."""
    try:
        return json.loads(
            body.decode(),
            object_pairs_hook=_members,
            parse_float=Number,
            parse_int=Number,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        raise NotReadable(f"The body is not UTF-8: byte {error.start + 1} is wrong.") from None
    except json.JSONDecodeError as error:
        raise NotReadable(f"The body is no JSON: {error.msg}, line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise NotReadable("The body is nested too deeply: it is one order, or a list of them.") from None


def read_query(query: str) -> Mapping[str, object]:
    """The members of a query. Raises NotReadable."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
    except UnicodeDecodeError:
        raise NotReadable("The query is not UTF-8: percent-encode its values as UTF-8.") from None
    except ValueError:
        raise NotReadable(f"The query has more than {MAX_QUERY_FIELDS} fields.") from None
    return _members(pairs)


def _members(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    repeated = Repeated(members)
    times = Counter(name for name, _ in pairs)
    repeated.names = [name for name, count in times.items() if count > 1]
    return repeated


def _refuse_constant(word: str) -> object:
    raise NotReadable(f"The body is no JSON: {word} is no number.")


def check(
    members: object,
    *,
    event_type: str,
    currency: str | None,
    is_tracked: bool = True,
    received_at: datetime | None = None,
) -> Order | Sequence[FieldError]:
    """An order by its members, or what is wrong with it. `currency` is the program's, where that is known. What came
    for a visitor who is not to be tracked is taken without visitor and click. Nothing may have occurred more than
    AHEAD after `received_at`."""
    errors: list[FieldError] = []
    order = _Record(members, FIELDS, errors, takes_items=True)
    texts = order.texts
    for name, instead in (("customer_id", "a hash of it, such as its SHA-256"), ("visitor_id", "a random id")):
        if "@" in (texts[name] or ""):
            order.wrong(name, f"{name} looks like an e-mail address; send {instead}.")
    code = texts["currency"] or currency
    decimals = money.decimals_by_currency().get(code or "")
    if texts["currency"] and decimals is None:
        order.wrong("currency", "{} is no currency of ISO 4217, such as EUR, USD or JPY.")
    elif code is None:
        order.wrong("currency", "currency is missing; only where the program is known its own can stand for it.")
    found: dict[str, str | int | None] = {
        **texts,
        "event_type": event_type,
        "occurred_at": order.instant("occurred_at", received_at and received_at + AHEAD),
        "currency": code,
        "turnover_minor": order.minor("turnover", code, decimals),
        "customer_status_word": texts["customer_status"],
    }
    lines = _items(order.members.get("items"), code, decimals, errors)
    if errors:
        return errors[:MAX_ERRORS]
    received = _object([(name, found[name]) for name in RECEIVED_FIELDS])
    if lines:
        listed = ",".join(_object([(name, line[name]) for name in _LINE_FIELDS]) for line in lines)
        received = f'{received[:-1]},"items":[{listed}]}}'
    return Order(
        order_token=texts["order_token"] or "",
        visitor_id=texts["visitor_id"] if is_tracked else None,
        click_id=texts["click_id"] if is_tracked else None,
        customer_id=texts["customer_id"],
        received=received,
        digest=UUID(sha256(received.encode()).hexdigest()[:32]),
    )


_LINE_FIELDS = tuple(name for name in ITEMS if name != "conversion")


def _items(
    value: object, currency: str | None, decimals: int | None, errors: list[FieldError]
) -> Sequence[Mapping[str, str | int | None]]:
    """The items in the order of their ids."""
    if value is None:
        return []
    if not isinstance(value, list):
        errors.append(FieldError("items", _shown(_as_text(value)), "items is a list of objects."))
        return []
    places: dict[str, int] = {}
    lines: list[Mapping[str, str | int | None]] = []
    for place, members in enumerate(value):
        if len(errors) >= MAX_ERRORS:
            break
        item = _Record(members, ITEM_FIELDS, errors, place=f"items[{place}]")
        item_id = item.texts["item_id"]
        if item_id and places.setdefault(item_id, place) != place:
            item.wrong("item_id", f"{{}} is there already, in items[{places[item_id]}].")
        lines.append(
            {
                **item.texts,
                "quantity": item.quantity("quantity"),
                "turnover_minor": item.minor("turnover", currency, decimals),
            }
        )
    return sorted(lines, key=lambda line: str(line["item_id"]))


class _Record:
    """One object, read field by field; what is wrong with it goes to `errors`. `texts`: every declared field as text,
    None where it is missing or wrong."""

    def __init__(
        self,
        members: object,
        fields: Mapping[str, Column],
        errors: list[FieldError],
        *,
        place: str = "",
        takes_items: bool = False,
    ) -> None:
        self.errors = errors
        self.prefix = place and f"{place}."
        self.texts: dict[str, str | None] = dict.fromkeys(fields)
        self.members: Mapping[str, object] = members if isinstance(members, dict) else {}
        if not isinstance(members, dict):
            message = f"{'An item' if place else 'An order'} is an object that has the fields as its members."
            errors.append(FieldError(place, _shown(_as_text(members)), message))
            return
        if isinstance(members, Repeated):
            for name in members.names[:MAX_ERRORS]:
                self.wrong(name, f"The field {_shown(name)!r} is there twice. Leave one out.")
        for name, value in members.items():
            if len(errors) >= MAX_ERRORS:
                break
            if column := fields.get(name):
                self.texts[name] = self._text(column, value)
            elif not (takes_items and name == "items"):
                what = "items" if place else "an order"
                known = (*fields, "items") if takes_items else tuple(fields)
                self.wrong(name, f"There is no field {_shown(name)!r} in {what}. {_suggestion(_shown(name), known)}")
        for name in _NEEDED:
            if name in fields and members.get(name) in (None, ""):
                self.wrong(name, f"{name} is missing.")

    def wrong(self, name: str, message: str) -> None:
        """Note an error; `{}` in the message is the value as it was written."""
        value = _shown(_as_text(self.members.get(name)))
        self.errors.append(FieldError(self.prefix + _shown(name), value, message.replace("{}", f"'{value}'", 1)))

    def _text(self, column: Column, value: object) -> str | None:
        if value is None or value == "":
            return None
        kind = column.kind
        if isinstance(value, Number):
            fits = kind is Kind.AMOUNT or (kind is not Kind.INSTANT and value.lstrip("-").isdigit())
        else:
            fits = isinstance(value, str)
        if not fits:
            self.wrong(column.name, f"{{}} is wrong; {column.name} must be {kind.value}.")
            return None
        text = str(value)
        if kind is Kind.TEXT and (len(text) > values.MAX_TEXT or _NO_TEXT.search(text)):
            self._refuse_text(column.name, text)
            return None
        if column.name in CODES and not _is_code(text):
            self.wrong(column.name, f"{{}} has characters that nobody sees, or blanks alone; {column.name} is a code.")
            return None
        return text

    def _refuse_text(self, name: str, text: str) -> None:
        """Say why a text cannot be stored."""
        if len(text) > values.MAX_TEXT:
            self.wrong(name, f"{{}} has {len(text)} characters; {name} has at most {values.MAX_TEXT}.")
        if "\0" in text:
            self.wrong(name, f"{{}} holds a NUL character; {name} is text.")
        if _SURROGATE.search(text):
            self.wrong(name, f"{{}} holds half of a surrogate pair; {name} is text.")

    def instant(self, name: str, latest: datetime | None) -> str | None:
        """ISO 8601 with an offset → UTC, as `received` writes it."""
        text = self.texts[name]
        if text is None:
            return None
        if (moment := _moment(text)) is not None:
            if latest and moment > latest:
                self.wrong(name, f"{{}} is more than a day ahead; {name} is when the order was made.")
            return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if re.fullmatch(values.DATE_AND_TIME, text):
            self.wrong(name, "{} has no offset from UTC; add one, such as Z or +01:00.")
        else:
            self.wrong(name, f"{{}} is wrong; {name} must be {Kind.INSTANT.value}.")
        return None

    def quantity(self, name: str) -> int | None:
        text = self.texts[name]
        if text is None:
            return None
        if re.fullmatch(values.QUANTITY_TEXT, text) and 1 <= int(text) <= values.MAX_QUANTITY:
            return int(text)
        self.wrong(name, f"{{}} is wrong; {name} must be {Kind.QUANTITY.value}.")
        return None

    def minor(self, name: str, currency: str | None, decimals: int | None) -> int | None:
        """An amount → minor units; where its currency is wrong already, only its form is checked."""
        text = self.texts[name]
        if text is None:
            return None
        if isinstance(self.members[name], Number):
            text = _without_exponent(text)
        if not _AMOUNT.fullmatch(text):
            if re.fullmatch(values.AMOUNT_TEXT, text):
                self.wrong(name, "{} is too large, or has more decimals than any currency.")
            elif re.match(values.NEGATIVE_TEXT, text):
                self.wrong(name, f"{{}} is negative; {name} is zero or more.")
            else:
                self.wrong(name, f"{{}} is wrong; {name} must be {Kind.AMOUNT.value}.")
            return None
        if decimals is None:
            return None
        whole, _, fraction = text.partition(".")
        unit: int = 10 ** (4 - decimals)
        minor, rest = divmod(int(whole + fraction[:4].ljust(4, "0")), unit)
        if rest:
            self.wrong(name, f"{{}} has more decimals than {currency}, which has {decimals}.")
        elif minor > money.MAX_AMOUNT_MINOR:
            self.wrong(name, "{} is too large: amounts stay below 10^15 minor units.")
        else:
            return minor
        return None


def _is_code(text: str) -> bool:
    if text.isspace():
        return False
    return text.isprintable() or printable(text) == text


def _moment(text: str) -> datetime | None:
    if not _INSTANT.fullmatch(text) or text[11:13] > "23" or (text[-1] != "Z" and text[-2] > "5"):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _without_exponent(number: str) -> str:
    """1.5e3 → 1500; a number with an endless exponent as it is."""
    if "e" not in number and "E" not in number:
        return number
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number
    return format(value, "f") if abs(value.adjusted()) <= MAX_EXPONENT else number


@lru_cache(maxsize=1024)
def _suggestion(name: str, known: tuple[str, ...]) -> str:
    return suggestion(name, known)


def _as_text(value: object) -> str:
    """What an error shows of a value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "{…}" if isinstance(value, dict) else "[…]" if isinstance(value, list) else ""


def _shown(text: str) -> str:
    """As `files.tables.written` shows a cell."""
    return printable(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…")


def _object(fields: Iterable[tuple[str, str | int | None]]) -> str:
    """As `json_text.object_of` writes it."""
    return "{" + ",".join([f'"{name}":{_json(value)}' for name, value in fields if value is not None]) + "}"


def _json(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return f'"{value.translate(_ESCAPES)}"' if _ESCAPED.search(value) else f'"{value}"'
