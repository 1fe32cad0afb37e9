"""`accredit organization`: people of one's own program get in, and see what is theirs."""

import pytest
from typer.testing import CliRunner, Result

from accredit.access.models import Membership, Organization, User
from accredit.cli import app
from accredit.programs.visibility import viewpoint, visible_programs
from tests.factories.installing import install

pytestmark = pytest.mark.django_db


def run(line: str) -> Result:
    return CliRunner().invoke(app, line.split())


def member_of(code: str) -> User:
    user = User.objects.create_user(f"{code}@example.com", name=code)
    Membership.objects.create(user=user, organization=Organization.objects.get(code=code), role="viewer")
    return user


def test_partners_and_agencies_get_to_see_a_program() -> None:
    install()
    added = run("organization add blog --kind partner --name Blog")
    assert (added.exit_code, added.stdout) == (0, "Blog is installed as Partner 'blog'.\n")
    assert run("organization add house --kind agency --name House").exit_code == 0
    partner, agency = member_of("blog"), member_of("house")
    assert [*visible_programs(partner), *visible_programs(agency)] == []

    attached = run("organization attach blog --program anvils --partner barb")
    assert (attached.exit_code, attached.stdout) == (0, "'blog' is the partner 'barb' of the program 'anvils'.\n")
    assert (
        run("organization attach house --program anvils").stdout == "'house' is the agency of the program 'anvils'.\n"
    )
    assert viewpoint(partner, "anvils").partners == frozenset({"barb"})
    assert viewpoint(agency, "anvils").sees_everything


REFUSED = [
    ("add blog --kind partner --name Again", "There is an organization 'blog' already: give the new one another code"),
    ("add shop --kind advertiser --name Shop", "An organization that is added is a partner or an agency, not 'adv"),
    ("attach none --program anvils", "There is no organization 'none'; there are: ACME, blog"),
    ("attach blog --program anvil", "There is no program 'anvil'."),
    ("attach blog --program anvils", "'blog' is installed as Partner, so it cannot be the Agency of a program"),
    ("attach ACME --program anvils --partner barb", "'ACME' is installed as Advertiser, so it cannot be the Partner"),
    ("attach blog --program anvils --partner bart", "The program 'anvils' has no partner 'bart'. Did you mean 'barb'?"),
]


@pytest.mark.parametrize(("line", "said"), REFUSED, ids=[line for line, _ in REFUSED])
def test_what_cannot_be_is_said(line: str, said: str) -> None:
    install()
    assert run("organization add blog --kind partner --name Blog").exit_code == 0
    refused = run(f"organization {line}")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(said)
    assert not Organization.objects.exclude(code__in=["ACME", "blog"]).exists()
