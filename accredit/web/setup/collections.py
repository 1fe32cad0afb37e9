"""The lists of a program: event types, channels, promo codes, ads, projects, rejection reasons. Each says how its parts
are named, edited and shown; `parts.py` has the pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accredit.programs.changing import Setup
from accredit.programs.rows import Key
from accredit.web import formats, words
from accredit.web.setup.fields import Field, Kind, Options, Text


@dataclass(frozen=True, slots=True)
class Collection:
    """`key`: of the program file's tables, and the name of the database's; `prefix`: of ids in addresses; `identity`:
    the keys in a part that tell it from others; `columns` and `cells`: what the list shows of one."""

    slug: str
    key: str
    prefix: str
    one: Text
    new: Text
    about: Text
    empty: Text
    fields: Sequence[Field]
    columns: Sequence[Text]
    cells: Callable[[Mapping[str, Any], Setup], Sequence[str]]
    identity: Sequence[str] = ("code",)
    has_periods: bool = False

    @property
    def page(self) -> str:
        return f"setup-{self.slug}"

    def key_of(self, part: Mapping[str, Any]) -> Key:
        """The key of the part's row."""
        return tuple(part.get(name) for name in self.identity)


def partners(setup: Setup) -> Options:
    """The partners by name."""
    named = sorted(setup.program.partners, key=lambda one: (one.name.lower(), one.code))
    return [(one.code, one.name if one.name == one.code else f"{one.name} ({one.code})") for one in named]


def credit_groups(_setup: Setup) -> Options:
    return list(words.CREDIT_GROUPS.items())


def window(setup: Setup) -> str:
    """The program's window, which counts where none is given."""
    return str(setup.program.referral_window_days)


def span(part: Mapping[str, Any], setup: Setup) -> str:
    """From when until when something counts, in the program's zone."""
    zone = ZoneInfo(setup.program.timezone)
    start, end = part.get("starts_at"), part.get("ends_at")
    if start is None:
        return _("until %(end)s") % {"end": formats.instant(end, zone)} if end else _("always")
    begins = formats.instant(start, zone)
    return _("from %(start)s") % {"start": begins} if end is None else f"{begins} – {formats.instant(end, zone)}"


def days(number: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", number) % {"n": formats.number(number)}


CODE = Field(
    "code",
    gettext_lazy("Code"),
    hint=gettext_lazy("Short, for links and files. It stays as it is once it is there."),
    fixed=True,
    required=True,
)
NAME = Field("name", gettext_lazy("Name"))
GROUP_WARNING = gettext_lazy(
    "Change a credit group with care. Whoever stands in a higher group takes the credit from all in lower ones, even"
    " from their promo codes: a cashback partner who becomes non-preferred loses most of its commission, and its users"
    " their cashback. Whoever is given no group is preferred."
)
GROUP = Field("credit_group", gettext_lazy("Credit group"), Kind.CHOICE, hint=GROUP_WARNING, options=credit_groups)
WINDOW = Field(
    "referral_window_days",
    gettext_lazy("Referral window in days"),
    Kind.NUMBER,
    hint=gettext_lazy("For how long a click counts. Empty: the program’s."),
    placeholder=window,
)
STARTS = Field("starts_at", gettext_lazy("From"), Kind.INSTANT)
ENDS = Field(
    "ends_at", gettext_lazy("Until"), Kind.INSTANT, hint=gettext_lazy("The first moment that no longer counts.")
)


def _names(setup: Setup) -> Mapping[str, str]:
    return {one.code: one.name for one in setup.program.partners}


def _event_type(part: Mapping[str, Any], _setup: Setup) -> Sequence[str]:
    mapping = part.get("customer_status")
    after = part.get("approve_after_days")
    return [
        _("off") if mapping is None else ", ".join(mapping) or _("on, without words"),
        ngettext("after %(n)s day", "after %(n)s days", after) % {"n": formats.number(after)} if after else "",
    ]


def _channel(part: Mapping[str, Any], _setup: Setup) -> Sequence[str]:
    return [
        part.get("name", ""),
        words.word(words.CREDIT_GROUPS, part["credit_group"]),
        days(part["referral_window_days"]),
        formats.number(len(part.get("period", ()))),
    ]


def _promo_code(part: Mapping[str, Any], setup: Setup) -> Sequence[str]:
    return [
        _names(setup).get(part["partner"], part["partner"]),
        words.word(words.MATCHES, part["match"]),
        words.word(words.POLICIES, part["policy"]),
        span(part, setup),
    ]


COLLECTIONS: Sequence[Collection] = (
    Collection(
        slug="event-types",
        key="event_type",
        prefix="et",
        one=gettext_lazy("Event type"),
        new=gettext_lazy("New event type"),
        about=gettext_lazy("What the program pays for, such as a sale or a lead. The shop names it with every order."),
        empty=gettext_lazy("Nothing is paid for yet. Most shops begin with “sale”."),
        fields=(
            CODE,
            Field(
                "approve_after_days",
                gettext_lazy("Approve open conversions after so many days"),
                Kind.NUMBER,
                hint=gettext_lazy(
                    "From 1 to 3650, counted from the day of the order. Empty: never; each is approved or rejected by"
                    " somebody. What is held stays open."
                ),
            ),
            Field("customer_status", gettext_lazy("Customer status mapping"), Kind.WORDS),
        ),
        columns=(
            gettext_lazy("Code"),
            gettext_lazy("Customer status mapping"),
            gettext_lazy("Approval by itself"),
        ),
        cells=_event_type,
    ),
    Collection(
        slug="channels",
        key="channel",
        prefix="ch",
        one=gettext_lazy("Channel"),
        new=gettext_lazy("New channel"),
        about=gettext_lazy(
            "Your own marketing that competes for the credit and is never paid: e-mail, display, paid search."
            " Where a channel wins, no partner earns."
        ),
        empty=gettext_lazy(
            "No channel competes with the partners. Add one where you send visitors with links of yours."
        ),
        fields=(CODE, NAME, GROUP, WINDOW),
        columns=(
            gettext_lazy("Code"),
            gettext_lazy("Name"),
            gettext_lazy("Credit group"),
            gettext_lazy("Referral window"),
            gettext_lazy("Periods"),
        ),
        cells=_channel,
        has_periods=True,
    ),
    Collection(
        slug="promo-codes",
        key="promo_code",
        prefix="pc",
        one=gettext_lazy("Promo code"),
        new=gettext_lazy("New promo code"),
        about=gettext_lazy("A voucher code that belongs to one partner, and what it means for the credit."),
        empty=gettext_lazy("No code belongs to a partner yet: orders are credited by clicks alone."),
        fields=(
            Field(
                "code",
                gettext_lazy("Code"),
                hint=gettext_lazy(
                    "An exact code, whatever its case; or a pattern such as ANN[0-9]+ (a regular expression)."
                ),
                required=True,
            ),
            Field(
                "match",
                gettext_lazy("How it matches"),
                Kind.CHOICE,
                options=lambda _setup: list(words.MATCHES.items()),
            ),
            Field("partner", gettext_lazy("Partner"), Kind.CHOICE, options=partners),
            Field(
                "policy",
                gettext_lazy("What it does"),
                Kind.CHOICE,
                options=lambda _setup: list(words.POLICIES.items()),
            ),
            STARTS,
            ENDS,
        ),
        columns=(
            gettext_lazy("Code"),
            gettext_lazy("Partner"),
            gettext_lazy("How it matches"),
            gettext_lazy("What it does"),
            gettext_lazy("When"),
        ),
        cells=_promo_code,
        identity=("match", "code", "starts_at"),
    ),
    Collection(
        slug="ads",
        key="ad",
        prefix="ad",
        one=gettext_lazy("Ad"),
        new=gettext_lazy("New ad"),
        about=gettext_lazy(
            "What visitors click: a banner, a text link, a product. Links name it, rules can ask for it."
        ),
        empty=gettext_lazy(
            "No ads yet. Links work without: they go to the page that they name, or to the fallback page."
        ),
        fields=(
            CODE,
            NAME,
            Field(
                "landing_page",
                gettext_lazy("Landing page"),
                hint=gettext_lazy("Where its links go, such as https://shop.example/sale."),
            ),
        ),
        columns=(gettext_lazy("Code"), gettext_lazy("Name"), gettext_lazy("Landing page")),
        cells=lambda part, _setup: [part.get("name", ""), part.get("landing_page", "")],
    ),
    Collection(
        slug="projects",
        key="project",
        prefix="pj",
        one=gettext_lazy("Project"),
        new=gettext_lazy("New project"),
        about=gettext_lazy("A grouping of a partner’s or of your own: a campaign, a site, a season."),
        empty=gettext_lazy("No projects yet. They are there to group clicks and conversions."),
        fields=(
            CODE,
            NAME,
            Field("partner", gettext_lazy("Partner"), Kind.CHOICE, options=partners, none=gettext_lazy("your own")),
        ),
        columns=(gettext_lazy("Code"), gettext_lazy("Name"), gettext_lazy("Partner")),
        cells=lambda part, setup: [part.get("name", ""), _names(setup).get(part.get("partner", ""), _("your own"))],
    ),
    Collection(
        slug="rejection-reasons",
        key="rejection_reason",
        prefix="rr",
        one=gettext_lazy("Rejection reason"),
        new=gettext_lazy("New rejection reason"),
        about=gettext_lazy("Why conversions are rejected. Partners read the title in their own language."),
        empty=gettext_lazy("No reasons yet. Whoever rejects a conversion names one, so that the partner knows why."),
        fields=(
            CODE,
            Field("title_de", gettext_lazy("Title in German"), required=True),
            Field("title_en", gettext_lazy("Title in English"), required=True),
        ),
        columns=(gettext_lazy("Code"), gettext_lazy("Title in German"), gettext_lazy("Title in English")),
        cells=lambda part, _setup: [part["title_de"], part["title_en"]],
    ),
)
