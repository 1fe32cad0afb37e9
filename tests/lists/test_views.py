"""Columns as addresses have them, and views: own and shared, and who may change which."""

from dataclasses import replace

import pytest

from accredit.access.models import Membership, Organization, Role
from accredit.conversions.listing import CONVERSIONS
from accredit.lists.listing import ColumnsError, columns_text
from accredit.lists.models import ListView
from accredit.lists.views import (
    ViewError,
    delete_view,
    habit_of,
    keep_columns,
    keep_view,
    kept_by,
    open_with,
    rename_view,
    replace_view,
)
from accredit.programs.visibility import Viewpoint
from tests.factories.people import Shop, open_shop

pytestmark = pytest.mark.django_db

LIST = CONVERSIONS.name


@pytest.fixture
def shop() -> Shop:
    return open_shop()


def test_columns_go_into_addresses_and_come_back(shop: Shop) -> None:
    owners = Viewpoint(shop.program, None)
    barb = replace(owners, partners=frozenset({"barb"}))
    text = "turnover.time-220.sub3.signed"
    assert columns_text(CONVERSIONS.columns_from_text(text, owners)) == text
    assert (
        columns_text(CONVERSIONS.columns_from_text(text, barb)) == "turnover.time-220.sub3"
    )  # as far as a partner sees them
    for wrong in ("", "visitor_id", "time-5", "time-9999", "time.", "time-120px", "order_codes;x"):
        with pytest.raises(ColumnsError):
            CONVERSIONS.columns_from_text(wrong, owners)
    with pytest.raises(ColumnsError):
        CONVERSIONS.columns_from_text("signed.order_codes", barb)


def test_what_a_user_keeps_is_that_users(shop: Shop) -> None:
    program, owner, agency = shop.program, shop.users["owner"], shop.users["agency"]
    view = Viewpoint(program, None)
    keep_columns(user=owner, program=program, name=LIST, chosen=CONVERSIONS.columns_from_text("time.status", view))
    mine = keep_view(user=owner, program=program, list_name=LIST, name="  Mine   alone ", query="status=open")
    open_with(user=owner, program=program, name=LIST, view=mine)
    kept = kept_by(owner, program, LIST)
    assert [one.name for one in kept.own] == ["Mine alone"]
    assert kept.habit is not None
    assert (kept.habit.columns, kept.habit.view) == ("time.status", mine)
    assert kept_by(agency, program, LIST).views == []
    assert kept_by(agency, program, LIST).habit is None

    keep_view(user=agency, program=program, list_name=LIST, name="Mine alone", query="")  # another's of the same name
    with pytest.raises(ViewError, match="There is a view “Mine alone” already"):
        keep_view(user=owner, program=program, list_name=LIST, name="Mine alone", query="")
    for name in ("", " ", "x" * 61, "a\0b"):
        with pytest.raises(ViewError, match="at most 60 characters"):
            rename_view(mine, name)
    mine.refresh_from_db()
    rename_view(mine, "Open")
    replace_view(mine, "status=rejected")
    assert list(ListView.objects.filter(user=owner).values_list("name", "query")) == [("Open", "status=rejected")]
    delete_view(mine)
    kept = kept_by(owner, program, LIST)
    assert kept.views == []
    assert kept.habit is not None
    assert (kept.habit.columns, kept.habit.view) == ("time.status", None)


def test_shared_views_are_everybodys_and_changed_by_those_whose_role_allows_it(shop: Shop) -> None:
    program, acme = shop.program, Organization.objects.get(name="ACME")
    shared = keep_view(
        user=shop.users["owner"], program=program, list_name=LIST, name="Ours", query="", organization=acme
    )
    may = {
        who: (kept_by(user, program, LIST).views == [shared], kept_by(user, program, LIST).may_change(shared))
        for who, user in shop.users.items()
    }
    assert may == {
        "owner": (True, True),
        "advertiser": (True, True),  # an editor
        "viewer": (True, False),
        "agency": (False, False),
        "partner": (False, False),
        "stranger": (False, False),
    }
    assert [one.name for one in kept_by(shop.users["partner"], program, LIST).organizations] == ["Barb Dwyer Ltd"]
    assert kept_by(shop.users["stranger"], program, LIST).organizations == []


def test_who_leaves_an_organization_loses_its_views(shop: Shop) -> None:
    program, viewer, acme = shop.program, shop.users["viewer"], Organization.objects.get(name="ACME")
    shared = keep_view(
        user=shop.users["owner"], program=program, list_name=LIST, name="Ours", query="", organization=acme
    )
    open_with(user=viewer, program=program, name=LIST, view=shared)
    Membership.objects.filter(user=viewer, organization=acme, role=Role.VIEWER).delete()
    kept = kept_by(viewer, program, LIST)
    assert kept.views == []
    assert kept.habit is not None
    assert kept.habit.view is None
    habit = habit_of(viewer, program, LIST)
    assert habit is not None
    assert habit.view is None


def test_views_are_those_of_one_list(shop: Shop) -> None:
    user, program = shop.users["owner"], shop.program
    for name in (LIST, "others"):  # of the same name
        keep_view(user=user, program=program, list_name=name, name="Mine", query=f"status={name}")
    assert [one.query for one in kept_by(user, program, "others").views] == ["status=others"]
