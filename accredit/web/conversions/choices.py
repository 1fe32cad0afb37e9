"""The values that a column of the conversion list can be filtered by, and their words."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accredit.conversions.listing import CONVERSIONS, customer_statuses_beside
from accredit.conversions.models import CreditedTo
from accredit.lists.columns import Column, Kind
from accredit.programs.models import TermsVersion
from accredit.web import words
from accredit.web.conversions.history import reason_titles
from accredit.web.lists.declaring import Choice
from accredit.web.naming import Names

WORDS: Mapping[str, words.Words] = {
    "status": words.STATUSES,
    "customer": words.CUSTOMER_STATUSES,
    "reason": words.REASONS,
    "group": words.CREDIT_GROUPS,
    "party": {
        CreditedTo.PARTNER: gettext_lazy("Partner"),
        CreditedTo.CHANNEL: gettext_lazy("Channel"),
        CreditedTo.NONE: words.NOBODY,
    },
    "paid": {"yes": gettext_lazy("paid"), "no": gettext_lazy("not paid")},
    "held": {"yes": gettext_lazy("held back"), "no": gettext_lazy("not held back")},
    "signed": {"yes": gettext_lazy("signed"), "no": gettext_lazy("not signed")},
}
"""Column → the words of its codes."""


def choices(names: Names, column: Column) -> Sequence[Choice]:
    """What the column can be, in the order in which it is offered. What a partner may not name is not among it."""
    if column.name == "credited":
        return _parties(names)
    if column.name == "contract":
        return [
            Choice(f"{terms}:{version}", contract_word(terms, version)) for terms, version in _terms_versions(names)
        ]
    if column.name == "customer":
        return [Choice(one, words.word(words.CUSTOMER_STATUSES, one)) for one in names.customer_statuses]
    if column.name == "rejection":
        return [Choice(code, title) for code, title in reason_titles(names.view).items()]
    found: Mapping[str, Sequence[str]] = {
        "event": [event_type.code for event_type in names.event_types],
    }
    if column.name == "currency":
        values: Sequence[str] = CONVERSIONS.currencies(names.view)
    else:
        values = ("yes", "no") if column.kind == Kind.FLAG else found.get(column.name, column.codes)
    return [Choice(value, words.word(WORDS.get(column.name, {}), value)) for value in values]


def words_beside(names: Names, column: Column) -> Sequence[Choice]:
    """The shop's words for customers that were kept as they came."""
    if column.name != "customer":
        return ()
    words_kept = customer_statuses_beside(names.view, names.customer_statuses)
    return [Choice(one, one, gettext_lazy("Not mapped")) for one in words_kept]


def contract_word(terms: str, version: int | str | None) -> str:
    """A version of template terms, as a cell says it."""
    return _("%(terms)s, version %(version)s") % {"terms": terms, "version": version}


def _parties(names: Names) -> Sequence[Choice]:
    seen = names.view.partners
    partners = [
        Choice(f"{CreditedTo.PARTNER}:{code}", name, gettext_lazy("Partners"))
        for code, name in names.partners.items()
        if seen is None or code in seen
    ]
    if seen is not None:
        return partners
    channels = [
        Choice(f"{CreditedTo.CHANNEL}:{code}", name, gettext_lazy("Channels")) for code, name in names.channels.items()
    ]
    whole = [
        Choice(CreditedTo.PARTNER.value, _("Any partner")),
        Choice(CreditedTo.CHANNEL.value, _("Any channel")),
        Choice(CreditedTo.NONE.value, str(words.NOBODY)),
    ]
    return [*whole, *partners, *channels]


def _terms_versions(names: Names) -> Sequence[tuple[str, int]]:
    """Of the program; of a partner those that its own contracts name."""
    found = TermsVersion.objects.filter(program=names.view.program)
    if names.view.partners is not None:
        found = found.filter(contract_periods__contract__partner__code__in=names.view.partners).distinct()
    return list(found.order_by("code", "version").values_list("code", "version"))
