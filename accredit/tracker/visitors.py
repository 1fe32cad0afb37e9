"""What a request says of who sent it: the visitor's cookie, the wish to stay unknown, address, device and browser."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import ua_parser

from accredit.database.keys import ALPHABET, DIGITS
from accredit.tracker.answers import RequestHeaders, Scope
from accredit.tracker.chance import chance
from accredit.tracker.copying import cell

COOKIE, OPT_OUT_COOKIE = "accredit_visitor", "accredit_optout"
COOKIE_DAYS = 400
"""The longest that browsers keep one."""
MAX_USER_AGENT = 500
_DIGITS = bytes(ord(ALPHABET[byte & 31]) for byte in range(256))
"""Byte → digit: those that remain of a random byte are as random."""
_VISITOR = rf"vi_[0-7][{ALPHABET}]{{{DIGITS - 1}}}"
_VISITOR_COOKIE = re.compile(rf"(?:^|; ?){COOKIE}=({_VISITOR})(?:;|$)")
_OPT_OUT = re.compile(rf"(?:^|; ?){OPT_OUT_COOKIE}=1(?:;|$)")
_PROGRAMS = (
    "aiohttp|Apache-HttpClient|axios|curl|facebookcatalog|FeedFetcher-Google|Go-http-client|HTTPie|Iframely|"
    "libwww-perl|Mediapartners-Google|meta-externalfetcher|node-fetch|okhttp|PHP|PostmanRuntime|Prerender|"
    "python-httpx|python-requests|Signal-Desktop-Link-Preview|Wget|W3C_Validator"
)
_WITHIN_BROWSERS = (
    "CensysInspect|Chrome-Lighthouse|Google-Site-Verification|GoogleImageProxy|GoogleOther|HeadlessChrome|"
    r"SkypeUriPreview|vkShare|zgrab|Prerender \("
)
_MISSED_BOTS = re.compile(rf"(?:{_PROGRAMS})(?:[/; ]|$)|.*(?<![\w-])(?:{_WITHIN_BROWSERS})", re.IGNORECASE)
"""Programs and previews that the list of ua-parser has not; whole names, so that no phone or app is taken for one."""
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Agent:
    """What is kept of a user agent: `desktop`, `mobile` or `tablet`, and the family of the browser."""

    device: str | None
    browser: str | None
    is_bot: bool
    cells: str
    """Device and browser as COPY reads them."""


def visitor_of(cookies: str) -> str | None:
    """The visitor whom the cookies name; None where there is none, or one that was never given out."""
    match = _VISITOR_COOKIE.search(cookies) if cookies else None
    return match[1] if match else None


def new_visitor() -> str:
    """An id of a visitor who was never here: random."""
    drawn = chance(DIGITS)
    return f"vi_{ALPHABET[drawn[0] & 7]}{drawn[1:].translate(_DIGITS).decode()}"


def cookie_of(visitor_id: str) -> str:
    """The header that has a browser keep the visitor's id, for this host alone and out of reach of scripts."""
    return f"{COOKIE}={visitor_id}; Max-Age={COOKIE_DAYS * 86400}; Path=/; Secure; HttpOnly; SameSite=Lax"


def wants_no_record(headers: RequestHeaders, cookies: str) -> bool:
    """Whether this visitor said, by the opt-out or by the browser, that nothing be recorded."""
    if headers.get("sec-gpc") == "1" or headers.get("dnt") == "1":
        return True
    return bool(cookies) and _OPT_OUT.search(cookies) is not None


def is_ahead_of_visitor(headers: RequestHeaders) -> bool:
    """Whether the browser asks before anybody clicked."""
    for name in ("sec-purpose", "purpose", "x-moz"):
        purpose = headers.get(name)
        if purpose and ("prefetch" in purpose.lower() or "preview" in purpose.lower()):
            return True
    return False


def cookies_of(headers: RequestHeaders) -> str:
    """All cookies that came along."""
    cookies = headers.get_all("cookie")
    return cookies[0] if len(cookies) == 1 else "; ".join(cookies)


def agent_of(headers: RequestHeaders) -> Agent:
    """What the user agent says."""
    return _agent(headers.get("user-agent", "")[:MAX_USER_AGENT])


def read_lists() -> None:
    """Read the lists of user agents, which takes about a second, before the first visitor waits for it."""
    ua_parser.parse("Mozilla/5.0")


@lru_cache(maxsize=4096)
def _agent(text: str) -> Agent:
    if not text:
        return Agent(None, None, is_bot=False, cells="\\N\t\\N")
    found = ua_parser.parse(text)
    is_spider = found.device is not None and found.device.family == "Spider"
    browser = " ".join(found.user_agent.family.split()) if found.user_agent else None  # headers may hold tabs
    device = _device(text)
    is_bot = is_spider or _MISSED_BOTS.match(text) is not None
    return Agent(device, browser, is_bot, f"{device}\t{cell(browser)}")


def _device(text: str) -> str:
    if re.search(r"iPad|Tablet|Kindle|Silk/|PlayBook", text) or ("Android" in text and "Mobile" not in text):
        return "tablet"
    return "mobile" if re.search(r"Mobi|iPhone|iPod|Windows Phone|Opera Mini", text) else "desktop"


def address_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """The address of whoever asks. What X-Forwarded-For says counts only as far as trusted proxies say it."""
    client = scope.client.rpartition(":")[0].strip("[]")
    if not trusted:
        return client
    said = ",".join(scope.headers.get_all("x-forwarded-for"))
    return _told(client, said, tuple(trusted))


def asker_of(address: str) -> str:
    """Whose requests are counted together: those of an address, of IPv6 those of its network of 64 bits, which every
    customer of a provider has at least."""
    return _network(address) if ":" in address else address


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address) and known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ip_network((known, 64), strict=False))


@lru_cache(maxsize=4096)
def _told(client: str, said: str, trusted: tuple[Network, ...]) -> str:
    """The last address that no trusted proxy has."""
    address = client
    for told in (*reversed([part.strip() for part in said.split(",") if part.strip()]), ""):
        try:
            known = ip_address(address)
        except ValueError:
            return address
        if isinstance(known, IPv6Address) and known.ipv4_mapped:
            known = known.ipv4_mapped
        if not told or not any(known in network for network in trusted):
            return str(known)
        address = told.strip("[]")
    return address
