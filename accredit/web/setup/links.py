"""Tracking links: what a partner puts on its pages, and the advertiser where it sends visitors itself
(docs/tracking.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from accredit.config.environment import tracker_url
from accredit.files.program_file import leads_to
from accredit.programs.models import Ad, Program, Project

UNRESERVED = "-._~"
SUB_IDS = tuple(f"s{number}" for number in range(1, 7))


@dataclass(frozen=True, slots=True)
class Links:
    """The builder as a page shows it: what was chosen, and the link of that."""

    link: str
    error: str
    ads: Any
    projects: Any
    typed: Mapping[str, str]
    sub_ids: tuple[tuple[str, str], ...]
    opened: bool


def links_of(request: HttpRequest, program: Program, party: str, *, of_channel: bool = False) -> Links:
    """The link of a partner, or of a channel, for what the address says: ad, page, project, sub ids."""
    typed = {name: _typed(request.GET, name) for name in ("ad", "u", "p", *SUB_IDS)}
    projects = Project.objects.filter(program=program).order_by("name", "code")
    return Links(
        link=link(program.code, party, typed, of_channel=of_channel),
        error=_refused(program, typed["u"]),
        ads=Ad.objects.filter(program=program).order_by("name", "code"),
        projects=[
            one
            for one in projects.select_related("partner").order_by("name", "code")
            if one.partner is None or (one.partner.code == party and not of_channel)
        ],
        typed=typed,
        sub_ids=tuple((name, typed[name]) for name in SUB_IDS),
        opened=any(typed.values()),
    )


def link(program: str, party: str, typed: Mapping[str, str], *, of_channel: bool = False) -> str:
    """`https://track.example.com/c/PROGRAM:PARTNER/AD?u=…`, of a channel with `/h/`; where this installation has no
    tracker's address, without the host."""
    path = f"/{'h' if of_channel else 'c'}/{quote(program, safe=UNRESERVED)}:{quote(party, safe=UNRESERVED)}"
    if typed.get("ad"):
        path += f"/{quote(typed['ad'], safe=UNRESERVED)}"
    query = urlencode({name: typed[name] for name in ("u", "p", *SUB_IDS) if typed.get(name)}, quote_via=quote)
    return f"{(tracker_url() or '').rstrip('/')}{path}{query and '?' + query}"


def _typed(data: QueryDict, name: str) -> str:
    return data.get(name, "").replace("\0", "").strip()


def _refused(program: Program, page: str) -> str:
    """Why the tracker would refuse the deep link; it decides, this says it before."""
    if not page:
        return ""
    if leads_to(page, program.allowed_hosts):
        return ""
    hosts = ", ".join(program.allowed_hosts) or _("none yet")
    return _("Links lead to the program’s own hosts alone: %(hosts)s. Begin with https://.") % {"hosts": hosts}
