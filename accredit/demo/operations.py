"""Installing the demo: its program, the people who may look at it, and its orders with synthetic journeys."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac

from accredit.access.models import Language, Membership, Organization, OrganizationKind, Role, User
from accredit.conversions.models import Conversion
from accredit.conversions.operations import Loaded, load_frames
from accredit.demo.input import PROGRAM_CODE, PROGRAM_FILE, DemoInput, demo_input
from accredit.demo.requests import add_requests
from accredit.files import read_program
from accredit.programs.models import Partner, Program
from accredit.programs.operations import apply_program
from accredit.tracking.operations import Progress

ORGANIZATIONS = {
    "lighthouse": (OrganizationKind.AGENCY, "Lighthouse Partner Agency"),
    "hearth-lantern": (OrganizationKind.ADVERTISER, "Hearth & Lantern Ltd"),
    "tea-and-twine": (OrganizationKind.PARTNER, "Tea & Twine"),
    "pennywise": (OrganizationKind.PARTNER, "Pennywise Cashback"),
}
AGENCY, ADVERTISER, PARTNER, CASHBACK = ORGANIZATIONS
"""Partners' organizations have their codes."""


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    name: str
    organization: str
    language: Language
    role: Role


PEOPLE = (
    Person("agency@demo.example", "Ada Lindqvist", AGENCY, Language.ENGLISH, Role.OWNER),
    Person("advertiser@demo.example", "Hanna Berg", ADVERTISER, Language.GERMAN, Role.OWNER),
    Person("editor@demo.example", "Emil Krüger", ADVERTISER, Language.GERMAN, Role.EDITOR),
    Person("viewer@demo.example", "Vera Stone", ADVERTISER, Language.ENGLISH, Role.VIEWER),
    Person("partner@demo.example", "Tom Twine", PARTNER, Language.ENGLISH, Role.OWNER),
    Person("cashback@demo.example", "Penny Weiss", CASHBACK, Language.GERMAN, Role.OWNER),
)
ASKS, ANSWERS = PEOPLE[-1], PEOPLE[1]
"""Who raises the demo's conversion requests, and who decides some of them."""


@dataclass(frozen=True, slots=True)
class LoadedDemo:
    """What `load_demo` found in the invoices, and what of it was new."""

    demo: DemoInput
    loaded: Loaded


def demo_password() -> str:
    """The password of PEOPLE: another one in every installation, the same as long as it lasts."""
    return salted_hmac("accredit.demo", "password").hexdigest()[:16]


def ensure_demo(orders_path: Path | None, *, now: datetime, progress: Progress | None = None) -> LoadedDemo | None:
    """Load the demo with its conversion requests unless its program has conversions already (None then), and let PEOPLE
    sign in with `demo_password`. Raises FileErrors where the file of orders cannot be read."""
    if Conversion.objects.filter(program__code=PROGRAM_CODE).exists():
        _let_sign_in()
        return None
    loaded = load_demo(orders_path, now=now, progress=progress)
    _ask(now)
    return loaded


def load_demo(orders_path: Path | None, *, now: datetime, progress: Progress | None = None) -> LoadedDemo:
    """Install the demo's program and load the invoices of a file, or generated ones, with synthetic journeys. What is
    there already stays as it is; PEOPLE may sign in with `demo_password`. Raises FileErrors where the file cannot be
    read."""
    demo = demo_input(orders_path)
    program_id = _install()
    loaded = load_frames(program_id, demo.clicks, demo.conversions, demo.items, now=now, progress=progress)
    return LoadedDemo(demo, loaded)


def _ask(now: datetime) -> None:
    asks, answers = (User.objects.get(email=person.email) for person in (ASKS, ANSWERS))
    program = Program.objects.get(code=PROGRAM_CODE)
    add_requests(program, partner=CASHBACK, asks=asks, answers=answers, now=now)


@transaction.atomic
def _install() -> UUID:
    """The program, unless it is there: what somebody changed since stays changed."""
    organizations = {
        code: Organization.objects.get_or_create(code=code, defaults={"kind": kind, "name": name})[0]
        for code, (kind, name) in ORGANIZATIONS.items()
    }
    if not Program.objects.filter(code=PROGRAM_CODE).exists():
        apply_program(read_program(PROGRAM_FILE))
        Program.objects.filter(code=PROGRAM_CODE).update(agency=organizations[AGENCY], clicks_are_synthetic=True)
        for code in (PARTNER, CASHBACK):
            Partner.objects.filter(program__code=PROGRAM_CODE, code=code).update(organization=organizations[code])
    _let_sign_in()
    return Program.objects.get(code=PROGRAM_CODE).id


@transaction.atomic
def _let_sign_in() -> None:
    password = demo_password()
    for person in PEOPLE:
        user = User.objects.filter(email=person.email).first()
        if user is None:
            user = User.objects.create_user(person.email, password, name=person.name, language=person.language)
        elif not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        organization = Organization.objects.get(code=person.organization)
        Membership.objects.get_or_create(user=user, organization=organization, defaults={"role": person.role})
