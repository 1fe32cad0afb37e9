"""The panel of a request, deciding with the impact, raising by hand, comments with files, and the rules."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from accredit.access.models import AuditEntry
from accredit.conversion_requests.models import Attachment, Comment, Request, Rules
from accredit.conversions.models import Conversion
from accredit.conversions.turnover import change_turnover
from accredit.jobs.models import Job
from accredit.jobs.running import take_turn
from accredit.web.requests import deciding, words
from tests.factories.asking import HEAD, PNG, ask, key_of, missing
from tests.factories.installing import load, orders
from tests.factories.people import Shop
from tests.factories.requesting import accepted, decided, processed, stages
from tests.factories.validating import COMMAND, LATER, approve, asked_turnovers

As = Callable[[str | None], Client]
PART = {"HX-Request-Type": "partial"}
URL = "/programs/anvils/requests"


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """It takes requests for the orders of the tests, which are old."""
    Rules.objects.create(program=shop.program, period_days=3_650)
    return shop


def text_of(response: Any) -> str:
    """What one reads of an answer."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def hidden(response: HttpResponse) -> dict[str, str]:
    """The fields of a window's form that are not shown."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode()))


def send(browser: Client, part: str, data: Mapping[str, Any], query: str = "") -> Any:
    return browser.post(f"{URL}/{part}{query}", data, headers=PART)


def test_a_partner_reads_neither_others_amounts_nor_names(shop: Shop, as_: As) -> None:
    about = missing(shop, "1002", "61.00")
    accepted(shop.program, 1)
    processed(shop.program)
    owner = text_of(as_("owner").get(f"{URL}/{key_of(about)}", headers=PART))
    partner = text_of(as_("partner").get(f"{URL}/{key_of(about)}", headers=PART))
    assert "Claim" in owner
    assert "Dora, in the browser" in owner
    assert "by the advertiser" in partner
    assert "Partner, in the browser" in partner
    assert "Dora" not in partner
    for private in ("3.87", "Ann"):
        assert private not in partner


def test_a_claim_shows_whoever_decides_the_journey_and_the_partner_that_the_order_is_known(shop: Shop, as_: As) -> None:
    key = key_of(missing(shop, "1002", "61.00"))
    owner = text_of(as_("owner").get(f"{URL}/{key}", headers=PART))
    partner = text_of(as_("partner").get(f"{URL}/{key}", headers=PART))
    assert "Barb Dwyer has no click in the journey; Barb Dwyer had 2 clicks in the day before" in owner
    assert "; Ann Dover is credited." in owner
    assert "Ann Dover gets the credit: the last click" in owner
    assert "US$3.87" in owner
    approval = ask(shop, "kind | partner | order | status\n change | barb | 1001 | approved")[0]
    window = text_of(send(as_("owner"), "ask", {"verdict": "accepted", "id": f"{key},{key_of(approval)}"}))
    assert "1 · Claim 1002 Barb Dwyer Credit Ann Dover → then Barb Dwyer US$3.87 " in window
    assert "2 · Change 1001 Barb Dwyer Status Open → then Approved US$22.46 US$22.46" in window
    assert "USD · 2 US$26.33 US$22.46 −US$3.87 US$22.46" in window  # what is approved is newly paid
    assert "The order is known." in partner
    assert "The order is known. The advertiser decides" in partner
    assert "Ann" not in partner
    assert "3.87" not in partner


def test_a_change_shows_what_it_changes_old_beside_new(shop: Shop, as_: As) -> None:
    about = ask(shop, "kind | partner | order | turnover | device\n change | barb | 1001 | 150.00 | tablet")[0]
    page = as_("partner").get(f"{URL}/{key_of(about)}", headers=PART).content.decode()
    changed = [
        text_of(type("Part", (), {"content": row.encode()}))
        for row in re.findall(r'<tr class="changed">.*?</tr>', page, re.S)
    ]
    assert changed == ["Turnover US$136.27 → then US$150.00", "Device mobile → then tablet"]
    assert "Changed since" not in page
    later = asked_turnovers("order | turnover\n 1001 | 140.00")
    change_turnover("anvils", later, actor=COMMAND, now=LATER)
    page = text_of(as_("partner").get(f"{URL}/{key_of(about)}", headers=PART))
    assert "Turnover US$140.00 → then US$150.00" in page
    assert "Changed since The conversion has changed since the request was raised or last accepted." in page


def test_whoever_decides_on_a_claim_reads_everything_that_it_asks_for(shop: Shop, as_: As) -> None:
    text = """
        kind   | partner | order | at    | turnover | status   | device | category
        create | barb    | 1002  | T-12h | 60.00    | approved | tablet | gift-card
    """
    key = key_of(ask(shop, text)[0])
    page = text_of(as_("owner").get(f"{URL}/{key}", headers=PART))
    for said in (
        "Partner Ann Dover → then Barb Dwyer",
        "Turnover US$61.00 the request says: US$60.00",
        "Status Open → then Approved",
        "Device tablet",
        "Category – the request says: gift-card",
    ):
        assert said in page
    accepted(shop.program, 1)
    processed(shop.program)
    assert "Partner Ann Dover → then Barb Dwyer" in text_of(as_("owner").get(f"{URL}/{key}", headers=PART))
    partner = text_of(as_("partner").get(f"{URL}/{key}", headers=PART))
    assert "Turnover US$61.00 the request says: US$60.00" in partner
    assert "Ann" not in partner


def test_a_failed_request_is_corrected_and_a_rejected_one_asked_again(shop: Shop, as_: As) -> None:
    text = "kind | partner | order | new_order\n change | barb | 1001 | 2001"
    failed = ask(shop, text)[0]
    accepted(shop.program, 1)
    load(shop.program, orders=orders("order | at | turnover\n 2001 | T | 1.00"))
    processed(shop.program)
    owner, partner = as_("owner"), as_("partner")
    panel = text_of(owner.get(f"{URL}/{key_of(failed)}", headers=PART))
    assert "There is an order of this number already. It can be accepted again after another look." in panel
    assert "Accept again" in panel
    link = f"{URL}/new?replaces={key_of(failed)}"
    assert link not in owner.get(f"{URL}/{key_of(failed)}", headers=PART).text
    theirs = partner.get(f"{URL}/{key_of(failed)}", headers=PART)
    assert "The advertiser looks at it again. You can correct the request." in text_of(theirs)
    assert link in theirs.text
    form = partner.get(link).text
    assert "Correct request 1" in form
    assert 'value="2001"' in form
    assert "There is an order of this number already." in form
    query = f"?replaces={key_of(failed)}"
    answers = [send(partner, "new", {"new_order_token": "2002"}, query) for _twice in range(2)]
    assert answers[0].headers["HX-Redirect"] == answers[1].headers["HX-Redirect"]
    assert stages(shop.program) == "1 withdrawn, 2 inquired"
    assert "It takes the place of request 1" in text_of(owner.get(answers[0].headers["HX-Redirect"], headers=PART))
    assert "It was corrected: Request 2" in text_of(owner.get(f"{URL}/{key_of(failed)}", headers=PART))
    decided(shop.program, "number | verdict | reason\n 2 | rejected | returned")
    query = "?replaces=" + key_of(Request.objects.get(number=2))
    assert "say in a comment, or by a file, what is new" in text_of(
        send(partner, "new", {"new_order_token": "2002"}, query)
    )
    assert send(partner, "new", {"new_order_token": "2002", "comment": "Look."}, query).headers["HX-Redirect"]
    assert stages(shop.program) == "1 withdrawn, 2 rejected returned, 3 inquired"
    again = key_of(Request.objects.get(number=3))
    asked_again = text_of(owner.get(f"{URL}/{again}", headers=PART))
    assert "It asks again for what was rejected: request 2" in asked_again
    assert "takes the place" not in asked_again
    assert partner.get(f"{URL}/new{query}").status_code == 302


def test_what_was_looked_at_is_accepted_and_the_second_is_told_who_was_first(shop: Shop, as_: As) -> None:
    about = missing(shop, "2001")
    first, second = as_("owner"), as_("advertiser")
    windows = [send(browser, "ask", {"verdict": "accepted", "id": key_of(about)}) for browser in (first, second)]
    assert "Accept request 1" in text_of(windows[0])
    assert "+US$10.00" in text_of(windows[0])
    answers = [
        send(browser, "decide", hidden(window)) for browser, window in zip((first, second), windows, strict=True)
    ]
    assert "1 request accepted." in text_of(answers[0])
    assert "1 request was not changed." in text_of(answers[1])
    assert "0 requests" not in text_of(answers[1])
    assert re.search(r"1 2001 It was decided before. Accepted, Owner, ", text_of(answers[1]))
    processed(shop.program)  # that follows, and is nobody's decision
    late = send(second, "decide", hidden(windows[1]))
    assert re.search(r"1 2001 It was decided before. Accepted, Owner, ", text_of(late))


def test_what_changed_since_it_was_looked_at_is_not_accepted(shop: Shop, as_: As) -> None:
    about = ask(shop, "kind | partner | order | turnover\n change | barb | 1001 | 150.00")[0]
    window = send(as_("owner"), "ask", {"verdict": "accepted", "id": key_of(about)})
    approve("1001")
    answer = text_of(send(as_("owner"), "decide", hidden(window)))
    assert "It was changed after you looked at it: look again." in answer
    assert stages(shop.program) == "1 inquired"


def test_a_rejection_needs_a_reason_and_the_partner_reads_it(shop: Shop, as_: As) -> None:
    key = key_of(missing(shop, "2001"))
    fields = hidden(send(as_("owner"), "ask", {"verdict": "rejected", "id": key}))
    assert "A rejection needs one of the program’s reasons." in text_of(send(as_("owner"), "decide", fields))
    answer = send(as_("owner"), "decide", {**fields, "reason": "returned", "comment": "It came back."})
    assert "1 request rejected." in text_of(answer)
    partner = text_of(as_("partner").get(f"{URL}/{key}", headers=PART))
    assert "Returned It came back. Before Asked for Commission – US$10.00" in partner
    assert "· Rejected It came back." in partner  # among the comments
    assert "Nobody has said anything yet." not in partner


def test_nobody_decides_their_own_and_what_cannot_be_done_is_left_out(shop: Shop, as_: As) -> None:
    own = missing(shop, "2001", by="owner")
    late = missing(shop, "2002")
    window = text_of(send(as_("owner"), "ask", {"verdict": "accepted", "id": f"{key_of(own)},{key_of(late)}"}))
    assert "Accept request 2" in window
    assert "1 more is left out:" in window
    assert "You raised it yourself: somebody else decides it." in window
    Rules.objects.update(own_decisions=True)
    window = text_of(send(as_("owner"), "ask", {"verdict": "accepted", "id": f"{key_of(own)},{key_of(late)}"}))
    assert "Accept 2 requests" in window
    assert "+US$20.00" in window


def test_all_that_match_are_decided_as_they_were_looked_at(shop: Shop, as_: As) -> None:
    for order in ("2001", "2002", "other"):
        missing(shop, order)
    browser, query = as_("owner"), "?order.starts=200"
    window = send(browser, "ask", {"verdict": "accepted", "all": "1"}, query)
    assert "Accept 2 requests" in text_of(window)
    missing(shop, "2003")
    answer = send(browser, "decide", hidden(window), query)
    assert "Something changed since you looked: nothing was decided." in text_of(answer)
    window = send(browser, "ask", {"verdict": "accepted", "all": "1"}, query)
    assert "3 requests accepted." in text_of(send(browser, "decide", hidden(window), query))
    assert stages(shop.program) == "1 accepted, 2 accepted, 3 inquired, 4 accepted"


def test_many_are_decided_in_the_background(shop: Shop, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "AT_ONCE", 1)
    keys = ",".join(key_of(missing(shop, order)) for order in ("2001", "2002"))
    window = send(as_("owner"), "ask", {"verdict": "accepted", "id": keys})
    accepted(shop.program, 2)
    answer = send(as_("owner"), "decide", hidden(window))
    assert "Accept 2 requests" in text_of(answer)
    job = Job.objects.get(kind="request_decision")
    assert not take_turn(job.id, stopping=lambda: False)
    page = text_of(as_("owner").get(f"/programs/anvils/jobs/{key_of_job(answer)}"))
    assert "1 request accepted." in page
    assert "1 request was not changed." in page
    url = f"/programs/anvils/jobs/{key_of_job(answer)}"
    links = [f'href="{url}"' in as_("owner").get(f"{url}{query}", headers=PART).text for query in ("", "?page")]
    assert links == [True, False]  # in a window it leads to its page, and there not to itself
    assert f'hx-get="{url}"' in answer.text
    assert re.search(r"It was decided before. Accepted, Dora, ", page)
    second = key_of(Request.objects.get(number=2))
    assert f'href="{URL}/{second}"' in as_("owner").get(f"/programs/anvils/jobs/{key_of_job(answer)}").text
    rows: Any = as_("owner").get(f"/programs/anvils/jobs/{key_of_job(answer)}/rows")
    assert b"".join(rows.streaming_content).decode().splitlines()[0].startswith("Request,Request id,")


def test_rows_of_a_window_come_page_by_page_and_what_is_too_many_ends_at_a_number(
    shop: Shop, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "SHOWN", 2)
    keys = [key_of(missing(shop, f"200{n}")) for n in range(1, 6)]
    for data, query in (({"id": ",".join(keys)}, ""), ({"all": "1"}, "?order.starts=200")):
        page = send(as_("owner"), "ask", {"verdict": "accepted", **data}, query)
        seen = []
        while True:
            seen.append(re.findall(r'<th scope="row">(\d) ·', page.text))
            if "more-impact" not in page.text:
                break
            page = send(as_("owner"), "ask/rows", {"verdict": "accepted", **data, **hidden(page)}, query)
        assert seen == [["1", "2"], ["3", "4"], ["5"]]
    monkeypatch.setattr(deciding, "MOST", 3)
    page = send(as_("owner"), "ask", {"verdict": "accepted", "all": "1"}, "?order.starts=200")
    assert "At most 3 requests are decided at once. Those up to number 3 are as many." in text_of(page)
    found = re.search(r'href="[^"]*(\?order.starts=200&amp;number.until=3)"', page.text)
    assert found
    assert "up to 6353" in text_of(as_("owner").get(f"{URL}?number.until=6353"))  # a name: nobody groups it
    window = send(as_("owner"), "ask", {"verdict": "accepted", "all": "1"}, found[1].replace("&amp;", "&"))
    assert "Accept 3 requests" in text_of(window)


def key_of_job(response: Any) -> str:
    found = re.search(r"jobs/(jb_\w+)", response.content.decode())
    assert found
    return found[1]


def test_a_partner_withdraws_its_own_and_nobody_elses(shop: Shop, as_: As) -> None:
    own, foreign = missing(shop, "2001"), missing(shop, "2002", partner="ann", by="owner")
    window = send(as_("partner"), "withdrawal/ask", {"id": f"{key_of(own)},{key_of(foreign)}"})
    assert "Withdraw request 1" in text_of(window)
    assert "1 request withdrawn." in text_of(send(as_("partner"), "withdrawal", hidden(window)))
    stolen = {**hidden(window), "id": key_of(foreign)}
    assert "The program has no such request." in text_of(send(as_("partner"), "withdrawal", stolen))
    assert stages(shop.program) == "1 withdrawn, 2 inquired"


FORM = {
    "kind": "create", "event_type": "sale", "order_token": "2001", "occurred_at": "2026-03-20T03:00",
    "turnover_minor": "100.00", "currency": "USD",
}  # fmt: skip


def test_a_request_for_which_nothing_is_paid_says_why_to_the_end(shop: Shop, as_: As) -> None:
    key = key_of(ask(shop, f"{HEAD}create | barb | 2001 | T | 100.00 | gift-card | - | -", by="owner")[0])
    assert Request.objects.get().answer_from is None
    for stage in (lambda: None, lambda: accepted(shop.program, 1), lambda: processed(shop.program)):
        stage()
        assert "Nothing is paid: No gift cards" in text_of(as_("partner").get(f"{URL}/{key}", headers=PART))
    assert "No gift cards" in text_of(as_("owner").get(f"{URL}?model=No+gift+cards"))


def test_raised_once_with_evidence(shop: Shop, as_: As) -> None:
    def sent() -> Any:
        file = SimpleUploadedFile("../receipt.exe", PNG, "application/x-msdownload")
        return send(as_("partner"), "new", {**FORM, "comment": "See there.", "files": file})

    answers = [sent(), sent()]
    assert answers[0].headers["HX-Redirect"] == answers[1].headers["HX-Redirect"]
    about = Request.objects.get()
    assert (about.partner, about.model, about.answer_from) == ("barb", "Standard 10 %", "advertiser")
    assert [one.text for one in Comment.objects.all()] == ["See there."]
    assert [(one.file_name, one.kind) for one in Attachment.objects.all()] == [("receipt.exe.png", "png")]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"turnover_minor": ""}, "Still missing: Turnover"),
        ({"turnover_minor": "1,5"}, "could be read in two ways"),
        ({"occurred_at": "yesterday"}, "“yesterday” is no time."),
        ({"occurred_at": "2126-01-01T00:00"}, "lies in the future"),
        ({"order_token": "1001"}, "This order is the partner’s already."),
        ({"order_token": "1002"}, "The order is known. The advertiser decides whether its credit becomes yours."),
        ({"customer_status": "Neukunde"}, "New customers 15 %"),
        ({"category": "gift-card"}, "Nothing is paid: No gift cards"),
        ({"customer_status": "lost"}, "The event type has no customer status “lost”."),
        ({"project": "garden"}, "The partner has no project “garden”."),
        ({"occurred_at": "2025-03-09T02:30"}, "the clock is set forward over this hour: it was never shown."),
        (
            {"occurred_at": "2025-11-02T01:30"},
            "this hour twice that day. Say which of the two it was. Which of the two"
            " The first time (UTC−04:00) The second time (UTC−05:00)",
        ),
        ({"occurred_at": "2025-11-02T01:30", "occurred_reading": "2025-11-02 01:30-05:00"}, "Correct the time. Which"),
        ({"claimed_minor": "12.00"}, "US$12.00 is claimed; the rate of its time gives US$10.00 (+US$2.00)."),
        (
            {"kind": "change", "turnover_minor": "150.00", "order_token": "1001", "occurred_at": ""},
            "US$136.27 US$150.00",
        ),
        ({"item-1": "a", "quantity-1": "x"}, "A quantity is a whole number: “x” is none."),
        ({"item-1": "a", "quantity-1": "1", "item-turnover-1": "90.00"}, "The items come to 90.00 USD."),
    ],
)
def test_the_form_is_checked_while_one_types(shop: Shop, as_: As, typed: dict[str, str], said: str) -> None:
    assert said in text_of(send(as_("partner"), "new/check", {**FORM, **typed}))


def test_of_what_cannot_be_read_nothing_else_is_said(shop: Shop, as_: As) -> None:
    change = {"kind": "change", "order_token": "1001", "occurred_at": ""}
    nothing = "Nothing would change: the conversion says all of this already. Fill in what is to change."
    below = "<strong>Turnover</strong>: “-5” is below zero: an amount is zero or more."
    for typed, said in (({"turnover_minor": ""}, [nothing]), ({"turnover_minor": "-5"}, [below])):
        page = send(as_("partner"), "new/check", {**FORM, **change, **typed}).text
        assert re.findall(r"<li[^>]*>(.*?)</li>", page) == said
    project = '<option value="spring">Spring{}</option>'
    for role, whose in (("partner", ""), ("owner", " · Barb Dwyer")):
        assert project.format(whose) in as_(role).get(f"{URL}/new").text


def test_what_was_typed_stays_where_it_is_refused(shop: Shop, as_: As) -> None:
    answer = as_("partner").post(f"{URL}/new", {**FORM, "turnover_minor": "1,5", "comment": "Mine"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="1,5"' in page
    assert 'value="2001"' in page
    assert ">Mine</textarea>" in page
    assert not Request.objects.exists()


def test_a_change_begins_with_the_conversion(shop: Shop, as_: As) -> None:
    one = Conversion.objects.get(order_token="1001")
    panel = as_("partner").get(f"/programs/anvils/conversions/{shop.keys['1001']}", headers=PART).content.decode()
    link = f"{URL}/new?conversion={shop.keys['1001']}"
    assert link in panel
    page = text_of(as_("partner").get(link))
    assert "Request a change of order 1001" in page
    assert "now US$136.27" in page
    answer = send(as_("partner"), "new", {"turnover_minor": "150.00"}, f"?conversion={shop.keys['1001']}")
    assert answer.headers["HX-Redirect"]
    about = Request.objects.get()
    assert (about.kind, about.conversion_id, about.turnover_minor, about.order_token) == (
        "change",
        one.id,
        15_000,
        "1001",
    )


def test_files_cannot_run_in_the_browser(shop: Shop, as_: As) -> None:
    key = key_of(missing(shop, "2001"))
    send(as_("partner"), f"{key}/comments", {"text": "", "files": SimpleUploadedFile("a.html", b"hello")})
    answer = as_("owner").get(f"{URL}/{key}/files/{Attachment.objects.get().id}")
    assert answer.content == b"hello"
    assert {name: answer.headers[name] for name in (
        "Content-Type", "Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy",
    )} == {
        "Content-Type": "text/plain",
        "Content-Disposition": 'attachment; filename="a.html.txt"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }  # fmt: skip


def test_a_comment_that_is_refused_stays_and_one_that_is_kept_asks_the_other_side(shop: Shop, as_: As) -> None:
    key = key_of(missing(shop, "2001"))
    answer = send(as_("owner"), f"{key}/comments", {"text": "See", "files": SimpleUploadedFile("a.html", b"<html>")})
    page = answer.content.decode()
    assert "a.html is none of these by its content" in page
    assert ">See</textarea>" in page
    assert not Comment.objects.exists()
    answer = text_of(send(as_("owner"), f"{key}/comments", {"text": "Where is the receipt?"}))
    assert "The partner has not answered yet." in answer
    assert "An answer of yours is expected." in text_of(as_("partner").get(f"{URL}/{key}", headers=PART))


def test_rules_say_what_they_would_accept_and_leave_a_line(shop: Shop, as_: As) -> None:
    missing(shop, "2001", "100.00")
    missing(shop, "2002", "1000.00")
    missing(shop, "1002", "61.00")
    ask(shop, "kind | partner | order | status\n change | barb | 1001 | approved")
    typed = {"period_days": "90", "accepts": "on", "accept_after_days": "2", "accept_up_to": "50.00"}
    rules = "/programs/anvils/setup/requests"
    said = text_of(as_("owner").post(f"{rules}/preview", typed, headers=PART))
    assert said == (
        "Of 4 open requests, 2 would accept themselves by this rule, 2 of them once you save; US$32.46 would newly"
        " be paid in all."
    )
    assert as_("owner").post(rules, {**typed, "accept_up_to": "1,5"}).status_code == 422
    assert as_("owner").post(rules, typed).status_code == 302
    kept = Rules.objects.get()
    assert (kept.period_days, kept.own_decisions, kept.accept_after_days, kept.accept_up_to_minor) == (
        90,
        False,
        2,
        5_000,
    )
    assert AuditEntry.objects.get(action="request_rules_changed").actor_name == "Owner"


def test_every_code_has_its_sentence() -> None:
    from accredit.conversion_requests import deciding as of_decisions
    from accredit.conversion_requests import discussing, planning, raising
    from accredit.web.requests import comments

    assert set(words.FAILURES) == set(planning.WHY)
    assert set(words.NOT_DECIDED) == {*of_decisions.WHY, *raising.WHY}
    assert set(comments.NOT_KEPT) == set(discussing.REFUSALS)
