"""Connecting the demo's shop: its program knows where the shop is, and the shop knows its links and its key."""

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import transaction

from accredit.demo.input import PROGRAM_CODE, PROGRAM_FILE
from accredit.demo.journeys import SOURCES, Source
from accredit.demo.shop.connection import FILE_NAME, Connection, Link
from accredit.files import read_program
from accredit.programs.models import Ad, Channel, Contract, Partner, Program, PromoCode
from accredit.programs.signing_keys import add_key, key_text, keys_of

LANDING = "/shop"
"""Under which the shop has the landing pages of the ads."""


def connect_shop(tracker: str, shop: str, folder: Path, *, now: datetime, pages: str = "") -> None:
    """Let the demo's links lead to `shop`, and write into `folder` what the shop needs to know of `tracker`: its links,
    and the key by which it signs, which is made once; and where the `pages` are that show its orders."""
    with transaction.atomic():
        _let_in(shop)
        program = Program.objects.get(code=PROGRAM_CODE)
        key, secret = _kept_key(folder) or _new_key(now)
        links = [_link(program, source, tracker) for source in SOURCES.values]
    connection = Connection(
        tracker=tracker,
        program=program.code,
        click_parameter=program.click_parameter,
        key=key,
        secret=secret,
        links=[link for link in links if link],
        pages=pages,
    )
    _write(folder / FILE_NAME, json.dumps(asdict(connection), indent=1))


def _let_in(shop: str) -> None:
    """Beside the hosts of the program file the shop is allowed, and the landing pages are its own."""
    value = read_program(PROGRAM_FILE)
    Program.objects.filter(code=PROGRAM_CODE).update(
        allowed_hosts=[*value.tracking.allowed_hosts, urlsplit(shop).netloc], fallback_page=f"{shop}{LANDING}"
    )
    for ad in value.ads:
        path = urlsplit(ad.landing_page).path.rstrip("/")
        Ad.objects.filter(program__code=PROGRAM_CODE, code=ad.code).update(landing_page=f"{shop}{LANDING}{path}")


def _kept_key(folder: Path) -> tuple[str, str] | None:
    """The key that the shop has, where it is one of the program's still."""
    try:
        kept = Connection.read(folder)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    lasting = {key_text(key) for key in keys_of(PROGRAM_CODE) if key.ends_at is None}
    return (kept.key, kept.secret) if kept.key in lasting else None


def _new_key(now: datetime) -> tuple[str, str]:
    key, secret = add_key(PROGRAM_CODE, now=now, secret_key=settings.SECRET_KEY)
    return key_text(key), secret


def _link(program: Program, source: Source, tracker: str) -> Link | None:
    """None for a partner or channel that is no more."""
    kind, table = ("h", Channel) if source.is_channel else ("c", Partner)
    party = table.objects.filter(program=program, code=source.code).values_list("name", flat=True).first()
    if party is None:
        return None
    contract = Contract.objects.filter(partner__program=program, partner__code=source.code).first()
    codes = PromoCode.objects.filter(program=program, partner__code=source.code, match="exact", ends_at=None)
    who, ad = quote(f"{program.code}:{source.code}", safe=":"), quote(source.ads[0], safe="")
    return Link(
        name=party,
        url=f"{tracker}/{kind}/{who}/{ad}",
        is_channel=source.is_channel,
        labels=list(contract.labels) if contract else [],
        promo_codes=list(codes.values_list("code", flat=True)),
    )


def _write(file: Path, text: str) -> None:
    """Whole, and for its owner alone."""
    partial = file.with_name(f"{file.name}-{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(file)
