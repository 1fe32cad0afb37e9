"""The visitor's own page: what is kept, and how to have nothing kept."""

from accredit.tracker.answers import NOT_STORED, Refusal, Reply, Scope
from accredit.tracker.visitors import COOKIE, COOKIE_DAYS, OPT_OUT_COOKIE, cookies_of, wants_no_record

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;"
    "color:light-dark(#1b1f24,#e7e9eb);background:light-dark(#fff,#131618)}"
    "button{font:inherit;padding:.5rem 1rem;border:1px solid;border-radius:.375rem;color:inherit;background:none}"
    "button:focus-visible{outline:3px solid light-dark(#0a58ca,#8fd6e8);outline-offset:2px}section{margin-block:2rem}"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Privacy · Datenschutz</title><style>{style}</style></head><body><main>
<section><h1>Your clicks</h1>
<p>This service records which link led you to a shop, so that whoever recommended it is paid. It keeps a random number
in a cookie of your browser, the kind of your device and browser, and a hash of your address. The key of that hash is
deleted within three days; then nobody can trace it back. It knows neither your name nor your address.</p>
<p><strong>{english}</strong></p>
<p>This choice is for this service in this browser. A shop may keep the number of a click on its own pages, and report
your order with it: delete the shop's cookies and site data to remove that too.</p>
<form method="post" action="{action}"><button>{english_button}</button></form></section>
<section lang="de"><h1>Ihre Klicks</h1>
<p>Dieser Dienst hält fest, über welchen Link Sie in einen Shop gekommen sind, damit die Empfehlung bezahlt wird. Er
merkt sich dafür eine Zufallszahl in einem Cookie Ihres Browsers, die Art Ihres Geräts und Browsers und eine Prüfsumme
Ihrer IP-Adresse. Der Schlüssel dazu wird binnen drei Tagen gelöscht; dann kann sie niemand mehr zuordnen. Namen und
Anschrift kennt er nicht.</p>
<p><strong>{german}</strong></p>
<p>Diese Wahl gilt für diesen Dienst in diesem Browser. Ein Shop kann die Nummer eines Klicks auf seinen eigenen Seiten
aufbewahren und Ihre Bestellung mit ihr melden: Löschen Sie Cookies und Websitedaten des Shops, um auch sie zu
entfernen.</p>
<form method="post" action="{action}"><button>{german_button}</button></form></section>
</main></body></html>
"""
_RECORDED = {
    "english": "Your clicks are recorded.", "english_button": "Record no more clicks",
    "german": "Ihre Klicks werden festgehalten.", "german_button": "Keine Klicks mehr festhalten", "action": "/opt-out",
}  # fmt: skip
_NOT_RECORDED = {
    "english": "Your clicks are not recorded, and this service puts no visitor number into your browser.",
    "english_button": "Record my clicks again",
    "german": "Ihre Klicks werden nicht festgehalten, und dieser Dienst legt keine Besuchernummer in Ihrem Browser ab.",
    "german_button": "Klicks wieder festhalten", "action": "/opt-in",
}  # fmt: skip
_SECURITY = [
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
     " frame-ancestors 'none'; base-uri 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
]  # fmt: skip
_FOR_GOOD = f"Max-Age={COOKIE_DAYS * 86400}; Path=/; Secure; HttpOnly; SameSite=Lax"
_GONE = "Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"


def page(scope: Scope, protocol: Reply) -> None:
    """GET /privacy: what is kept, with a button."""
    _only(scope, "GET")
    state = _NOT_RECORDED if wants_no_record(scope.headers, cookies_of(scope.headers)) else _RECORDED
    headers = [("content-type", "text/html; charset=utf-8"), *NOT_STORED, *_SECURITY]
    protocol.response_str(200, headers, _PAGE.format(style=_STYLE, **state))


def opt_out(scope: Scope, protocol: Reply) -> None:
    """POST /opt-out: record nothing of this browser any more, and forget its number."""
    _only(scope, "POST")
    _back(protocol, f"{OPT_OUT_COOKIE}=1; {_FOR_GOOD}", f"{COOKIE}=; {_GONE}")


def opt_in(scope: Scope, protocol: Reply) -> None:
    """POST /opt-in: take the opt-out back."""
    _only(scope, "POST")
    _back(protocol, f"{OPT_OUT_COOKIE}=; {_GONE}")


def _back(protocol: Reply, *cookies: str) -> None:
    headers = [("location", "/privacy"), *NOT_STORED, *(("set-cookie", cookie) for cookie in cookies)]
    protocol.response_empty(303, headers)


def _only(scope: Scope, method: str) -> None:
    if scope.method != method:
        raise Refusal(405, "method", f"{scope.path} is asked for with {method}.", [("allow", method)])
