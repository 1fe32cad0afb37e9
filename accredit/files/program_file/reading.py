"""The program file (spec 80) as a Program, with all of its errors."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from accredit import money
from accredit.engine.program import (
    Ad,
    Channel,
    ChannelPeriod,
    Contract,
    ContractPeriod,
    CreditGroup,
    EventType,
    Partner,
    Program,
    Project,
    PromoCode,
    RejectionReason,
    Terms,
    Tracking,
)
from accredit.files.errors import FileError, FileErrors, Sentence, suggestion, unreadable
from accredit.files.program_file.section import Finding, Section, Span
from accredit.files.program_file.terms import read_terms
from accredit.files.program_file.toml import Document, parse_toml
from accredit.files.program_file.toml import Path as DocumentPath

FORMAT = 1
MAX_RETENTION_DAYS = 36_500
MAX_APPROVAL_DAYS = 3_650
MAX_REMINDER_DAYS = 30
MAX_REGEX = 1000
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
UNKNOWN_SPAN: Any = (None, None)  # only beside an error
GROUPS = [group.value for group in CreditGroup]
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_PARAMETER = re.compile(r"[A-Za-z0-9_.~-]{1,50}")

PARTNER = Sentence("partner")
THE_PERIOD = Sentence("The period")

T = TypeVar("T")


class ValuesRefused(Exception):
    """Everything that is wrong with the values of a program file."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = findings
        super().__init__(" ".join(finding.message for finding in findings))


def read_program(path: Path | str) -> Program:
    """The program of a file. Raises FileErrors with everything that is wrong with it."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FileErrors([unreadable(Path(path), error)]) from None
    return parse_program(str(path), content)


def parse_program(file: str, content: bytes) -> Program:
    """The program of a file's content; `file` names it in errors. Raises FileErrors with everything that is wrong."""
    document = parse_toml(file, content)
    if isinstance(document, list):
        raise FileErrors(document)
    try:
        return program_of(document.values)
    except ValuesRefused as refused:
        errors = {FileError(file, *_place(document, found.path), str(found.message)) for found in refused.findings}
        raise FileErrors(sorted(errors, key=lambda error: (error.row, int(error.column), error.message))) from None


def _place(document: Document, path: DocumentPath) -> tuple[int, str]:
    line, column = document.position(path)
    return line, str(column)


def program_of(values: Mapping[str, Any]) -> Program:
    """The program of a program file's values, as `values_of` writes them. Raises ValuesRefused with everything that is
    wrong, each at its path."""
    errors: list[Finding] = []
    program = _read_root(Section(values, (), Sentence("The file"), errors))
    if errors or program is None:
        raise ValuesRefused(errors)
    return program


def _read_root(root: Section) -> Program | None:
    if root.integer("format", least=FORMAT, most=FORMAT) is None:
        return None
    section = root.table("program", Sentence("The program"))
    if section is None:
        if "program" not in root.values:
            root.error(None, Sentence("The file needs a table [program]."))
        return None
    currency = _read_currency(section)
    window = section.window_days()
    event_types = _read_all(root, "event_type", Sentence("An event type"), _read_event_type)
    partners = _read_all(root, "partner", Sentence("A partner"), lambda part: Partner(*_code_and_name(part)))
    codes = [partner.code for partner in partners if partner.code]
    events = [event_type.code for event_type in event_types if event_type.code]
    terms = _read_all_terms(root, currency, events)
    if not event_types:
        root.error(None, Sentence('The file needs at least one [[event_type]], such as code = "sale".'))
    tracking = _read_tracking(section.table("tracking", Sentence("[program.tracking]")))
    program = Program(
        code=section.code(),
        name=section.text("name"),
        advertiser=section.text("advertiser"),
        currency=currency,  # type: ignore[arg-type]  # None only beside an error
        timezone=_read_timezone(section),
        referral_window_days=window,
        event_types=event_types,
        foreign_promo_code=section.choice("foreign_promo_code", ("credit", "invalid"), "credit"),
        attribution=section.choice("attribution", ("last_click",), "last_click"),
        approval_reminder_days=section.integer("approval_reminder_days", 3, least=0, most=MAX_REMINDER_DAYS),
        partners=partners,
        channels=_read_all(root, "channel", Sentence("A channel"), lambda part: _read_channel(part, window)),
        promo_codes=_read_promo_codes(root, codes),
        terms=terms,
        contracts=_read_contracts(root, codes, terms, window),
        ads=_read_all(root, "ad", Sentence("An ad"), lambda part: _read_ad(part, tracking.allowed_hosts)),
        projects=_read_all(root, "project", Sentence("A project"), lambda part: _read_project(part, codes)),
        rejection_reasons=_read_all(root, "rejection_reason", Sentence("A rejection reason"), _read_rejection_reason),
        tracking=tracking,
    )
    section.done()
    root.done()
    return program


def _read_all(root: Section, key: str, what: Sentence, read: Callable[[Section], T]) -> tuple[T, ...]:
    """The tables of one kind, each with a code of its own."""
    found, seen = [], set()
    for section in root.tables(key, what):
        found.append(read(section))
        code = section.values.get("code")
        if isinstance(code, str):
            if code in seen:
                section.error("code", Sentence("The code {code!r} is there already: choose another one.", code=code))
            seen.add(code)
        section.done()
    return tuple(found)


def _code_and_name(section: Section) -> tuple[str, str]:
    """A code, and a name that is the code where it is left out."""
    code = section.code()
    return code, section.text("name", code)


def _read_currency(section: Section) -> str | None:
    currency: str | None = section.text("currency")
    if currency is None or currency in money.decimals_by_currency():
        return currency
    section.error(
        "currency", Sentence("{currency!r} is no currency of ISO 4217, such as EUR, USD or JPY.", currency=currency)
    )
    return None


def _read_timezone(section: Section) -> str:
    name: str = section.text("timezone")
    if name is not None:
        try:
            ZoneInfo(name)
            pl.select(pl.lit(datetime(2026, 1, 1, tzinfo=UTC)).dt.convert_time_zone(name))
        except (ValueError, KeyError, OSError, pl.exceptions.PolarsError):
            hint = suggestion(name, available_timezones())
            message = Sentence("There is no time zone {name!r}, such as Europe/Berlin. {hint}", name=name, hint=hint)
            section.error("timezone", message)
    return name


def _read_event_type(section: Section) -> EventType:
    code = section.code()
    mapping = section.table("customer_status", Sentence("The customer status mapping"))
    days = section.integer("approve_after_days", None, most=MAX_APPROVAL_DAYS)
    return EventType(code, None if mapping is None else _read_mapping(mapping), days)


def _read_mapping(section: Section) -> dict[str, tuple[str, ...]]:
    """Status → words. Statuses and words compare without regard to case and outer blanks."""
    mapping = {}
    owners: dict[str, str] = {}
    statuses: set[str] = set()
    for status in section.values:
        if not status.strip() or status != status.strip() or ";" in status:
            section.error(
                status,
                Sentence(
                    "{status!r} is no name of a customer status: it is empty, holds ';' or outer blanks.", status=status
                ),
            )
        if _folded([status])[0] in statuses:
            section.error(
                status, Sentence("The customer status {status!r} is there already, in another case.", status=status)
            )
        statuses.update(_folded([status]))
        words = section.texts(status, expected=Sentence('a list of texts such as ["N", "first order"]')) or ()
        for number, (word, folded) in enumerate(zip(words, _folded(words), strict=True)):
            if owners.setdefault(folded, status) != status:
                message = Sentence(
                    "{word!r} means {status!r} already; a word means one status.", word=word, status=owners[folded]
                )
                section.error(status, message, number)
        mapping[status] = words
    return mapping


def _folded(texts: Sequence[str]) -> list[str]:
    """Texts as the engine compares them: without regard to case and outer blanks."""
    return pl.Series(texts, dtype=pl.String).str.strip_chars().str.to_lowercase().to_list()


def _read_channel(section: Section, window: int | None) -> Channel:
    code, name = _code_and_name(section)
    group = _read_group(section, CreditGroup.PREFERRED)
    days = section.window_days(window)
    parts = section.tables("period", Sentence("A channel's period"))
    spans = [part.span() for part in parts]
    periods = [_read_channel_period(part, span, group, days) for part, span in zip(parts, spans, strict=True)]
    _refuse_overlaps(parts, spans)
    return Channel(code, name, group, days, tuple(periods))


def _read_channel_period(section: Section, span: Span | None, group: CreditGroup, days: int) -> ChannelPeriod:
    starts_at, ends_at = span or UNKNOWN_SPAN
    period = ChannelPeriod(
        starts_at=starts_at,
        ends_at=ends_at,
        credit_group=_read_group(section, group),
        referral_window_days=section.window_days(days),
    )
    section.done()
    return period


def _read_group(section: Section, default: CreditGroup) -> CreditGroup:
    return CreditGroup(section.choice("credit_group", GROUPS, default.value) or default)


def _read_promo_codes(root: Section, partners: Sequence[str]) -> tuple[PromoCode, ...]:
    sections = root.tables("promo_code", Sentence("A promo code"))
    spans = [section.span(start_required=False) for section in sections]
    promo_codes = [_read_promo_code(part, span, partners) for part, span in zip(sections, spans, strict=True)]
    folded = _folded([promo_code.code or "" for promo_code in promo_codes])
    alike: dict[tuple[str, str], list[int]] = {}
    for number, promo_code in enumerate(promo_codes):
        if promo_code.code and promo_code.match:
            text = folded[number] if promo_code.match == "exact" else promo_code.code
            alike.setdefault((promo_code.match, text), []).append(number)
    for numbers in alike.values():
        what = Sentence("The promo code {code!r} is defined twice for one time: it", code=promo_codes[numbers[0]].code)
        _refuse_overlaps([sections[number] for number in numbers], [spans[number] for number in numbers], what)
    return tuple(promo_codes)


def _read_promo_code(section: Section, span: Span | None, partners: Sequence[str]) -> PromoCode:
    match = section.choice("match", ("exact", "regex"))
    code = section.text("code", limit=MAX_REGEX)
    if code is not None and match == "exact" and re.search("[;,]", code):
        section.error(
            "code",
            Sentence("{code!r} holds ';' or ',', which separate the codes of an order: none can carry it.", code=code),
        )
    if code is not None and match == "regex":
        _check_regex(section, code)
    starts_at, ends_at = span or UNKNOWN_SPAN
    promo_code = PromoCode(
        code=code,
        match=match,
        partner=section.reference("partner", partners, PARTNER),
        policy=section.choice("policy", ("always", "involved", "winner")),
        starts_at=starts_at,
        ends_at=ends_at,
    )
    section.done()
    return promo_code


def _check_regex(section: Section, code: str) -> None:
    """A pattern must compile alone, and within what it is tested as: `a)(b` does only the second."""
    for pattern in (code, f"^(?:{code})$"):
        try:
            pl.select(pl.lit("").str.contains(pattern))
        except pl.exceptions.PolarsError as error:
            section.error(
                "code",
                Sentence(
                    "{code!r} is no regular expression of Rust's regex syntax: {why}.",
                    code=code,
                    why=_why_no_regex(error),
                ),
            )
            return


def _why_no_regex(error: pl.exceptions.PolarsError) -> str:
    """What the regex library says, without the pattern and the expression around it."""
    said = str(error).partition("\n\n")[0]
    return said.rpartition("error: ")[2].rstrip(".")


def _read_all_terms(root: Section, currency: str | None, event_types: Sequence[str]) -> tuple[Terms, ...]:
    found = []
    seen = set()
    for section in root.tables("terms", Sentence("A terms version")):
        terms = read_terms(section, currency=currency, event_types=event_types)
        if terms.code is not None and (terms.code, terms.version) in seen:
            section.error(
                "version",
                Sentence(
                    "Version {version} of the terms {terms!r} is there already.",
                    version=terms.version,
                    terms=terms.code,
                ),
            )
        seen.add((terms.code, terms.version))
        found.append(terms)
    return tuple(found)


def _read_contracts(
    root: Section, partners: Sequence[str], terms: Sequence[Terms], window: int | None
) -> tuple[Contract, ...]:
    contracts = []
    seen = set()
    for section in root.tables("contract", Sentence("A contract")):
        partner = section.reference("partner", partners, PARTNER)
        if partner is not None and partner in seen:
            section.error(
                "partner",
                Sentence("The partner {partner!r} has a contract already; add periods to that one.", partner=partner),
            )
        seen.add(partner)
        parts = section.tables("period", Sentence("A contract's period"))
        spans = [part.span() for part in parts]
        periods = [_read_contract_period(part, span, terms, window) for part, span in zip(parts, spans, strict=True)]
        _refuse_overlaps(parts, spans)
        contracts.append(Contract(partner, tuple(periods), section.texts("labels", ()) or ()))
        section.done()
    return tuple(contracts)


def _read_contract_period(
    section: Section, span: Span | None, terms: Sequence[Terms], window: int | None
) -> ContractPeriod:
    starts_at, ends_at = span or UNKNOWN_SPAN
    code = section.reference("terms", [version.code for version in terms if version.code], Sentence("terms"))
    version = section.integer("version", most=10**6)
    versions = sorted({one.version for one in terms if one.code == code and one.version})
    if code is not None and version is not None and version not in versions:
        only = ", ".join(map(str, versions))
        section.error(
            "version",
            Sentence(
                "The terms {terms!r} have no version {version}, only {only}.", terms=code, version=version, only=only
            ),
        )
    period = ContractPeriod(
        starts_at=starts_at,
        ends_at=ends_at,
        terms=code,
        version=version,
        credit_group=_read_group(section, CreditGroup.PREFERRED),
        referral_window_days=section.window_days(window),
    )
    section.done()
    return period


def _refuse_overlaps(sections: Sequence[Section], spans: Sequence[Span | None], what: Sentence = THE_PERIOD) -> None:
    """An error for every span that begins before an earlier one has ended."""
    reached: Span | None = None
    known = [(span, section) for section, span in zip(sections, spans, strict=True) if span]
    for span, section in sorted(known, key=lambda one: one[0][0] or FIRST):
        starts_at, ends_at = span
        if reached is not None and (starts_at or FIRST) < (reached[1] or LAST):
            since = Sentence("from {instant} on", instant=reached[0]) if reached[0] else Sentence("without a start")
            message = Sentence(
                "{what} overlaps the one {since}. An end is the first instant that no longer counts.",
                what=what,
                since=since,
            )
            section.error("starts_at", message)
        if reached is None or (ends_at or LAST) > (reached[1] or LAST):
            reached = span


def _read_ad(section: Section, hosts: Sequence[str]) -> Ad:
    """Links of an ad lead where deep links do: to the program's own hosts, as soon as it names any."""
    code, name = _code_and_name(section)
    found = len(section.errors)
    page = section.url("landing_page")
    known = len(section.errors) == found and all(_HOST.fullmatch(host) for host in hosts)
    if page and hosts and known and not leads_to(page, hosts):
        message = Sentence(
            "{page!r} is no page of the program's own hosts: {hosts}. Add its host to them, or name another page.",
            page=page,
            hosts=", ".join(hosts),
        )
        section.error("landing_page", message)
    return Ad(code, name, landing_page=page)


def leads_to(page: str, hosts: Sequence[str]) -> bool:
    """Whether an address is a page of one of these hosts: the rule of deep links, as the tracker has it."""
    try:
        parts = urlsplit(page)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() in hosts


def _read_project(section: Section, partners: Sequence[str]) -> Project:
    return Project(*_code_and_name(section), partner=section.reference("partner", partners, PARTNER, None))


def _read_rejection_reason(section: Section) -> RejectionReason:
    return RejectionReason(section.code(), section.text("title_de"), section.text("title_en"))


def _read_tracking(section: Section | None) -> Tracking:
    if section is None:
        return Tracking()
    hosts = section.texts("allowed_hosts", (), expected=Sentence('a list of hosts such as ["shop.example"]')) or ()
    for number, host in enumerate(hosts):
        if not _HOST.fullmatch(host):
            message = Sentence(
                "{host!r} is no host: write it in lower case without https:// and path, such as shop.example.",
                host=host,
            )
            section.error("allowed_hosts", message, number)
    parameter = section.text("click_parameter", "click_id")
    if parameter is not None and not _PARAMETER.fullmatch(parameter):
        section.error(
            "click_parameter",
            Sentence("{parameter!r} must be 1 to 50 letters, digits or . _ ~ - of ASCII.", parameter=parameter),
        )
    tracking = Tracking(
        allowed_hosts=hosts,
        click_parameter=parameter,
        fallback_page=section.url("fallback_page"),
        retention_days=section.integer("retention_days", None, most=MAX_RETENTION_DAYS),
        hold_unsigned=section.boolean("hold_unsigned", default=False),
    )
    section.done()
    return tracking
