"""The shop with conversions of every kind, and people of every kind who look at it."""

from dataclasses import dataclass, replace
from functools import cache

from accredit.access.models import Membership, Organization, OrganizationKind, Role, User
from accredit.conversions.columns import PREFIX
from accredit.conversions.models import Conversion
from accredit.database.keys import key_to_text
from accredit.imports.models import PREFIX as UPLOAD
from accredit.imports.models import Upload
from accredit.jobs.models import PREFIX as JOB
from accredit.jobs.models import Job, State
from accredit.programs.changing import setup_of
from accredit.programs.models import Partner, Program
from tests.factories.installing import NOW, SHOP, clicks, install, items, load, orders
from tests.factories.keeping import Rows, made

PASSWORD = "a horse, correctly stapled"
PEOPLE = {
    "agency": (OrganizationKind.AGENCY, "Agency North", Role.OWNER),
    "owner": (OrganizationKind.ADVERTISER, "ACME", Role.OWNER),
    "advertiser": (OrganizationKind.ADVERTISER, "ACME", Role.EDITOR),
    "viewer": (OrganizationKind.ADVERTISER, "ACME", Role.VIEWER),
    "partner": (OrganizationKind.PARTNER, "Barb Dwyer Ltd", Role.OWNER),
    "stranger": (OrganizationKind.ADVERTISER, "Somebody Else", Role.OWNER),
}
"""Who → organization, and role in it. The partner is `barb`."""
COLLEAGUES = {
    "agency editor": (OrganizationKind.AGENCY, "Agency North", Role.EDITOR),
    "agency viewer": (OrganizationKind.AGENCY, "Agency North", Role.VIEWER),
    "partner editor": (OrganizationKind.PARTNER, "Barb Dwyer Ltd", Role.EDITOR),
    "partner viewer": (OrganizationKind.PARTNER, "Barb Dwyer Ltd", Role.VIEWER),
}
"""The roles that are not in PEOPLE, for tests of who may what."""

CLICKS = """
    click | at         | visitor | party     | device | ad
    k1    | T-40d      | v1      | ann       | -      | -
    k2    | T-3d       | v1      | ann       | -      | -
    k3    | T-2d       | v1      | c:email   | -      | -
    k4    | T-1d       | v1      | barb      | mobile | banner
    k5    | T+1h       | v1      | ann       | -      | -
    k6    | T-5d       | v2      | ann       | -      | -
    k7    | T-2d       | v3      | c:email   | -      | -
    k8    | T-3d       | v3      | c:display | -      | -
    k9    | T-2d       | v5      | barb      | -      | -
"""
ORDERS = """
    order | at      | turnover | visitor | codes         | status | country | category
    1001  | T       | 136.27   | v1      | -             | N      | de      | -
    1002  | T-1d    | 61.00    | v2      | -             | E      | us      | -
    1003  | T-2h    | 80.00    | v3      | -             | -      | us      | -
    1004  | T-3h    | 20.00    | -       | -             | vip    | -       | -
    1005  | T-30min | 50.00    | -       | WOW; anvil10  | N      | us      | -
    1006  | T-10min | 12.00    | v5      | -             | -      | us      | gift-card
"""
ITEMS = """
    order | item | quantity | turnover | sku | category
    1002  | 1    | 1        | 0.99     | A-1 | tools
    1002  | 2    | 3        | 30.01    | A-2 | tools
    1002  | 3    | 1        | 30.00    | G-1 | gift-card
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """`users`: by who they are (PEOPLE); `keys`: order token → key of the conversion, as addresses have it; and
    `their-job`, `their-import` → that of a job of the agency, of an import of requests of the owner; and those of
    `parts_of`."""

    program: Program
    users: dict[str, User]
    keys: dict[str, str]


def open_shop() -> Shop:
    """The shop, its orders credited and priced, and its people. The database holds nothing of it before."""
    shop, rows = _made_shop()
    rows.copy_in()
    program = Program.objects.select_related("agency").get(id=shop.program.id)
    users = {user.id: user for user in User.objects.all()}
    return replace(
        shop, program=program, users={who: users[user.id] for who, user in shop.users.items()}, keys={**shop.keys}
    )


@cache
def _made_shop() -> tuple[Shop, Rows]:
    return made(_make_shop)


def _make_shop() -> Shop:
    program = install()
    users = {who: _person(who, *part) for who, part in PEOPLE.items()}
    return _stocked(program, users)


def open_another(shop: Shop) -> Shop:
    """Another program, `hammers`, with objects of the same names: of the same agency, advertiser and partner."""
    return _stocked(install(SHOP.replace('"anvils"', '"hammers"').replace("Anvil Shop", "Hammer Shop")), shop.users)


def colleagues() -> dict[str, User]:
    """COLLEAGUES, in the organizations that are there."""
    return {who: _person(who, *part) for who, part in COLLEAGUES.items()}


def _stocked(program: Program, users: dict[str, User]) -> Shop:
    of = orders(ORDERS)
    load(program, clicks(CLICKS), of, items(ITEMS, of))
    program.agency = Organization.objects.get(name="Agency North")
    program.save(update_fields=["agency"])
    organization = Organization.objects.get(name="Barb Dwyer Ltd")
    Partner.objects.filter(program=program, code="barb").update(organization=organization)
    job = Job.objects.create(
        program=program, user=users["agency"], kind="validation", asked={}, state=State.DONE, ended_at=NOW
    )
    keys = {one.order_token: key_to_text(PREFIX, one.id) for one in Conversion.objects.filter(program=program)}
    upload = Upload.objects.create(
        program_id=program.id, user=users["owner"], kind="request_import", file_name="requests.csv",
        names=["Order number"], places={"order_token": 0}, created_at=NOW,
        told={"format": "CSV", "encoding": "UTF-8", "separator": ","},
    )  # fmt: skip
    theirs = {"their-job": key_to_text(JOB, job.id), "their-import": key_to_text(UPLOAD, upload.id)}
    return Shop(program, users, {**keys, **parts_of(program), **theirs})


def parts_of(program: Program) -> dict[str, str]:
    """`ad-banner`, `cp-barb` (the first of its periods): the key of each part of the set-up, as addresses have it."""
    found = setup_of(program.code)
    prefixes = {
        "event_type": "et", "partner": "pa", "channel": "ch", "ad": "ad", "project": "pj", "rejection_reason": "rr",
        "contract_period": "cp", "channel_period": "hp", "promo_code": "pc",
    }  # fmt: skip
    keys: dict[str, str] = {}
    for table, prefix in prefixes.items():
        for key, id in found.ids[table].items():
            keys.setdefault(f"{prefix}-{key[1] if table == 'promo_code' else key[0]}", key_to_text(prefix, id))
    return keys


def _person(who: str, kind: OrganizationKind, name: str, role: Role) -> User:
    organization, _made = Organization.objects.get_or_create(name=name, defaults={"kind": kind, "code": who})
    user = User.objects.create_user(f"{who.replace(' ', '-')}@example.com", PASSWORD, name=who.capitalize())
    Membership.objects.create(user=user, organization=organization, role=role)
    return user
