"""What a browser sends of the editor's form."""

from html.parser import HTMLParser

from django.http import QueryDict
from django.template.loader import render_to_string

from accredit.engine.program import Program, Terms
from accredit.web.terms.drafting import TermsDraft
from accredit.web.terms.editing import offered
from accredit.web.terms.judging import judged
from accredit.web.terms.sampling import Editor


class Fields(HTMLParser):
    """The inputs and selects of a piece of a page, in its order, as a browser sends them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent = QueryDict(mutable=True)
        self._select: str | None = None
        self._option: str | None = None
        self._chosen: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and "name" in given:
            self.sent.appendlist(given["name"], given.get("value", ""))
        elif tag == "select":
            self._select, self._chosen = given["name"], []
        elif tag == "option":
            self._option = given.get("value")
            if "selected" in given and self._option is not None:
                self._chosen.append(self._option)
            self._pending = "selected" in given and self._option is None

    def handle_data(self, data: str) -> None:
        if self._select and getattr(self, "_pending", False):
            self._chosen.append(data)
            self._pending = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            assert len(self._chosen) == 1, f"one choice is selected in {self._select}, not {self._chosen}"
            self.sent.appendlist(self._select, self._chosen[0])
            self._select = None


def sent_of(draft: TermsDraft, program: Program) -> QueryDict:
    """What is sent of the form that shows a draft."""
    draft.offer_amounts(program.currency)
    draft.renumber()
    context = {"url": "/", "editor": Editor(draft=draft), **offered(program)}
    pieces = [render_to_string("web/terms/payout.html", {**context, "payout": payout}) for payout in draft.payouts]
    return Fields("".join(pieces)).sent


def through_the_form(terms: Terms, program: Program) -> Terms | None:
    """The terms as the form shows them, sent, and read again; None where its checks refuse them."""
    sent = sent_of(TermsDraft.of(terms), program)
    return judged(TermsDraft.typed(sent, code=terms.code, version=terms.version), program)
