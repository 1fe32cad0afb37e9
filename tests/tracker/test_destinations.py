"""Where deep links lead: to the allowed hosts, whatever somebody makes of them."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accredit.tracker.answers import Refusal
from accredit.tracker.destinations import MAX_LINK, Destination, deep_link

HOSTS = frozenset({"shop.example", "other.example:8443"})


@pytest.mark.parametrize(
    ("link", "with_click"),
    [
        ("https://shop.example", "https://shop.example/?ref=CK"),
        ("http://shop.example/a", "http://shop.example/a?ref=CK"),
        ("HTTPS://Shop.Example:443/a?b=1", "https://shop.example/a?b=1&ref=CK"),
        ("https://shop.example/a?b=1&ref=old&c=%20#top?x", "https://shop.example/a?b=1&c=%20&ref=CK#top?x"),
        ("https://shop.example?r%65f=old#a#b", "https://shop.example/?ref=CK#a#b"),
        ("https://other.example:8443/ü?q=ß", "https://other.example:8443/%C3%BC?q=%C3%9F&ref=CK"),
        ("https://shop.example/a<b>\"'", "https://shop.example/a%3Cb%3E%22'?ref=CK"),
        ("https://shop.example/@evil.example", "https://shop.example/@evil.example?ref=CK"),
    ],
)
def test_a_link_to_an_allowed_host_gets_the_click_id(link: str, with_click: str) -> None:
    assert deep_link(link, HOSTS, "ref").with_click("CK") == with_click


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://evil.example/", "host_not_allowed"),
        ("https://shop.example.evil.example/", "host_not_allowed"),
        ("https://evilshop.example/", "host_not_allowed"),
        ("https://shop.example:8443/", "host_not_allowed"),
        ("http://shop.example:443/", "host_not_allowed"),
        ("https://other.example/", "host_not_allowed"),
        ("//evil.example", "bad_link"),
        ("/a", "bad_link"),
        ("javascript:alert(1)//https://shop.example/", "bad_link"),
        ("https:shop.example", "bad_link"),
        ("https:///shop.example", "bad_link"),
        ("https://user@shop.example/", "bad_link"),
        ("https://shop.example:80@evil.example/", "bad_link"),
        ("https://shop.example\\@evil.example/", "bad_link"),
        ("https://evil.example\\.shop.example/", "bad_link"),
        ("https://shop.example%2eevil.example/", "bad_link"),
        ("https://shop.example./", "bad_link"),
        ("https://shöp.example/", "bad_link"),
        ("https://shop.example\u3002evil.example/", "bad_link"),
        (" https://shop.example/", "bad_link"),
        ("https://shop.example/\r\nset-cookie: a=b", "bad_link"),
        ("ht\ttps://shop.example/", "bad_link"),
        ("https://shop.example/\0", "bad_link"),
        ("https://[::1]/", "bad_link"),
        ("https://shop.example/" + "a" * MAX_LINK, "bad_link"),
        ("", "bad_link"),
    ],
)
def test_anything_else_is_refused(link: str, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        deep_link(link, HOSTS, "ref")
    assert (refused.value.status, refused.value.reason) == (400, reason)


PARTS = ["https:", "http:", "//", "/", "\\", "@", ":", "#", "?", "shop.example", "evil.example", "other.example:8443",
         "%2f", "%00", "\t", "\n", "\r", " ", "javascript:", ".", "ref=1", "&", "%", "ü", "[", "]", "443"]  # fmt: skip
links = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=3)), max_size=12).map("".join)


@given(st.one_of(links, links.map("https://shop.example".__add__)))
@example("https://shop.example\\@evil.example")
def test_no_link_leads_a_browser_anywhere_else(link: str) -> None:
    try:
        location = deep_link(link, HOSTS, "ref").with_click("CK")
    except Refusal:
        return
    assert re.fullmatch(r"[!-~]+", location)
    # As browsers read it: tabs and line breaks dropped, backslashes as slashes.
    parts = urlsplit(re.sub(r"[\t\r\n]", "", location).replace("\\", "/"))
    assert (parts.scheme in ("http", "https"), parts.netloc in HOSTS) == (True, True)
    assert [value for name, value in parse_qsl(parts.query) if name == "ref"] == ["CK"]


def test_a_page_of_the_set_up_keeps_what_it_asks_and_its_place() -> None:
    page = Destination.of("https://shop.example/sale?from=partner&ref=#top", "ref")
    assert page.with_click("CK") == "https://shop.example/sale?from=partner&ref=CK#top"
    assert page.plain == "https://shop.example/sale?from=partner&ref=#top"
