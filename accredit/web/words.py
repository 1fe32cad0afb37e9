"""What every code is called: statuses, outcomes, reasons, credit groups.

The codes are the API; the words here are what people read. German stands beside English in
`locale/de/LC_MESSAGES/django.po`, and a test proves that no code and no word is missing.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accredit.conversions.file_validating import file_and_row
from accredit.conversions.models import REQUESTED

Words = Mapping[str, str | Promise]

STATUSES: Words = {"open": _("Open"), "approved": _("Approved"), "rejected": _("Rejected")}

CREDIT_GROUPS: Words = {
    "preferred": pgettext_lazy("credit group", "preferred"),
    "standard": pgettext_lazy("credit group", "standard"),
    "non-preferred": pgettext_lazy("credit group", "non-preferred"),
}

TABLES: Words = {
    "program": _("Program"),
    "event_type": _("Event type"),
    "partner": _("Partner"),
    "channel": _("Channel"),
    "ad": _("Ad"),
    "project": _("Project"),
    "rejection_reason": _("Rejection reason"),
    "terms": _("Terms"),
    "contract": _("Contract"),
    "contract_period": _("Contract period"),
    "channel_period": _("Channel period"),
    "promo_code": _("Promo code"),
}
"""Of the set-up, and so of the program file."""

MATCHES: Words = {"exact": _("exactly"), "regex": _("as a pattern")}

POLICIES: Words = {
    "always": _("always: its partner is credited, with or without a click"),
    "involved": _("involved: its partner is credited where it has a click that counts"),
    "winner": _("winner: clicks alone decide, the code is noted"),
}

FOREIGN_PROMO_CODES: Words = {
    "credit": _("is credited as every conversion"),
    "invalid": _("blocks the payout"),
}
"""What becomes of a conversion that carries another partner's code."""

CUSTOMER_STATUSES: Words = {"New": _("New"), "Existing": _("Existing")}
"""Only the two that need no set-up; every other status is a name of the advertiser's own and stays as it is."""

REASONS: Words = {
    "last_click": _("Last click"),
    "promo_code": _("Promo code"),
    "no_candidate": _("No candidate"),
    "request": _("Conversion request"),
}

NOBODY = _("Nobody")

OUTCOMES: Words = {
    "won": _("Won"),
    "promo_code_precedence": _("A promo code went first"),
    "earlier_click": _("Earlier click"),
    "lower_credit_group": _("Lower credit group"),
    "outside_referral_window": _("Outside the referral window"),
    "no_live_contract": _("No contract at the time"),
    "unknown_partner": _("Partner not known"),
    "after_conversion": _("After the conversion"),
    "unknown_code": _("Code not known"),
    "code_not_valid": _("Code not valid at the time"),
    "code_not_involved": _("Its owner had no click that counts"),
    "code_not_winner": _("Its owner did not win"),
}

RESTRICTIONS: Words = {
    "event_type_not_paid": _("The terms do not pay this event type"),
    "foreign_promo_code": _("The order carries another partner’s promo code"),
    "no_amount_in_currency": _("The terms name no amount in this currency"),
}
"""The reasons that are built in; a restriction of the terms goes by the name that the advertiser gave it."""

HELD: Words = {
    "unknown_program": _("The program was not known"),
    "unknown_event_type": _("The program has no such event type"),
    "cannot_be_priced": _("The commission cannot be worked out"),
    "failed": _("It could not be booked"),
    "unsigned": _("It is not signed"),
}
"""Why an order that came in is held."""

HELD_REMEDIES: Words = {
    "unknown_program": _("The program is there by now: release the orders."),
    "unknown_event_type": _("Add the event type to the program, or have the shop send another one."),
    "cannot_be_priced": _("An amount of the order or of the terms is too large: correct the terms."),
    "failed": _("The log of the worker says what went wrong."),
    "unsigned": _("The program books only signed orders: look at these, then let them in or discard them."),
}
"""What to do about it."""

WAYS: Words = {
    "server": _("by a call of the shop’s server"),
    "postback": _("by a postback"),
    "pixel": _("by an image on the shop’s page"),
    "tag": _("by the tag on the shop’s page"),
}
"""How an order reached the tracker."""

HAPPENINGS: Words = {
    "recorded": _("Recorded"),
    "credited_again": _("Credited again"),
    "rated_again": _("Priced again"),
    "mapped_again": _("Customer status mapped again"),
    "turnover_changed": _("Turnover changed"),
    "requested": _("Changed by a conversion request"),
    "open": _("Open again"),
    "approved": _("Approved"),
    "rejected": _("Rejected"),
    "held": _("Held back from approving itself"),
    "released": _("Released: it may approve itself"),
    "paid": _("Paid out"),
}
"""What the history of a conversion tells: the cause of a decision, the status that it got, or what else happened."""

CHANGE_WAYS: Words = {
    "page": _("in the browser"),
    "file": _("from a file"),
    "api_key": _("through an API key"),
    "command": _("by a command"),
    "automatic": _("automatically"),
    "request": _("through a conversion request"),
}
"""What somebody changed a conversion through."""

NOT_VALIDATED: Words = {
    "unknown": _("The program has no such conversion."),
    "named_twice": _("It is named more than once."),
    "validated": _("It was validated before."),
    "status": _("It can become approved or rejected, and nothing else."),
    "reason_missing": _("A rejection needs one of the program’s reasons."),
    "reason_unknown": _("The program has no such rejection reason."),
    "reason_of_approval": _("Reason and comment are for rejections alone."),
    "changed_since": _("It was changed after you looked at it: look again."),
}
"""Why a conversion was not validated."""

TURNOVER_NOT_CHANGED: Words = {
    "unknown": _("The program has no such conversion."),
    "named_twice": _("It is named more than once."),
    "rejected": _("It is rejected: nothing is paid for it, and its turnover stays."),
    "paid": _("It is paid, and its turnover stays: what is not right is asked for by a conversion request."),
    "changed_since": _("It was changed after you looked at it: look again."),
    "no_change": _("This is what it says already."),
    "unknown_item": _("It has no such item."),
    "changed_twice": _("Change the turnover of the order or its items, not both."),
    "turnover_out_of_range": _("A turnover is zero or more, and below 10^15 in the smallest unit of its currency."),
    "quantity_out_of_range": _("A quantity is a whole number up to 100,000,000; what is cancelled has no turnover."),
    "turnover_not_scalable": _("The turnover was 0, so the items have no shares in a new one: change the items."),
    "commission_too_large": _("The commission would be too large for an amount."),
}
"""Why a turnover did not change."""

REQUEST_KINDS: Words = {
    "create": pgettext_lazy("conversion request", "New"),
    "change": pgettext_lazy("conversion request", "Change"),
    "claim": _("Claim"),
}
"""What a conversion request asks for."""

REQUEST_STAGES: Words = {
    "inquired": _("Inquired"),
    "accepted": _("Accepted"),
    "processed": _("Processed"),
    "rejected": pgettext_lazy("conversion request", "Rejected"),
    "withdrawn": _("Withdrawn"),
    "failed": _("Failed"),
}


def way_in(source: str, signed: bool | None) -> str:
    """How an order came in: `by a postback, signed`, `from the file orders.csv`."""
    if signed is None:
        return gettext("from the file %(name)s") % {"name": source} if source else gettext("from a file")
    return f"{word(WAYS, source)}, {trust(signed)}"


def place(source: str | None) -> str:
    """Where something stood: `returns.csv, row 7`."""
    found = file_and_row(source or "")
    return gettext("%(file)s, row %(row)s") % {"file": found[0], "row": found[1]} if found else source or ""


def trust(signed: bool | None) -> str:
    """Whether the program's key signed what came in; empty for what came in a file."""
    return "" if signed is None else gettext("signed") if signed else gettext("not signed")


def reason(code: str) -> str:
    """Why somebody is credited, such as `Promo code` or `Request 123`."""
    if code.startswith(REQUESTED):
        return gettext("Request %(number)s") % {"number": code.removeprefix(REQUESTED)}
    return word(REASONS, code)


def word(words: Words, code: str) -> str:
    """The word of a code; a name that somebody gave (a customer status, a restriction) stands for itself."""
    return str(words.get(code, code))
