"""The columns of a table of conversion requests: what partners fill in, explained in both languages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from accredit.conversion_requests.models import Kind as RequestKind
from accredit.conversions.columns import PREFIX as CONVERSION
from accredit.conversions.models import Status
from accredit.engine.customer_status import ALWAYS_UNDERSTOOD
from accredit.imports.cells import meanings_of
from accredit.imports.declaring import Choice, Column, Kind
from accredit.imports.headings import folded
from accredit.programs.models import Ad, EventType, Partner, Program, Project, RejectionReason
from accredit.programs.visibility import Viewpoint

KIND = pl.coalesce(
    "kind",
    pl.when(pl.col("conversion").is_not_null())
    .then(pl.lit(RequestKind.CHANGE.value))
    .otherwise(pl.lit(RequestKind.CREATE.value)),
)
"""What a row asks for: what it says, else a change where it names a conversion by its id."""
CREATES = KIND.eq(RequestKind.CREATE.value)
KINDS = (
    Choice(RequestKind.CREATE.value, "Anlegen", "Create", ("Neu", "New", "neu anlegen", "fehlt", "missing")),
    Choice(RequestKind.CHANGE.value, "Ändern", "Change", ("Änderung", "Update", "Modify", "Korrektur")),
)
STATUSES = (
    Choice(Status.OPEN.value, "Offen", "Open", ("0", "pending")),
    Choice(Status.APPROVED.value, "Bestätigt", "Approved", ("1", "approve", "bestätigen", "genehmigt", "confirmed")),
    Choice(
        Status.REJECTED.value,
        "Storniert",
        "Rejected",
        ("2", "reject", "storno", "stornieren", "abgelehnt", "cancelled", "canceled"),
    ),
)
SUB_IDS = tuple(f"sub_id{number}" for number in range(1, 7))
LONGEST_TOKEN = 500


@dataclass(frozen=True, slots=True)
class Known:
    """The closed lists of a program: code → titles, German and English. `partners`: for whom the viewer may ask."""

    event_types: Sequence[str]
    partners: Mapping[str, str]
    reasons: Mapping[str, tuple[str, str]]
    customer_statuses: Mapping[str, Sequence[str]]
    """With the words that the event types have for each."""
    ads: Mapping[str, str]
    projects: Mapping[str, tuple[str, str | None]]
    """With each name the partner whose it is; null: the advertiser's own, for all of them. Partners know theirs and
    these."""


def known_of(view: Viewpoint) -> Known:
    """The closed lists of the viewer's program, a query each."""
    program: Program = view.program
    event_types = list(EventType.objects.filter(program=program).order_by("id"))
    statuses: dict[str, list[str]] = {status: [] for status in ALWAYS_UNDERSTOOD}
    for status, words in (pair for one in event_types for pair in one.customer_status or []):
        statuses.setdefault(status, []).extend(words)
    partners = Partner.objects.filter(program=program).order_by("code")
    if view.partners is not None:
        partners = partners.filter(code__in=view.partners)
    names = dict(partners.values_list("code", "name"))
    projects = Project.objects.filter(program=program).order_by("code").values_list("code", "name", "partner__code")
    reasons = RejectionReason.objects.filter(program=program).order_by("id")
    return Known(
        event_types=[one.code for one in event_types],
        partners=names,
        reasons={code: (de, en) for code, de, en in reasons.values_list("code", "title_de", "title_en")},
        customer_statuses=dict(sorted(statuses.items())),
        ads=dict(Ad.objects.filter(program=program).order_by("code").values_list("code", "name")),
        projects={code: (name, of) for code, name, of in projects if of is None or of in names},
    )


def columns_of(known: Known) -> Sequence[Column]:
    """The columns for a program, in the order of the sample file: first what a create needs."""
    several = len(known.partners) > 1
    of_known = {
        "event_type": tuple(Choice(code, code, code) for code in known.event_types),
        "partner": _named(known.partners),
        "rejection_reason": tuple(Choice(code, *titles) for code, titles in known.reasons.items()),
        "customer_status": _with_words(known.customer_statuses),
        "ad": _named(known.ads),
        "project": _named({code: name for code, (name, _partner) in known.projects.items()}),
    }
    required: Mapping[str, bool | pl.Expr] = {
        "event_type": CREATES if len(known.event_types) > 1 else False,
        "partner": CREATES if several else False,
        **dict.fromkeys(("order_token", "occurred_at", "currency", "turnover"), CREATES),
    }
    return tuple(
        replace(one, choices=of_known.get(one.name, one.choices), required=required.get(one.name, False))
        for one in _COLUMNS
    )


def customer_status_of(known: Known, text: str) -> str:
    """The customer status that somebody means by a word, in whichever language; a word that means none stays."""
    (column,) = (one for one in columns_of(known) if one.name == "customer_status")
    return meanings_of(column).get(folded(text), text)


def _with_words(statuses: Mapping[str, Sequence[str]]) -> Sequence[Choice]:
    usual = {"New": ("Neukunde", "Neu"), "Existing": ("Bestandskunde",)}
    return tuple(
        Choice(code, usual.get(code, (code,))[0], code, (*usual.get(code, ()), *words))
        for code, words in statuses.items()
    )


def _named(names: Mapping[str, str]) -> Sequence[Choice]:
    """Things with a name: where two have the same one, their codes tell them apart."""
    times = Counter(names.values())
    titles = {code: name if times[name] == 1 else code for code, name in names.items()}
    return tuple(Choice(code, title, title) for code, title in titles.items())


_COLUMNS = (
    Column(
        "kind", "Art", "Kind", ("Typ der Anfrage", "Request type", "Anfrageart", "Request", "Type", "Typ"),
        kind=Kind.CHOICE, choices=KINDS,
        help_de="Anlegen: die Conversion fehlt. Ändern: sie ist da und soll anders werden. Leer: Ändern, wo eine"
        " Conversion-ID steht, sonst Anlegen.",
        help_en="Create: the conversion is missing. Change: it is there and is to become different. Empty: change where"
        " a conversion ID stands, else create.",
    ),
    Column(
        "order_token", "Ordernummer", "Order number",
        ("Order token", "Order", "Order ID", "Bestellnummer", "Auftragsnummer", "Bestell-Nr", "Order-Nr", "Order no"),
        longest=LONGEST_TOKEN,
        help_de="Die Order, wie der Shop sie nummeriert. Als Text formatieren: Excel kürzt lange Zahlen.",
        help_en="The order as the shop numbers it. Format the column as text: Excel shortens long numbers.",
    ),
    Column(
        "occurred_at", "Zeit", "Time",
        ("Zeitpunkt", "Datum", "Date", "Bestelldatum", "Order date", "Ordered at", "Occurred at", "Kaufdatum"),
        kind=Kind.INSTANT,
        help_de="Wann bestellt wurde, nach der Uhr des Programms: 31.12.2026 18:30 oder 2026-12-31 18:30.",
        help_en="When the order was placed, by the program’s clock: 2026-12-31 18:30 or 31.12.2026 18:30.",
    ),
    Column(
        "turnover", "Umsatz", "Turnover",
        ("Bestellwert", "Order value", "Betrag", "Amount", "Umsatz netto", "Warenkorbwert"), kind=Kind.AMOUNT,
        help_de="Der Wert der Order, auf dem die Provision beruht: 1.234,56 oder 1,234.56.",
        help_en="The value of the order that the commission is based on: 1,234.56 or 1.234,56.",
    ),
    Column(
        "currency", "Währung", "Currency", ("Waehrung", "Cur"), kind=Kind.CURRENCY,
        help_de="Drei Buchstaben nach ISO 4217, etwa EUR.", help_en="Three letters of ISO 4217, such as EUR.",
    ),
    Column(
        "event_type", "Ereignistyp", "Event type", ("Event", "Ereignis"), kind=Kind.CHOICE,
        help_de="Wofür das Programm zahlt.", help_en="What the program pays for.",
    ),
    Column(
        "partner", "Partner", "Partner", ("Partner-ID", "Partnercode", "Publisher"), kind=Kind.CHOICE,
        help_de="Wem die Conversion gehören soll. Leer: Ihnen selbst, wenn Sie ein einziger Partner sind.",
        help_en="Whose the conversion is to be. Empty: yours, where you are a single partner.",
    ),
    Column(
        "program", "Programm", "Program", ("Programmname", "Program name", "Programm-ID", "Program ID"),
        help_de="Nur zur Kontrolle: Zeilen eines anderen Programms werden markiert und hier nicht gestellt.",
        help_en="Only to be sure: rows of another program are marked, and not raised here.",
    ),
    Column(
        "conversion", "Conversion-ID", "Conversion ID", ("Conversion", "id"), kind=Kind.KEY, prefix=CONVERSION,
        help_de="Welche Conversion geändert werden soll: cv_ und 26 Zeichen, wie im Export. Oder die Ordernummer.",
        help_en="Which conversion is to change: cv_ and 26 characters, as exports have it. Or the order number.",
    ),
    Column(
        "commission", "Provision", "Commission", ("Provisionsbetrag", "Commission claimed", "Claimed commission"),
        kind=Kind.AMOUNT,
        help_de="Leer: der Satz, der zur Zeit der Order galt. Ein Betrag: Sie fordern diesen.",
        help_en="Empty: the rate of the order’s time. An amount: you claim it.",
    ),
    Column(
        "status", "Status", "Status", ("Neuer Status", "New status"), kind=Kind.CHOICE, choices=STATUSES,
        help_de="Der Status, den die Conversion haben soll.", help_en="The status that the conversion is to have.",
    ),
    Column(
        "rejection_reason", "Stornogrund", "Rejection reason", ("Grund", "Reason", "Ablehnungsgrund"), kind=Kind.CHOICE,
        help_de="Zu einer Stornierung.", help_en="Of a rejection.",
    ),
    Column(
        "new_order_token", "Neue Ordernummer", "New order number", ("New order token", "Korrigierte Ordernummer"),
        longest=LONGEST_TOKEN,
        help_de="Eine Änderung der Ordernummer selbst.", help_en="A change of the order number itself.",
    ),
    Column(
        "category", "Kategorie", "Category", ("Warengruppe", "Product category"), longest=500,
        help_de="Kategorie der ganzen Order: eine, die die Vertragsvorlagen nennen oder eine der letzten Orders hat."
        " Kategorien einzelner Artikel stehen bei den Positionen.",
        help_en="The category of the order as a whole: one that the terms name or that one of the latest orders has."
        " Categories of single articles stand with the items.",
    ),
    Column(
        "customer_status", "Kundenstatus", "Customer status", ("Target", "Kundentyp", "Customer type"),
        kind=Kind.CHOICE, help_de="Neu- oder Bestandskunde, oder ein eigener Status des Programms.",
        help_en="New or existing customer, or a status of the program’s own.",
    ),
    Column(
        "promo_code", "Promo-Code", "Promo code", ("Gutschein", "Gutscheincode", "Voucher", "Coupon"), longest=500,
        help_de="Mit welchem Code bestellt wurde.", help_en="The code that the order was placed with.",
    ),
    Column(
        "country", "Land", "Country", ("Lieferland",), longest=500,
        help_de="Land der Order.", help_en="The order’s country.",
    ),
    Column(
        "device", "Gerät", "Device", ("Geraet", "Endgerät"), longest=500,
        help_de="Womit bestellt wurde, etwa mobile.", help_en="What the order was placed with, such as mobile.",
    ),
    Column(
        "ad", "Werbemittel", "Ad", ("Creative", "Banner"), kind=Kind.CHOICE,
        help_de="Worauf geklickt wurde.", help_en="What was clicked.",
    ),
    Column(
        "project", "Projekt", "Project", ("Kampagne", "Campaign"), kind=Kind.CHOICE,
        help_de="Eine Gruppierung von Ihnen oder vom Advertiser.",
        help_en="A grouping of your own or of the advertiser’s.",
    ),
    *(
        Column(
            name, f"Sub-ID {name[-1]}", f"Sub ID {name[-1]}", (f"SubID{name[-1]}", f"Sub {name[-1]}"), longest=500,
            help_de="Ihr eigenes Kennzeichen.", help_en="A mark of your own.",
        )
        for name in SUB_IDS
    ),
    Column(
        "items", "Positionen", "Items", ("Artikel", "Basket", "Warenkorb"),
        lines=True,
        help_de="Jede Position als Nummer;Menge;Umsatz, dazu nach Wunsch ;Artikelnummer;Kategorie, getrennt durch"
        " Zeilenumbruch oder |. Menge 0 streicht eine Position.",
        help_en="Each item as number;quantity;turnover, and ;SKU;category where you like, separated by line breaks or"
        " |. Quantity 0 cancels an item.",
    ),
    Column(
        "comment", "Kommentar", "Comment", ("Bemerkung", "Begründung", "Note", "Remark"), lines=True,
        help_de="Was der Advertiser dazu lesen soll.", help_en="What the advertiser is to read with it.",
    ),
)  # fmt: skip
