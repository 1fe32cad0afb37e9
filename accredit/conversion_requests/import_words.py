"""What is wrong with a request that somebody wants to raise, and what would be right: of the form and of a file."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accredit.imports.declaring import Said

_AMOUNT = _("Amounts are zero or more, and below 10^15 in the smallest unit of their currency.")

FAULTS: Mapping[str, Said] = {
    "missing": Said(_("It is missing."), _("Fill it in.")),
    "unknown_kind": Said(_("“%(value)s” is no kind of request."), _("Write create or change.")),
    "unknown_partner": Said(
        _("The program has no partner “%(value)s” for whom you may ask."), _("Write a partner’s name or code.")
    ),
    "unknown_event_type": Said(
        _("The program has no event type “%(value)s”."), _("Choose one of those that the program pays for.")
    ),
    "unknown_currency": Said(_("“%(value)s” is no currency."), _("Write three letters, such as EUR.")),
    "unknown_status": Said(_("“%(value)s” is no status."), _("Write open, approved or rejected.")),
    "unknown_customer_status": Said(
        _("The event type has no customer status “%(value)s”."), _("Write one that it has, or leave it empty.")
    ),
    "unknown_category": Said(_("The program knows no category “%(value)s”."), _("Write one of these: %(known)s.")),
    "unknown_project": Said(
        _("The partner has no project “%(value)s”."),
        _("Name one of the partner’s own or of the advertiser’s, or leave it empty."),
    ),
    "too_long": Said(_("The text is too long."), _("At most %(most)s characters fit.")),
    "in_future": Said(_("“%(value)s” lies in the future."), _("Write when the order was placed.")),
    "outside_period": Said(
        _("This is longer ago than the %(days)s days for which the program takes requests."),
        _("Ask the advertiser about older orders."),
    ),
    "order_differs": Said(
        _("The conversion ID is that of the order “%(order)s”."), _("Correct one of the two, or leave one empty.")
    ),
    "not_of_create": Said(
        _("An order that is not there yet gets no other number."), _("Leave it empty, or ask for a change.")
    ),
    "sum_of_items": Said(_("The items come to %(sum)s."), _("Correct the turnover or the items.")),
    "item_wrong": Said(
        _("An item is incomplete or stands there twice."),
        _("Each item has a number of its own, a quantity from 1 on, and a turnover."),
    ),
    "items_wrong": Said(
        _("“%(text)s” is no item."),
        _("Write number;quantity;turnover, such as 1;2;19.98, and amounts so that they cannot be read in two ways."),
    ),
    "named_twice": Said(_("The same order stands in the rows %(rows)s."), _("Leave all but one of them out.")),
    "other_program": Said(
        _("The row is of another program: “%(value)s”."),
        _("Here requests are raised in %(program)s. Take the row out, and upload it in that program."),
    ),
    "raised_before": Said(
        _("This was raised before: request %(number)s."), _("Leave it out: nothing is raised twice.")
    ),
    "open_request": Said(
        _("The request %(number)s for this order is still open."),
        _("Wait until it is decided, or withdraw it first."),
    ),
    "not_correctable": Said(
        _("The request was decided, withdrawn or corrected meanwhile."), _("Look at it again before you go on.")
    ),
    "unknown_order": Said(
        _("There is no such conversion."), _("Correct the number, or ask for it to be created.")
    ),
    "not_partners": Said(
        _("The order is known, and it is not this partner’s."),
        _("Ask for it to be created: then you claim its credit."),
    ),
    "partners_own": Said(
        _("This order is the partner’s already."), _("Ask for a change if something about it is wrong.")
    ),
    "waiting": Said(_("The shop has reported this order, and it is not booked yet."), _("Wait until it is.")),
    "no_live_contract": Said(
        _("The partner had no live contract at that time."), _("Correct the time, or leave the row out.")
    ),
    "status_of_create": Said(_("A new conversion is open or approved."), _("Write one of these, or leave it empty.")),
    "reason_missing": Said(_("A rejection needs a reason."), _("Write one of the program’s rejection reasons.")),
    "reason_unknown": Said(
        _("The program has no rejection reason “%(value)s”."), _("Write one of the program’s rejection reasons.")
    ),
    "reason_without_rejection": Said(_("A reason is for rejections alone."), _("Leave it empty.")),
    "status_once": Said(
        _("The conversion was validated, and what was validated is not open again."),
        _("Ask for approved or rejected, or leave the status empty."),
    ),
    "rejected": Said(
        _("The conversion is rejected, and nothing is paid for it."), _("Ask for another status as well.")
    ),
    "order_taken": Said(_("There is an order of this number already."), _("Correct the new number.")),
    "time_differs": Said(
        _("The conversion occurred on another day, and its time cannot be changed."), _("Leave the time empty.")
    ),
    "currency_differs": Said(
        _("The conversion is in another currency, and that cannot be changed."),
        _("Write the amounts in the currency of the conversion."),
    ),
    "unknown_item": Said(_("The conversion has no such item."), _("Correct the item’s number.")),
    "changed_twice": Said(
        _("Both the turnover and items are named, or an item twice."),
        _("Name a new turnover or changed items, not both, and each item once."),
    ),
    "turnover_out_of_range": Said(_("The turnover is out of range."), _AMOUNT),
    "claimed_out_of_range": Said(_("The commission is out of range."), _AMOUNT),
    "quantity_out_of_range": Said(
        _("A quantity is out of range."),
        _("A quantity is a whole number up to 100,000,000; what is cancelled has no turnover."),
    ),
    "turnover_not_scalable": Said(
        _("The turnover was 0, so the items have no shares in a new one."), _("Change the items.")
    ),
    "commission_too_large": Said(_("The commission would be too large for an amount."), _("Correct the amounts.")),
    "no_change": Said(
        _("Nothing would change: the conversion says all of this already."),
        _("Leave the row out, or change something."),
    ),
}  # fmt: skip
"""By the codes of `checking.FAULTS`, and those that only files have."""
