"""What a program has, and what is to be done next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accredit.conversions.models import Conversion
from accredit.programs.models import (
    ContractPeriod,
    EventType,
    Partner,
    Program,
    RejectionReason,
    SigningKey,
    TermsVersion,
)
from accredit.programs.visibility import Viewpoint
from accredit.web.setup.frame import for_setup, show_page


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a program needs before partners earn. `page`: where it is done."""

    done: bool
    title: str | Promise
    about: str | Promise
    page: str

    @property
    def address(self) -> str:
        return f"web:{self.page}"


@require_safe
@for_setup
def overview(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """The way from nothing to the first conversion."""
    steps = steps_of(view.program)
    context = {"steps": steps, "ready": all(step.done for step in steps)}
    return show_page(request, view, "setup", "web/setup/overview.html", context)


def steps_of(program: Program) -> Sequence[Step]:
    """In the order in which they are done."""
    now = datetime.now(UTC)
    live = ContractPeriod.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now), contract__partner__program=program, starts_at__lte=now
    )
    keys = SigningKey.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), program=program)
    return [
        Step(
            bool(program.allowed_hosts),
            _("Say which hosts the shop has"),
            _("Links lead to these hosts alone, so that nobody can use them to lead elsewhere."),
            "setup-program",
        ),
        Step(
            EventType.objects.filter(program=program).exists(),
            _("Name what is paid for"),
            _("A sale, a lead: each is an event type, with the words that the shop has for its customers."),
            "setup-event-types",
        ),
        Step(
            TermsVersion.objects.filter(program=program).exists(),
            _("Write terms"),
            _("How much partners earn: a percentage or an amount, and what changes it."),
            "terms",
        ),
        Step(
            Partner.objects.filter(program=program).exists(),
            _("Add partners"),
            _("Who sends customers and is paid for it."),
            "setup-partners",
        ),
        Step(
            live.exists(),
            _("Give a partner a contract"),
            _("It says which terms count from when on. Without one, clicks earn nothing."),
            "setup-partners",
        ),
        Step(
            keys.exists(),
            _("Make a key for the shop"),
            _("With it the shop signs the orders that it reports, so that nobody else can."),
            "setup-keys",
        ),
        Step(
            RejectionReason.objects.filter(program=program).exists(),
            _("Name the reasons for rejecting"),
            _("An order that came back is rejected for one of them, and its partner reads which."),
            "setup-rejection-reasons",
        ),
        Step(
            Conversion.objects.filter(program=program).exists(),
            _("See the first order come in"),
            _("The shop’s developer connects it; what comes in shows at once."),
            "intake",
        ),
    ]
