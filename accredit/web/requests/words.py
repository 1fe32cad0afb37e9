"""What the codes of conversion requests are called: why nothing comes of one, why one was not decided, and the rate."""

from django.utils.translation import gettext_lazy as _

from accredit.web import words
from accredit.web.words import Words

FAILURES: Words = {
    "unknown_order": _("The program has no such conversion."),
    "not_partners": _("The conversion is not this partner’s."),
    "partners_own": _("The conversion is this partner’s already."),
    "waiting": _("The shop has reported this order, and it is not booked yet."),
    "recorded_meanwhile": _("The order was recorded meanwhile."),
    "changed_since": _("The conversion was changed after it was looked at."),
    "no_live_contract": _("The partner had no live contract at that time."),
    "status_of_create": _("A new conversion is open or approved."),
    "reason_missing": _("A rejection needs one of the program’s reasons."),
    "reason_unknown": _("The program has no such rejection reason."),
    "reason_without_rejection": _("A reason is for rejections alone."),
    "status_once": _("The conversion was validated, and what was validated is not open again."),
    "rejected": _("The conversion is rejected, and nothing is paid for it."),
    "order_taken": _("There is an order of this number already."),
    "time_differs": _("The conversion occurred on another day, and its time cannot be changed."),
    "currency_differs": _("The conversion is in another currency, and that cannot be changed."),
    "unknown_item": _("The conversion has no such item."),
    "changed_twice": _("Both the turnover and items are named, or an item twice."),
    "turnover_out_of_range": _("A turnover is zero or more, and below 10^15 in the smallest unit of its currency."),
    "claimed_out_of_range": _("A commission is zero or more, and below 10^15 in the smallest unit of its currency."),
    "quantity_out_of_range": _("A quantity is a whole number up to 100,000,000; what is cancelled has no turnover."),
    "turnover_not_scalable": _("The turnover was 0, so the items have no shares in a new one."),
    "commission_too_large": _("The commission would be too large for an amount."),
    "no_change": _("This is what the conversion says already."),
    "error": _("Something went wrong while it was processed."),
}
"""Why nothing can come of a request as things are: why it is not raised, and why it failed. What is to be done
about it is another thing for each side, and said by the panel."""

REMEDIES: Words = {
    "no_change": _("Fill in what is to change."),
    "no_live_contract": _("Correct the time."),
}
"""What to do in the form, where a file would have a row left out."""

NOT_DECIDED: Words = {
    "unknown": _("The program has no such request."),
    "named_twice": _("It is named more than once."),
    "decided": _("It was decided before."),
    "changed_since": _("It was changed after you looked at it: look again."),
    "own_request": _("You raised it yourself: somebody else decides it."),
    "reason_missing": _("A rejection needs one of the program’s reasons."),
    "reason_unknown": _("The program has no such rejection reason."),
    "reason_of_acceptance": _("A reason is for rejections alone."),
    "verdict": _("It can be accepted or rejected, and nothing else."),
}
"""Why a request was not decided."""


def rate_of(model: str | None, restriction: str | None) -> str:
    """The rates by which something is priced, or else why nothing is paid for it."""
    if model:
        return model.replace(";", ", ")
    return ", ".join(words.word(words.RESTRICTIONS, name) for name in (restriction or "").split(";"))
