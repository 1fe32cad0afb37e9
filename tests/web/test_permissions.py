"""Every address of the pages, by every method, opened by everybody. What is missing in `addresses/` fails the test.

A section of the pages has its table there: what each of `tests.factories.people.PEOPLE` and COLLEAGUES is answered.
`anvils` is theirs, but not the stranger's; in it 1001 is credited to the partner, 1002 to another one, 1003 to a
channel, 1004 to nobody. A method without a row is answered 405. Who is answered with something finds nothing there
with the key of the same thing of another program or organization, also of one that is theirs as well.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.core import mail
from django.core.files.base import ContentFile
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accredit.access.models import ApiKey, Invitation, Membership
from accredit.database.keys import key_to_text
from accredit.files import parse_program, write_program
from accredit.jobs.models import Job
from accredit.lists.models import ListView
from accredit.programs.operations import apply_program
from accredit.programs.queries import program_value
from accredit.web.lists.state import VIEW_PREFIX
from tests.factories.asking import keys_of_requests
from tests.factories.people import COLLEAGUES, PASSWORD, PEOPLE, Shop, colleagues, open_another
from tests.factories.tables import Row, table

ADDRESSES = Path(__file__).parent / "addresses"
GOES = {
    "/programs/anvils/conversions": "there",
    "/": "home",
    "/sign-in": "door",
    "/organizations/ACME/people": "acme",
    "/organizations/agency/people": "north",
    "/organizations/partner/people": "barb",
    "/organizations/stranger/people": "else",
    "/account/password": "change",
    "/account/security": "security",
    "/programs/anvils/setup/keys": "keys",
    "/account/confirm": "password",
}
NOTHING = {"401", "403", "404", "405", "sign-in", "confirm"}
HAVE_BOTH = ("agency", "owner", "partner")
"""They see the other program, too."""
SPARE = """
[[terms]]
code = "spare"
version = 1
  [[terms.payout]]
  event_type = "sale"
  level = "order"
  model = "Spare"
  percent = "1"
"""


class Visitor:
    """A browser in which somebody is signed in for good: whatever it asks, is as if it had not been asked."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        self.session = browser.cookies.output(header="")

    def ask(self, method: str, address: str) -> str:
        """What comes of it: a status, or where one is sent."""
        self.browser.cookies = SimpleCookie(self.session)
        with transaction.atomic():
            response = self.browser.generic(method, address)
            for _part in getattr(response, "streaming_content", ()):
                pass  # to its end, where files are closed
            transaction.set_rollback(True)
        return said(response)


def said(response: HttpResponseBase) -> str:
    if response.status_code != 302:
        return str(response.status_code)
    went = response.headers["Location"]
    if went.startswith("/sign-in?next="):
        return "sign-in"
    return "confirm" if went.startswith("/account/confirm?next=") else GOES.get(went, "302")


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        else:
            yield pattern.name or str(pattern.pattern)


def objects_of(shop: Shop) -> dict[str, str]:
    """The keys of a program's objects, as addresses have them; what people make is the owner's."""
    owner, page = signed_in(shop, "owner"), f"/programs/{shop.program.code}"
    apply_program(parse_program("spare.toml", (write_program(program_value(shop.program.id)) + SPARE).encode()))
    Job.objects.update(file="list", file_name="list.csv")
    keys = {**shop.keys, **keys_of_requests(shop)}
    for name, at, content in (
        ("their-file", "validation-files", b"Order number;Status\n1001;approved\n"),
        ("their-table", "requests/import", b"Kind;Order number\ncreate;x\n"),
    ):
        sent = owner.post(f"{page}/{at}", {"file": ContentFile(content, "table.csv")})
        keys[name] = sent.headers["Location"].rpartition("/")[2]
    owner.get(f"{page}/validation-files/{keys['their-file']}/plan")
    for name in ("conversions", "requests"):
        owner.post(f"{page}/{name}/views", {"name": "Mine"})
        view = ListView.objects.get(program=shop.program, list=name)
        keys[f"their-view-of-{name}"] = key_to_text(VIEW_PREFIX, view.id)
    return keys


def objects_of_organization(shop: Shop, code: str, owner: str) -> dict[str, str]:
    """The same of an organization."""
    browser, page = signed_in(shop, owner), f"/organizations/{code}"
    browser.post(f"{page}/invitations", {"email": f"{owner}-2@example.org", "role": "viewer", "language": "en"})
    browser.post(f"{page}/keys", {"name": "Shop", "scope": "read", "days": "30"})
    return {
        "invitation": str(mail.outbox[-1].body).partition("/invitations/")[2].split()[0],
        "invited": str(Invitation.objects.get(organization__code=code).id),
        "member": str(Membership.objects.get(user=shop.users[owner]).id),
        "their-key": str(ApiKey.objects.get(organization__code=code).id),
    }


def signed_in(shop: Shop, who: str) -> Client:
    browser = Client()
    browser.force_login(shop.users[who])
    return browser


@pytest.fixture
def visitors(shop: Shop, as_: Callable[[str | None], Client]) -> Mapping[str, Visitor]:
    """Everybody, of every role."""
    shop.users.update(colleagues())
    return {who: Visitor(as_(None if who == "nobody" else who)) for who in ("nobody", *PEOPLE, *COLLEAGUES)}


def test_every_address_for_everybody(
    shop: Shop, visitors: Mapping[str, Visitor], settings: LazySettings, tmp_path: Path
) -> None:
    settings.JOB_FOLDER = tmp_path
    (tmp_path / "list").touch()
    own = {**objects_of(shop), **objects_of_organization(shop, "ACME", "owner")}
    foreign = {**objects_of(open_another(shop)), **objects_of_organization(shop, "partner", "partner")}
    del foreign["invitation"]  # it opens for itself
    rows = [row for file in sorted(ADDRESSES.glob("*.txt")) for row in table(file.read_text())]
    wrong = []
    for row in rows:
        parts = re.split("([/=])", row["address"])
        for who, visitor in visitors.items():
            answer = visitor.ask(row["method"], "".join(own.get(part, part) for part in parts))
            if answer != row[who]:
                wrong.append(f"{row['method']} {row['address']} by {who}: {answer}, not {row[who]}")
            if answer in NOTHING or who not in HAVE_BOTH:
                continue
            for place in [place for place, part in enumerate(parts) if part in foreign]:
                mixed = [(foreign if at == place else own).get(part, part) for at, part in enumerate(parts)]
                if (answer := visitor.ask(row["method"], "".join(mixed))) != "404":
                    wrong.append(f"{row['method']} {row['address']} with another {parts[place]} by {who}: {answer}")
    assert wrong == []
    assert {row["name"] for row in rows} == set(names(get_resolver().url_patterns))
    assert [*without_row(rows, own, visitors)] == []


def without_row(rows: list[Row], own: Mapping[str, str], visitors: Mapping[str, Visitor]) -> Iterator[str]:
    """Methods that do something, and have no row."""
    known = {(row["name"], row["method"]) for row in rows}
    seen: set[tuple[str, str]] = set()
    for row in rows:
        address = "".join(own.get(part, part) for part in re.split("([/=])", row["address"]))
        who = next((who for who in visitors if row[who] not in NOTHING), None)
        for method in ("GET", "POST"):
            if who and (row["name"], method) not in known | seen:
                seen.add((row["name"], method))
                if (answer := visitors[who].ask(method, address)) != "405":
                    yield f"{method} {row['address']} by {who}: {answer}, and no row says so"


def test_what_belongs_to_somebody_is_theirs_alone(shop: Shop, as_: Callable[[str | None], Client]) -> None:
    """Passkeys, for whoever has just said who they are, and sessions."""
    passkey = Authenticator.objects.create(user=shop.users["owner"], type="webauthn", data={"name": "Laptop"})
    answers = {}
    for who in ("owner", "agency"):
        browser = as_(who)
        browser.post("/account/confirm", {"password": PASSWORD})
        for do in ("", "/remove"):
            answers[who, do] = browser.get(f"/account/security/passkeys/{passkey.pk}{do}").status_code
    assert answers == {("owner", ""): 200, ("owner", "/remove"): 200, ("agency", ""): 404, ("agency", "/remove"): 404}
    Client().post("/sign-in", {"login": "viewer@example.com", "password": PASSWORD})
    session = UserSession.objects.get(user=shop.users["viewer"])
    assert as_("agency").post("/account/sessions/end", {"session": str(session.pk)}).status_code == 302
    assert UserSession.objects.filter(pk=session.pk).exists()


def test_a_part_of_a_page_asked_for_after_signing_out_reloads_the_page(
    shop: Shop, as_: Callable[[str | None], Client]
) -> None:
    response = as_(None).get("/programs/anvils/conversions", headers={"HX-Request-Type": "partial"})
    assert (response.status_code, response.headers["HX-Refresh"]) == (401, "true")


def test_what_does_not_exist_and_what_is_not_ones_own_look_the_same(
    shop: Shop, as_: Callable[[str | None], Client]
) -> None:
    browser = as_("stranger")
    assert browser.get("/programs/anvils/conversions").content == browser.get("/programs/x/conversions").content
