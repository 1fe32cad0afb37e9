"""Columns as addresses have them, and views: own and shared, and who may change which."""

from dataclasses import replace

import pytest

from accredit.access.models import Membership, Organization, Role
from accredit.conversions.models import ListView
from accredit.conversions.views import (
    ColumnsError,
    ViewError,
    columns_from_text,
    columns_text,
    default_columns,
    delete_view,
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


@pytest.fixture
def shop() -> Shop:
    return open_shop()


def test_columns_go_into_addresses_and_come_back(shop: Shop) -> None:
    owners = Viewpoint(shop.program, None)
    barb = replace(owners, partners=frozenset({"barb"}))
    text = "turnover.time-220.sub3.signed"
    assert columns_text(columns_from_text(text, owners)) == text
    assert columns_text(columns_from_text(text, barb)) == "turnover.time-220.sub3"  # as far as a partner sees them
    for wrong in ("", "visitor_id", "time-5", "time-9999", "time.", "time-120px", "order_codes;x"):
        with pytest.raises(ColumnsError):
            columns_from_text(wrong, owners)
    with pytest.raises(ColumnsError):
        columns_from_text("signed.order_codes", barb)


def test_no_column_says_the_same_in_every_row(shop: Shop) -> None:
    owners = Viewpoint(shop.program, None)
    barb, both = (replace(owners, partners=frozenset(codes)) for codes in (["barb"], ["barb", "ann"]))

    def shown(view: Viewpoint, event_types: int) -> set[str]:
        return {one.column.name for one in default_columns(view, event_types=event_types)}

    assert {"credited", "event"} <= shown(owners, 2)
    assert "event" not in shown(owners, 1)
    assert "credited" not in shown(barb, 1)
    assert "credited" in shown(both, 1)


def test_what_a_user_keeps_is_that_users(shop: Shop) -> None:
    program, owner, agency = shop.program, shop.users["owner"], shop.users["agency"]
    view = Viewpoint(program, None)
    keep_columns(user=owner, program=program, chosen=columns_from_text("time.status", view))
    mine = keep_view(user=owner, program=program, name="  Mine   alone ", query="status=open")
    open_with(user=owner, program=program, view=mine)
    kept = kept_by(owner, program)
    assert [one.name for one in kept.own] == ["Mine alone"]
    assert kept.habit is not None
    assert (kept.habit.columns, kept.habit.view) == ("time.status", mine)
    assert kept_by(agency, program).views == []
    assert kept_by(agency, program).habit is None

    keep_view(user=agency, program=program, name="Mine alone", query="")  # another's of the same name
    with pytest.raises(ViewError, match="There is a view “Mine alone” already"):
        keep_view(user=owner, program=program, name="Mine alone", query="")
    for name in ("", " ", "x" * 61, "a\0b"):
        with pytest.raises(ViewError, match="at most 60 characters"):
            rename_view(mine, name)
    mine.refresh_from_db()
    rename_view(mine, "Open")
    replace_view(mine, "status=rejected")
    assert list(ListView.objects.filter(user=owner).values_list("name", "query")) == [("Open", "status=rejected")]
    delete_view(mine)
    kept = kept_by(owner, program)
    assert kept.views == []
    assert kept.habit is not None
    assert (kept.habit.columns, kept.habit.view) == ("time.status", None)


def test_shared_views_are_everybodys_and_changed_by_those_whose_role_allows_it(shop: Shop) -> None:
    program, acme = shop.program, Organization.objects.get(name="ACME")
    shared = keep_view(user=shop.users["owner"], program=program, name="Ours", query="", organization=acme)
    may = {
        who: (kept_by(user, program).views == [shared], kept_by(user, program).may_change(shared))
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
    assert [one.name for one in kept_by(shop.users["partner"], program).organizations] == ["Barb Dwyer Ltd"]
    assert kept_by(shop.users["stranger"], program).organizations == []


def test_who_leaves_an_organization_loses_its_views(shop: Shop) -> None:
    program, viewer, acme = shop.program, shop.users["viewer"], Organization.objects.get(name="ACME")
    shared = keep_view(user=shop.users["owner"], program=program, name="Ours", query="", organization=acme)
    open_with(user=viewer, program=program, view=shared)
    Membership.objects.filter(user=viewer, organization=acme, role=Role.VIEWER).delete()
    kept = kept_by(viewer, program)
    assert kept.views == []
    assert kept.habit is not None
    assert kept.habit.view is None
