"""What the people of partners are told by e-mail about announced terms: each of them of each version, once.

That an e-mail goes out is noted before it does. So nobody is told twice, whatever dies; what a server did not take is
told again.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from accredit.access.mailing import deliver
from accredit.access.models import User
from accredit.programs.announcing import Announced, upcoming
from accredit.programs.models import ContractPeriod, Partner, Program, TermsTold, Topic
from accredit.programs.queries import program_value
from accredit.programs.silence import silent


def tell_by_the_clock(now: datetime) -> int:
    """Tell everybody of the terms that were announced to their partner and that they were not told of; how many e-mails
    there were. It can run as often as one likes."""
    later = ContractPeriod.objects.filter(contract__partner__program=OuterRef("pk"), starts_at__gt=now)
    programs = Program.objects.filter(Exists(later)).order_by("code")
    return sum(_tell_of(program, now) for program in programs)


def _tell_of(program: Program, now: datetime) -> int:
    value, sent = program_value(program.id), 0
    for partner in Partner.objects.filter(program=program, organization__isnull=False).order_by("code"):
        found = upcoming(value, partner.code, now)
        if found is not None:
            sent += sum(_tell(user, program, partner, found) for user in _people_of(program, partner))
    return sent


def _people_of(program: Program, partner: Partner) -> list[User]:
    wanting = ~silent(program, Topic.TERMS)
    found = User.objects.filter(wanting, organizations=partner.organization_id, is_active=True)
    return list(found.order_by("email"))


def _tell(user: User, program: Program, partner: Partner, found: Announced) -> bool:
    """Whether an e-mail went out."""
    told, is_new = TermsTold.objects.get_or_create(
        user=user, partner=partner, terms=found.terms.code, version=found.terms.version
    )
    if not is_new:
        return False
    with override(user.language):
        subject = _("%(program)s: your terms will change") % {"program": program.name}
        sent = deliver(to=user.email, subject=subject, text=_text(program, partner, found))
    if not sent:
        told.delete()
    return sent


def _text(program: Program, partner: Partner, found: Announced) -> str:
    starts_at = found.period.starts_at.astimezone(ZoneInfo(program.timezone))
    facts = {
        "program": program.name,
        "partner": partner.name,
        "terms": found.terms.code,
        "version": found.terms.version,
        "at": date_format(starts_at, "DATETIME_FORMAT"),
        "zone": program.timezone,
    }
    early = [_("You may begin with them earlier, on the same page.")] if found.terms.early_opt_in else []
    return "\n".join(
        [
            _("The program %(program)s has announced new terms for %(partner)s.") % facts,
            "",
            _("They count from %(at)s (%(zone)s) on: %(terms)s, version %(version)s.") % facts,
            *(["", *(f"> {line}" for line in found.terms.comment.splitlines())] if found.terms.comment else []),
            "",
            _("What changes, and what counts until then:"),
            f"{settings.PUBLIC_URL or ''}{reverse('web:terms', args=[program.code])}",
            *early,
            "",
            _("If you want no such e-mails, switch them off there."),
        ]
    )
