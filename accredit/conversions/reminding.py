"""What the people of a program are told before conversions approve themselves, and what runs by the clock for it."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accredit.access.mailing import deliver
from accredit.conversions.approving import (
    Announcement,
    announce,
    approve_due,
    people_of,
    programs_that_approve,
    told,
    untold,
)

log = logging.getLogger(__name__)


def approve_by_the_clock(now: datetime) -> None:
    """For every program: approve what is due, announce what will be, and tell its people, in one e-mail a day. It can
    run as often as one likes."""
    for program in programs_that_approve():
        if approved := approve_due(program, now=now):
            log.info("Conversions of %s that approved themselves: %d", program.code, approved)
        announce(program, now=now)
        if announcement := untold(program):
            tell(announcement, now=now)


def tell(announcement: Announcement, *, now: datetime) -> None:
    """Send everybody concerned an e-mail in their language; one whom it does not reach is named in the log."""
    for user in people_of(announcement.program):
        with override(user.language):
            deliver(to=user.email, subject=_subject(announcement), text=_text(announcement))
    told(announcement, now=now)


def _subject(announcement: Announcement) -> str:
    count = sum(notice.conversions for notice in announcement.notices)
    text = ngettext(
        "%(program)s: %(n)s conversion will approve itself",
        "%(program)s: %(n)s conversions will approve themselves",
        count,
    )
    return text % {"program": announcement.program.name, "n": _number(count)}


def _text(announcement: Announcement) -> str:
    program = announcement.program
    lines = []
    for notice in announcement.notices:
        text = ngettext(
            "%(event_type)s: %(n)s conversion, ordered up to %(through)s, from %(day)s on",
            "%(event_type)s: %(n)s conversions, ordered up to %(through)s, from %(day)s on",
            notice.conversions,
        )
        facts = {
            "event_type": notice.event_type,
            "n": _number(notice.conversions),
            "through": date_format(notice.through, "DATE_FORMAT"),
            "day": date_format(notice.noticed_on + timedelta(days=program.approval_reminder_days), "DATE_FORMAT"),
        }
        lines.append("- " + text % facts)
    address = f"{settings.PUBLIC_URL or ''}{reverse('web:conversions', args=[program.code])}?status=open"
    return "\n".join(
        [
            _("These open conversions of %(program)s will approve themselves:") % {"program": program.name},
            "",
            *lines,
            "",
            _("What should not be approved yet can be held back, or rejected, until then:"),
            address,
            "",
            _("The program says how long before this e-mail comes; with 0 days it does not come."),
        ]
    )


def _number(value: int) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)
