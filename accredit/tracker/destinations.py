"""Where a click leads: pages of the set-up, and deep links, which go only to the hosts that the program allows."""

import re
from collections.abc import Set
from dataclasses import dataclass
from urllib.parse import quote, unquote

from accredit.tracker.answers import Refusal

MAX_LINK = 2000
_LINK = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?(?P<rest>(?:[/?#].*)?)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
"""What browsers drop, or read as something else."""
_KEPT = "%/?#[]@!$&'()*+,;=:~"
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Destination:
    """An address, and the two parts of it between which a click id goes."""

    plain: str
    before: str
    after: str

    @staticmethod
    def of(address: str, parameter: str) -> "Destination":
        """Where `address` leads, with the click id as `parameter`, instead of one that is there already."""
        address = quote(address, safe=_KEPT)
        page, mark, fragment = address.partition("#")
        page, _, query = page.partition("?")
        kept = [part for part in query.split("&") if part and unquote(part.partition("=")[0]) != parameter]
        joined = "&".join([*kept, f"{parameter}="])
        return Destination(address, f"{page}?{joined}", mark + fragment)

    def with_click(self, click_id: str) -> str:
        """The address with the click id in it."""
        return self.before + click_id + self.after


def deep_link(link: str, allowed_hosts: Set[str], parameter: str) -> Destination:
    """Where a deep link leads. Raises Refusal for everything that is not plainly an address of an allowed host."""
    if len(link) > MAX_LINK:
        raise _refusal(f"has {len(link)} characters; at most {MAX_LINK} are taken")
    if _FORBIDDEN.search(link):
        raise _refusal("holds a blank, a backslash or a control character: encode it")
    match = _LINK.fullmatch(link)
    if match is None:
        raise _refusal("is no address such as https://shop.example/page, or names a user or a host that is not ASCII")
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if port and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    if host not in allowed_hosts:
        raise Refusal(400, "host_not_allowed", "u leads to a host that the program does not allow.")
    rest = match["rest"]
    return Destination.of(f"{scheme}://{host}{rest if rest[:1] == '/' else '/' + rest}", parameter)


def _refusal(what: str) -> Refusal:
    return Refusal(400, "bad_link", f"u {what}.")
