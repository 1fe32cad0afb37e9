"""Conversion requests of the shop's own people: what its partner asks for, and what others do."""

from datetime import datetime

from accredit.access.models import User
from accredit.conversion_requests.discussing import File, Side, comment
from accredit.conversion_requests.models import PREFIX, Attachment, Request
from accredit.conversion_requests.raising import raise_requests
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.database.keys import key_to_text
from accredit.programs.visibility import viewpoint
from tests.factories.people import Shop
from tests.factories.requesting import wanted
from tests.factories.validating import LATER

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
MISSING = "kind | partner | order | at | turnover\n create | {} | {} | T | {}"
HEAD = "kind | partner | order | at | turnover | category | status | claimed\n"


def ask(shop: Shop, text: str, *, by: str = "partner", now: datetime = LATER) -> list[Request]:
    """Raise requests (`requesting.wanted`) as one of the shop's people; those that are new, in their order."""
    user: User = shop.users[by]
    raised = raise_requests(viewpoint(user, shop.program.code), wanted(text), actor=Actor(Way.PAGE, user.id), now=now)
    return [Request.objects.get(program=shop.program, id=key) for key in raised.new["id"]]


def missing(shop: Shop, order: str, turnover: str = "100.00", *, partner: str = "barb", by: str = "partner") -> Request:
    """Somebody asks for an order that is missing, or that is somebody else's."""
    return ask(shop, MISSING.format(partner, order, turnover), by=by)[0]


def key_of(about: Request) -> str:
    """As addresses have it."""
    return key_to_text(PREFIX, about.id)


def keys_of_requests(shop: Shop) -> dict[str, str]:
    """`rq-barb` and `rq-ann`: a request for each of the two, and `file-barb`: a file of the first."""
    of_barb, of_ann = missing(shop, "2001"), missing(shop, "2002", partner="ann", by="owner")
    comment(of_barb, "", [File("a.png", PNG)], user=shop.users["partner"], side=Side.PARTNER, now=LATER)
    file = Attachment.objects.get(program=shop.program)
    return {"rq-barb": key_of(of_barb), "rq-ann": key_of(of_ann), "file-barb": str(file.id)}
