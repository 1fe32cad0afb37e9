"""Terms as a form has them: what somebody typed, and the way to a version of terms and back.

A form is a program file of which every line is a field: the file's checks judge it (`accredit.files.program_file`), and
what they refuse stands at the field that it is about. Names of fields are paths such as `payout.0.group.1.name`; lists
are in the order in which their fields stand in the form, so that rows can be moved about in the page.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import NumberFormatError, parse_decimal
from django.http import QueryDict
from django.utils.translation import gettext as _

from accredit.engine.program import (
    NUMBER_FIELDS,
    NUMBER_OPERATORS,
    PPM_PER_PERCENT,
    TEXT_OPERATORS,
    Adjustment,
    Amounts,
    Payout,
    PayoutGroup,
    Rate,
    Restriction,
    Rule,
    Terms,
)
from accredit.files.program_file.section import Finding
from accredit.money import decimals, to_major
from accredit.web import formats
from accredit.web.sentences import translated

Tree = dict[str, Any]
"""Names of fields cut at their dots; at the end of each way the list of what was typed."""
Document = dict[str, Any]
Places = dict[tuple[str | int, ...], str]
"""Path in the document of a program file → field of the form."""

KINDS = ("group", "adjustment", "restriction")
NO_NUMBER = "no number"
"""Stands in the document for what cannot be read as a number in the reader's language: the checks refuse it."""
_NUMBER = re.compile(r"[+-]?[0-9.,]{1,40}")


def operators_of(rule_field: str) -> tuple[str, ...]:
    """The operators that a field of a rule takes."""
    return NUMBER_OPERATORS if rule_field in NUMBER_FIELDS else TEXT_OPERATORS


def number_from_text(text: str) -> str:
    """A number written in the active language (`1.234,5`), as the program file writes it (`1234.5`)."""
    bare = re.sub(r"[\s%]", "", text).replace(formats.MINUS, "-")
    if not bare:
        return ""
    try:
        if not _NUMBER.fullmatch(bare):
            return NO_NUMBER
        number = parse_decimal(bare.lstrip("+"), locale=formats.LOCALES[formats.language()], strict=True)
    except NumberFormatError:
        return NO_NUMBER
    return f"{number:f}"


def text_of_number(number: Decimal) -> str:
    """A number as somebody would type it in the active language."""
    return formats.exact(number, 0)


@dataclass(slots=True, kw_only=True)
class Part:
    """Something in the form with fields of its own. `path`: what their names begin with; `errors`: last part of a
    field's name → what is wrong there."""

    path: str = ""
    errors: dict[str, str] = dataclasses.field(default_factory=dict)

    def lists(self) -> dict[str, list[Any]]:
        """The lists of parts inside this one, by the names that stand in paths."""
        return {}

    def typed_number(self, name: str) -> str:
        """What stands in a field of this part's that takes a number."""
        rate = getattr(self, "rate", None)
        return str(rate.percent if name == "percent" and rate else getattr(self, name, ""))

    def inside(self) -> Iterator["Part"]:
        """This part and every one inside it."""
        yield self
        for those in self.lists().values():
            for one in those:
                yield from one.inside()

    def renumber(self) -> None:
        """Give every part inside the path of the place where it stands now."""
        for name, those in self.lists().items():
            for number, one in enumerate(those):
                one.path = f"{self.path}.{name}.{number}".lstrip(".")
                one.renumber()


@dataclass(slots=True)
class RuleDraft(Part):
    field: str = "customer_status"
    operator: str = "in"
    values: list[str] = dataclasses.field(default_factory=list)
    number: str = ""

    @classmethod
    def typed(cls, tree: Tree, path: str) -> "RuleDraft":
        rule_field = _text(tree, "field") or "customer_status"
        operator = _text(tree, "operator")
        known = operators_of(rule_field)
        values = [value for value in _texts(tree, "values") if value]
        return cls(rule_field, operator if operator in known else known[0], values, _text(tree, "number"), path=path)

    @classmethod
    def of(cls, rule: Rule) -> "RuleDraft":
        number = "" if rule.number is None else text_of_number(rule.number)
        return cls(rule.field, rule.operator, list(rule.values), number)

    @property
    def values_and_one(self) -> Sequence[str]:
        """The values, and room for another one."""
        return [*self.values, ""]

    @property
    def problem(self) -> str:
        return " ".join(self.errors.values())

    @property
    def is_number(self) -> bool:
        return self.field in NUMBER_FIELDS

    def document(self, at: tuple[str | int, ...], places: Places) -> Document:
        name = "number" if self.is_number else "values"
        places[at] = places[*at, self.operator] = f"{self.path}.{name}"
        places[*at, "field"] = f"{self.path}.field"
        return {"field": self.field, self.operator: number_from_text(self.number) if self.is_number else self.values}


@dataclass(slots=True)
class AmountDraft(Part):
    currency: str = ""
    amount: str = ""


@dataclass(slots=True)
class RateDraft:
    """`kind`: `percent`, or `amount`: an amount for each currency."""

    kind: str = "percent"
    percent: str = ""
    amounts: list[AmountDraft] = dataclasses.field(default_factory=list)

    @classmethod
    def typed(cls, tree: Tree, path: str) -> "RateDraft":
        amounts = [
            AmountDraft(_text(row, "currency").strip().upper(), _text(row, "amount"), path=f"{path}.amounts.{key}")
            for key, row in _rows(tree, "amounts")
        ]
        return cls("amount" if _text(tree, "kind") == "amount" else "percent", _text(tree, "percent"), amounts)

    @classmethod
    def of(cls, percent_ppm: int | None, amounts: Amounts | None) -> "RateDraft":
        if percent_ppm is not None:
            return cls("percent", text_of_number(Decimal(percent_ppm) / PPM_PER_PERCENT))
        rows = [
            AmountDraft(currency, formats.exact(to_major(minor, currency), decimals(currency)))
            for currency, minor in (amounts or {}).items()
        ]
        return cls("amount", "", rows)

    def document(self, key: str, path: str, at: tuple[str | int, ...], places: Places) -> Document:
        """`key`: what the program file calls an amount here."""
        if self.kind == "percent":
            places[*at, "percent"] = f"{path}.percent"
            return {"percent": number_from_text(self.percent)}
        places[*at, key] = f"{path}.amounts"
        for row in self.amounts:
            places[*at, key, row.currency] = f"{row.path}.amount"
        return {key: {row.currency: number_from_text(row.amount) for row in self.amounts}}


@dataclass(slots=True)
class ClauseDraft(Part):
    """A payout group, an adjustment or a restriction, which has no rate."""

    kind: str = "group"
    name: str = ""
    rate: RateDraft = dataclasses.field(default_factory=RateDraft)
    when: list[RuleDraft] = dataclasses.field(default_factory=list)

    @classmethod
    def typed(cls, kind: str, tree: Tree, path: str) -> "ClauseDraft":
        rules = [RuleDraft.typed(rule, f"{path}.when.{key}") for key, rule in _rows(tree, "when")]
        return cls(kind, _text(tree, "name"), RateDraft.typed(tree, path), rules, path=path)

    @classmethod
    def of(cls, clause: PayoutGroup | Adjustment | Restriction) -> "ClauseDraft":
        rules = [RuleDraft.of(rule) for rule in clause.when]
        match clause:
            case PayoutGroup():
                return cls("group", clause.model, _rate_draft(clause.rate), rules)
            case Adjustment():
                return cls("adjustment", clause.name, RateDraft.of(clause.percent_ppm, clause.amount), rules)
            case Restriction():
                return cls("restriction", clause.name, when=rules)

    def lists(self) -> dict[str, list[Any]]:
        return {"amounts": self.rate.amounts, "when": self.when}

    def document(self, at: tuple[str | int, ...], places: Places) -> Document:
        title = "model" if self.kind == "group" else "name"
        places[at] = places[*at, title] = f"{self.path}.name"
        document: Document = {title: self.name}
        if self.kind != "restriction":
            document |= self.rate.document("fixed" if self.kind == "group" else "amount", self.path, at, places)
        document["when"] = [rule.document((*at, "when", number), places) for number, rule in enumerate(self.when)]
        return document


@dataclass(slots=True)
class PayoutDraft(Part):
    event_type: str = ""
    level: str = "order"
    name: str = ""
    rate: RateDraft = dataclasses.field(default_factory=RateDraft)
    clauses: dict[str, list[ClauseDraft]] = dataclasses.field(default_factory=lambda: {kind: [] for kind in KINDS})

    @classmethod
    def typed(cls, tree: Tree, path: str) -> "PayoutDraft":
        return cls(
            _text(tree, "event_type"),
            "item" if _text(tree, "level") == "item" else "order",
            _text(tree, "name"),
            RateDraft.typed(tree, path),
            {
                kind: [ClauseDraft.typed(kind, one, f"{path}.{kind}.{key}") for key, one in _rows(tree, kind)]
                for kind in KINDS
            },
            path=path,
        )

    @classmethod
    def of(cls, payout: Payout) -> "PayoutDraft":
        clauses = {
            "group": [ClauseDraft.of(one) for one in payout.groups],
            "adjustment": [ClauseDraft.of(one) for one in payout.adjustments],
            "restriction": [ClauseDraft.of(one) for one in payout.restrictions],
        }
        return cls(payout.event_type, payout.level, payout.model, _rate_draft(payout.rate), clauses)

    def lists(self) -> dict[str, list[Any]]:
        return {"amounts": self.rate.amounts, **self.clauses}

    def document(self, at: tuple[str | int, ...], places: Places) -> Document:
        places[at] = places[*at, "model"] = f"{self.path}.name"
        places[*at, "event_type"] = f"{self.path}.event_type"
        places[*at, "level"] = f"{self.path}.level"
        for kind in KINDS:
            places[*at, kind] = f"{self.path}.{kind}"
        return {
            "event_type": self.event_type,
            "level": self.level,
            "model": self.name,
            **self.rate.document("fixed", self.path, at, places),
            **{
                kind: [one.document((*at, kind, number), places) for number, one in enumerate(those)]
                for kind, those in self.clauses.items()
            },
        }


@dataclass(slots=True)
class TermsDraft(Part):
    code: str = ""
    version: int = 1
    payouts: list[PayoutDraft] = dataclasses.field(default_factory=list)

    @classmethod
    def typed(cls, data: QueryDict, *, code: str, version: int) -> "TermsDraft":
        """What came in from the form."""
        tree = _tree(data)
        payouts = [PayoutDraft.typed(one, f"payout.{key}") for key, one in _rows(tree, "payout")]
        return cls(code, version, payouts)

    @classmethod
    def of(cls, terms: Terms) -> "TermsDraft":
        """Terms as the form shows them, in the active language."""
        draft = cls(terms.code, terms.version, [PayoutDraft.of(payout) for payout in terms.payouts])
        draft.renumber()
        return draft

    def lists(self) -> dict[str, list[Any]]:
        return {"payout": self.payouts}

    def offer_amounts(self, currency: str) -> None:
        """Room for an amount where amounts are paid and none is there yet."""
        for part in self.inside():
            if isinstance(part, PayoutDraft | ClauseDraft) and part.rate.kind == "amount" and not part.rate.amounts:
                part.rate.amounts.append(AmountDraft(currency))

    def document(self) -> tuple[Document, Places]:
        """The table [[terms]] of a program file that says this, and where its paths stand in the form."""
        places: Places = {(): "payout", ("code",): "code", ("version",): "code"}
        payouts = [payout.document(("payout", number), places) for number, payout in enumerate(self.payouts)]
        return {"code": self.code, "version": self.version, "payout": payouts}, places


def note(root: Part, findings: Sequence[Finding], places: Places) -> None:
    """Put what was found wrong at the fields that it is about, the first for each."""
    parts = {part.path: part for part in root.inside()}
    for finding in findings:
        path = finding.path
        while path not in places:
            path = path[:-1]
        owner, _dot, name = places[path].rpartition(".")
        parts[owner].errors.setdefault(name, _sentence(name, finding))


def _sentence(name: str, finding: Finding) -> str:
    """What is wrong with a field. Numbers are asked for as the reader writes them."""
    numbers = {
        "percent": _("A percentage of at most 1000 with at most four decimals, such as %(example)s."),
        "amount": _("A currency of three letters, and an amount that it can have, such as %(example)s."),
        "number": _("A number with at most four decimals, such as %(example)s."),
    }
    if name in numbers:
        return numbers[name] % {"example": formats.exact(Decimal("12.5"), 2 if name == "amount" else 0)}
    if name == "values" and not finding.message.values.get("number") and "operator" in finding.message.values:
        return _("At least one value is needed.")
    if name == "name" and "is empty" in finding.message.template:
        return _("This is needed.")
    if name == "amounts":
        return _("At least one amount is needed.")
    return translated(finding.message, {"model": _("Commission model"), "name": _("Name"), "code": _("Code")})


def unreadable_numbers(root: Part) -> Sequence[str]:
    """Numbers that were typed and that the checks refuse, each with what would be right."""
    text = _("“%(typed)s”: %(sentence)s")
    found = {
        (typed, sentence): None
        for part in root.inside()
        for name, sentence in part.errors.items()
        if name in ("percent", "amount", "number") and (typed := part.typed_number(name).strip())
    }
    return [text % {"typed": typed[:40], "sentence": sentence} for typed, sentence in found]


def _rate_draft(rate: Rate) -> RateDraft:
    return RateDraft.of(rate.percent_ppm, rate.fixed)


def _tree(data: QueryDict) -> Tree:
    """Fields by the steps of their names, in the order in which the form has them."""
    root: Tree = {}
    for name, texts in data.lists():
        *around, last = name.split(".")
        node: Any = root
        for step in around:
            node = node.setdefault(step, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[last] = texts
    return root


def _rows(tree: Tree, name: str) -> list[tuple[str, Tree]]:
    rows = tree.get(name)
    return [(key, row) for key, row in rows.items() if isinstance(row, dict)] if isinstance(rows, dict) else []


def _texts(tree: Tree, name: str) -> list[str]:
    texts = tree.get(name)
    return texts if isinstance(texts, list) else []


def _text(tree: Tree, name: str) -> str:
    return (_texts(tree, name) or [""])[-1]
