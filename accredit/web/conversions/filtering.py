"""The state of the conversion list as its address says it: filters, order, place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accredit.conversions.listing import ORDERS, Cursor, CursorError, Filters, Order, cursor_from_text
from accredit.conversions.models import CreditedTo
from accredit.web import words
from accredit.web.naming import Names

Choices = Sequence[tuple[Any, Any]]
"""Value and label; or the label of a group and its choices."""
ALL = ("", _("All"))
SHOWN_CHARACTERS = 40


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class FilterForm(forms.Form):
    """What people narrow the list by. The choices are those of the program's set-up."""

    q = forms.CharField(
        label=_("Whole order number"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
    since = forms.DateField(label=_("From"), required=False, widget=DayInput(), input_formats=["%Y-%m-%d"])
    until = forms.DateField(label=_("Until"), required=False, widget=DayInput(), input_formats=["%Y-%m-%d"])
    credited = forms.ChoiceField(label=_("Credited to"), required=False)
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[ALL, *words.STATUSES.items()])
    customer = forms.ChoiceField(label=_("Customer status"), required=False)
    event = forms.ChoiceField(label=_("Event type"), required=False)

    def __init__(self, data: Mapping[str, str], names: Names) -> None:
        super().__init__(data, auto_id="filter-%s")
        codes = [event_type.code for event_type in names.event_types]
        self._choose("credited", _parties(names) if names.view.sees_everything else [])
        self._choose("customer", [(name, words.word(words.CUSTOMER_STATUSES, name)) for name in _statuses(names)])
        self._choose("event", list(zip(codes, codes, strict=True)))

    def _choose(self, name: str, choices: Choices) -> None:
        """Offers the choices; a field that has none is not there."""
        if choices:
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [ALL, *choices]
        else:
            del self.fields[name]

    @property
    def filters(self) -> Filters:
        """What the form asks for."""
        self.is_valid()
        values: Mapping[str, Any] = {name: value or None for name, value in self.cleaned_data.items()}
        credited = (values.get("credited") or "").partition(":")
        return Filters(
            first_date=values.get("since"),
            last_date=values.get("until"),
            credited_to=credited[0] or None,
            credited_code=credited[2] or None,
            status=values.get("status"),
            customer_status=values.get("customer"),
            event_type=values.get("event"),
            order_token=values.get("q"),
        )


def _parties(names: Names) -> Choices:
    groups: Choices = [
        (_("Partners"), [(f"{CreditedTo.PARTNER}:{code}", name) for code, name in names.partners.items()]),
        (_("Channels"), [(f"{CreditedTo.CHANNEL}:{code}", name) for code, name in names.channels.items()]),
    ]
    return [*[group for group in groups if group[1]], (CreditedTo.NONE.value, words.NOBODY)]


def _statuses(names: Names) -> Sequence[str]:
    """The two that every program knows, then the names that the event types map to."""
    statuses = dict.fromkeys(words.CUSTOMER_STATUSES)
    for event_type in names.event_types:
        statuses.update(dict.fromkeys(name for name, _words in event_type.customer_status or ()))
    return list(statuses)


@dataclass(frozen=True, slots=True)
class ListState:
    """What the address of a list says, and the addresses of the lists beside it."""

    form: FilterForm
    order: Order
    cursor: Cursor | None
    parameters: Mapping[str, str]
    """As the address has them, without the empty ones, the place, and what is not understood."""
    not_understood: Sequence[tuple[str | Promise, str]]
    """Label and value of what the address says besides."""

    @property
    def place(self) -> Mapping[str, str]:
        """The parameter of the place where the page starts; none at the beginning of the list."""
        if self.cursor is None:
            return {}
        return {"before" if self.cursor.backwards else "after": self.cursor.to_text()}

    def query(self, **changes: str | None) -> str:
        """The query of the address that differs by `changes` only, on its first page unless they name a place."""
        parameters = {name: value for name, value in {**self.parameters, **changes}.items() if value}
        return f"?{urlencode(parameters)}" if parameters else ""

    def query_sorted_by(self, name: str) -> str:
        """Sorted by another column, or the other way round where it is this one; the largest and latest come first."""
        descending = not (self.order.name == name and self.order.descending)
        default = Order()
        text = name if not descending else f"-{name}"
        return self.query(sort=None if (name, descending) == (default.name, default.descending) else text)


def state_of(names: Names, data: QueryDict) -> ListState:
    """The state that an address describes. What it says that no page links to is left out, and told."""
    given = {name: text for name in data if (text := (data.get(name) or "").strip())}
    form = FilterForm(given, names)
    wrong: dict[str, str | Promise] = {name: form.fields[name].label or name for name in form.errors}
    if wrong:
        form = FilterForm({name: text for name, text in given.items() if name not in wrong}, names)

    sort = given.get("sort", "-time")
    order = Order(sort.removeprefix("-"), descending=sort.startswith("-"))
    if order.name not in ORDERS:
        order, wrong["sort"] = Order(), _("Sort by")

    cursor = None
    place = next((name for name in ("after", "before") if name in given), None)
    if place:
        try:
            cursor = cursor_from_text(given[place], order, backwards=place == "before")
        except CursorError:
            wrong[place] = _("Place in the list")

    parameters = {name: given[name] for name in (*form.fields, "sort") if name in given and name not in wrong}
    not_understood = [(label, _shown(given[name])) for name, label in wrong.items()]
    return ListState(form, order, cursor, parameters, not_understood)


def _shown(text: str) -> str:
    """A text of an address as a page repeats it."""
    printable = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return printable if len(printable) <= SHOWN_CHARACTERS else f"{printable[:SHOWN_CHARACTERS]}…"
