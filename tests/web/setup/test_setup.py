"""What is done by the pages of the set-up is what a program file would do, and nothing else."""

import re
from collections.abc import Callable
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils.html import escape

from accredit.access.models import AuditEntry, Organization
from accredit.files import parse_program, write_program
from accredit.programs.models import Program
from accredit.programs.operations import apply_program, plan_program
from accredit.programs.queries import installed, program_value
from tests.factories.installing import install, shop
from tests.factories.people import Shop
from tests.factories.validating import asked, validated

As = Callable[[str | None], Client]
SETUP = "/programs/anvils/setup"
EMPTY = """
format = 1
[program]
code = "tins"
name = "Tin Shop"
advertiser = "ACME"
currency = "EUR"
timezone = "Europe/Berlin"
referral_window_days = 30
[[event_type]]
code = "sale"
[[terms]]
code = "standard"
version = 1
  [[terms.payout]]
  event_type = "sale"
  level = "order"
  model = "Standard"
  percent = "10"
"""


def hidden(response: Any, name: str) -> str:
    """A hidden field of the form that was answered with."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    return found[1] if found else ""


def send(browser: Client, address: str, **typed: Any) -> Any:
    """Fill a form in, and confirm what it shows as a plan, as somebody does who reads it."""
    seen = hidden(browser.get(address), "seen")
    response: Any = browser.post(address, {"seen": seen, **typed})
    if response.status_code == 200 and (confirmed := hidden(response, "confirmed")):
        response = browser.post(address, {"seen": hidden(response, "seen") or seen, "confirmed": confirmed, **typed})
    return response


def page_of(browser: Client, page: str, name: str, program: str = "anvils") -> str:
    """The address behind a link of a list."""
    content = browser.get(f"/programs/{program}/setup/{page}").content.decode()
    found = re.search(rf'<a href="([^"]*)">{re.escape(str(escape(name)))}</a>', content)
    assert found, f"no {name} in {page}"
    return found[1]


def saved(response: Any) -> None:
    assert response.status_code == 302, re.findall(r'class="wrong"[^>]*>([^<]*)', response.content.decode())


@pytest.fixture
def tins(shop: Shop) -> Program:
    """A program of ACME with little in it, and without conversions."""
    return install(EMPTY)


def test_what_pages_do_is_what_the_exported_file_does(tins: Program, as_: As) -> None:
    browser = as_("advertiser")
    at = "/programs/tins/setup"
    steps: list[tuple[str, dict[str, Any]]] = [
        ("program", {"name": "Tins", "currency": "EUR", "timezone": "Europe/Berlin", "referral_window_days": "20",
                     "approval_reminder_days": "0", "foreign_promo_code": "invalid", "attribution": "last_click",
                     "tracking.allowed_hosts": "tins.example\r\nwww.tins.example", "tracking.retention_days": "90",
                     "tracking.hold_unsigned": "on"}),
        ("event-types/new", {"code": "lead", "approve_after_days": "14",
                             "customer_status": "on", "customer_status.status.0": "New",
                             "customer_status.words.0": "n\r\nfirst order", "customer_status.status.1": "VIP",
                             "customer_status.words.1": "gold"}),
        ("partners/new", {"code": "barb", "name": "Barb Dwyer"}),
        ("partners/new", {"code": "a/b:ü", "name": "Slash & Sons"}),
        ("channels/new", {"code": "mail", "name": "E-mail", "credit_group": "standard", "referral_window_days": ""}),
        ("ads/new", {"code": "banner", "name": "Banner", "landing_page": "https://tins.example/sale"}),
        ("projects/new", {"code": "spring", "name": "Spring", "partner": "barb"}),
        ("rejection-reasons/new", {"code": "back", "title_de": "Zurück", "title_en": "Returned"}),
        ("promo-codes/new", {"code": "TIN10", "match": "exact", "partner": "barb", "policy": "always",
                             "starts_at": "2026-01-01T00:00", "ends_at": ""}),
    ]  # fmt: skip
    for page, typed in steps:
        saved(send(browser, f"{at}/{page}", **typed))
    partner = page_of(browser, "partners", "Barb Dwyer", "tins")
    period = {"terms": "1 standard", "credit_group": "preferred", "referral_window_days": "", "ends_at": ""}
    saved(send(browser, f"{partner}/periods/new", **period, starts_at="2026-01-01T00:00"))
    saved(
        send(browser, f"{partner}/periods/new", **{**period, "credit_group": "standard"}, starts_at="2026-07-01T00:00")
    )
    saved(send(browser, partner, name="Barb D.", labels="Preferred\r\nOld friend"))
    channel = page_of(browser, "channels", "mail", "tins")
    saved(send(browser, f"{channel}/periods/new", credit_group="non-preferred", starts_at="2026-03-01T00:00"))
    saved(send(browser, page_of(browser, "ads", "banner", "tins"), act="remove"))

    value = program_value(tins.id)
    [contract] = value.contracts
    assert [one.referral_window_days for one in contract.periods] == [20, 20]
    assert contract.periods[0].ends_at == contract.periods[1].starts_at  # the first ended where the second began
    assert contract.labels == ("Preferred", "Old friend")
    assert value.event_types[1].customer_status == {"New": ("n", "first order"), "VIP": ("gold",)}
    assert value.event_types[1].approve_after_days == 14
    assert (value.approval_reminder_days, value.tracking.hold_unsigned) == (0, True)
    assert value.ads == ()

    exported = write_program(value).replace('code = "tins"', 'code = "other"', 1)
    install(exported)
    by_pages, by_file = installed("tins"), installed("other")
    assert by_pages is not None
    assert by_file is not None
    assert by_file.rows == by_pages.rows
    assert list(plan_program(parse_program("f", exported.encode()))) == []


def test_every_part_is_saved_unchanged_as_it_was_shown(shop: Shop, as_: As) -> None:
    """Opening a form and saving it changes nothing, whatever is in it: also not by a microsecond."""
    browser, before = as_("advertiser"), program_value(shop.program.id)
    for key, address in shop.keys.items():
        prefix = key.partition("-")[0]
        pages = {"et": "event-types", "ch": "channels", "pc": "promo-codes", "ad": "ads", "pj": "projects",
                 "rr": "rejection-reasons", "pa": "partners"}  # fmt: skip
        if prefix not in pages or not address.startswith(f"{prefix}_"):
            continue
        page = f"{SETUP}/{pages[prefix]}/{address}"
        response = browser.get(page)
        saved(browser.post(page, fields_of(response.content.decode())))
    saved(browser.post(f"{SETUP}/program", fields_of(browser.get(f"{SETUP}/program").content.decode())))
    assert program_value(shop.program.id) == before
    assert not AuditEntry.objects.filter(action="set_up_changed").exists()


def fields_of(content: str) -> dict[str, str]:
    """What a browser would send of the last form of the set-up on a page."""
    from html.parser import HTMLParser

    class Fields(HTMLParser):
        typed: dict[str, str] = {}
        open: str | None = None
        select: str | None = None
        own = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            name = given.get("name")
            if tag == "form":
                self.own = "setup-form" in (given.get("class") or "") and given.get("method") == "post"
                if self.own:
                    self.typed.clear()
            if not self.own:
                return
            if tag == "input" and name and (given.get("type") != "checkbox" or "checked" in given):
                self.typed[name] = given.get("value") or ""
            if tag == "textarea" and name:
                self.open, self.typed[name] = name, ""
            if tag == "select":
                self.select = name
            if tag == "option" and self.select and ("selected" in given or self.select not in self.typed):
                self.typed[self.select] = given.get("value") or ""

        def handle_endtag(self, tag: str) -> None:
            self.open = None if tag == "textarea" else self.open
            self.select = None if tag == "select" else self.select
            self.own = self.own and tag != "form"

        def handle_data(self, data: str) -> None:
            if self.open:
                self.typed[self.open] += data

    parser = Fields()
    parser.typed = {}
    parser.feed(content)
    return parser.typed


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    shop.users["advertiser"].language = "de"
    shop.users["advertiser"].save()
    typed = {"code": "ANVIL10", "match": "exact", "partner": "ann", "policy": "always", "starts_at": "2026-02-01T00:00"}
    content = send(browser, f"{SETUP}/promo-codes/new", **typed).content.decode()
    assert "Der Promo-Code &#x27;ANVIL10&#x27; ist für eine Zeit zweimal vergeben" in content
    assert 'id="field-starts_at-errors"' in content
    assert 'value="ANVIL10"' in content
    content = send(browser, f"{SETUP}/promo-codes/new", **{**typed, "code": "a)(", "match": "regex"}).content.decode()
    assert 'id="field-code-errors"' in content
    content = send(browser, f"{SETUP}/program", name="Anvils", referral_window_days="0").content.decode()
    assert "&#x27;Referral-Fenster in Tagen&#x27; ist 0; nötig ist eine ganze Zahl von 1 bis 3650." in content
    assert 'value="Anvils"' in content
    assert shop.program.promo_codes.count() == 2


@pytest.mark.parametrize(
    ("page", "name", "typed", "said"),
    [
        ("event-types", "approve_after_days", "0", "is 0; it must be a whole number from 1 to 3650"),
        ("event-types", "approve_after_days", "3651", "is 3651; it must be a whole number from 1 to 3650"),
        ("event-types", "approve_after_days", "two", "a whole number from 1 to 3650"),
        ("program", "approval_reminder_days", "31", "is 31; it must be a whole number from 0 to 30"),
        ("event-types", "approve_after_days", "3650", None),
        ("event-types", "approve_after_days", "", None),
        ("program", "approval_reminder_days", "30", None),
        ("program", "tracking.hold_unsigned", "on", None),
    ],
)
def test_days_of_approval_and_what_waits(
    shop: Shop, as_: As, page: str, name: str, typed: str, said: str | None
) -> None:
    browser = as_("advertiser")
    address = f"{SETUP}/{page}/{shop.keys['et-sale']}" if page == "event-types" else f"{SETUP}/{page}"
    form = {**fields_of(browser.get(address).content.decode()), name: typed}
    response = send(browser, address, **form)
    if said is None:
        saved(response)
        assert fields_of(browser.get(address).content.decode())[name] == typed
    else:
        content = response.content.decode()
        assert said in content
        assert f'id="field-{name}-errors"' in content


def test_days_of_approval_say_how_much_they_concern(shop: Shop, as_: As) -> None:
    browser, address = as_("advertiser"), f"{SETUP}/event-types/{shop.keys['et-sale']}"
    form = {**fields_of(browser.get(address).content.decode()), "approve_after_days": "1"}
    content = browser.post(address, form).content.decode()
    assert re.search(r"\d open conversions are that old already \(commission: .*\$", content)


def test_a_tick_is_taken_away_again(shop: Shop, as_: As) -> None:
    browser, address = as_("advertiser"), f"{SETUP}/program"
    for ticked in (True, False):
        form = fields_of(browser.get(address).content.decode())
        form |= {"tracking.hold_unsigned": "on"}
        saved(send(browser, address, **(form if ticked else {**form, "tracking.hold_unsigned": ""})))
        assert program_value(shop.program.id).tracking.hold_unsigned is ticked


def test_history_forbids_and_says_why_before_anything_is_saved(shop: Shop, as_: As) -> None:
    browser, before = as_("advertiser"), program_value(shop.program.id)
    held = f"{SETUP}/partners/{shop.keys['pa-ann']}/periods/{shop.keys['cp-ann']}"
    content = browser.get(held).content.decode()
    assert "are credited by this period" in content
    response = send(browser, held, ends_at="2026-01-02T00:00")
    assert "History forbids this" in response.content.decode()
    for page in (f"event-types/{shop.keys['et-sale']}", f"partners/{shop.keys['pa-barb']}"):
        content = send(browser, f"{SETUP}/{page}", act="remove").content.decode()
        assert "it stays" in content or "names it: remove or change that first." in content
        assert "There is no" not in content
    currency = fields_of(browser.get(f"{SETUP}/program").content.decode())
    assert not {"currency", "timezone", "code", "advertiser"} & set(currency)  # shown, and locked
    saved(send(browser, f"{SETUP}/program", **{**currency, "currency": "EUR", "code": "x"}))
    assert program_value(shop.program.id) == before


IN_USE = [
    ("rejection-reasons", "rr-returned", "Conversions were rejected for this reason: it stays."),
    ("channels", "ch-email", "Conversions are credited to this channel: it stays."),
]


@pytest.mark.parametrize(("page", "key", "said"), IN_USE, ids=[one[0] for one in IN_USE])
def test_what_is_in_use_is_not_removed(shop: Shop, as_: As, page: str, key: str, said: str) -> None:
    validated(asked("order | to | reason\n 1005 | rejected | returned"))
    browser, before = as_("advertiser"), program_value(shop.program.id)
    content = send(browser, f"{SETUP}/{page}/{shop.keys[key]}", act="remove").content.decode()
    assert "History forbids this" in content
    assert said in content
    assert program_value(shop.program.id) == before


def test_what_moves_money_is_shown_with_figures_and_saved_only_when_confirmed(shop: Shop, as_: As) -> None:
    browser = as_("advertiser")
    page = f"{SETUP}/partners/{shop.keys['pa-barb']}/periods/new"
    typed = {"terms": "1 standard", "credit_group": "non-preferred", "starts_at": "2030-01-01T00:00"}
    response = browser.post(page, typed)
    content = response.content.decode()
    assert "This will change" in content
    assert "Barb Dwyer had no conversions in the last 30 days." in content
    assert re.search(r"Credit group: <del>.*preferred</del>.*→.*<ins>.*non-preferred</ins>", content)
    assert "Credit groups go before everything else" in content
    assert not AuditEntry.objects.filter(action="set_up_changed").exists()
    assert browser.post(page, {**typed, "confirmed": "something else"}).status_code == 200
    saved(browser.post(page, {**typed, "confirmed": hidden(response, "confirmed")}))
    [entry] = AuditEntry.objects.filter(action="set_up_changed")
    assert {change["table"] for change in entry.detail["changes"]} == {"contract_period"}
    content = browser.get(f"{SETUP}/history").content.decode()
    assert "Advertiser" in content
    assert "non-preferred" in content


def test_the_second_of_two_people_sees_what_changed_and_keeps_the_input(shop: Shop, as_: As) -> None:
    first, second = as_("advertiser"), as_("owner")
    page = f"{SETUP}/ads/{shop.keys['ad-banner']}"
    seen = hidden(second.get(page), "seen")
    saved(send(first, page, name="Wide banner", landing_page=""))
    content = second.post(page, {"seen": seen, "name": "Tall banner", "landing_page": ""})
    text = content.content.decode()
    assert "Somebody else changed this meanwhile" in text
    assert 'value="Tall banner"' in text
    assert "Wide banner" in text
    saved(second.post(page, {"seen": hidden(content, "seen"), "name": "Tall banner", "landing_page": ""}))
    assert program_value(shop.program.id).ads[0].name == "Tall banner"
    # another part is nobody's business
    seen = hidden(second.get(page), "seen")
    saved(send(first, f"{SETUP}/projects/{shop.keys['pj-spring']}", name="Summer", partner="barb"))
    saved(second.post(page, {"seen": seen, "name": "Small banner", "landing_page": ""}))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_save_the_same_form_at_once_one_wins(transactional_db: None) -> None:
    from tests.factories.people import open_shop

    opened = open_shop()
    page = f"{SETUP}/ads/{opened.keys['ad-banner']}"
    browsers = []
    for who in ("advertiser", "owner", "agency", "advertiser"):
        browser = Client()
        browser.force_login(opened.users[who])
        browsers.append(browser)
    seen = hidden(browsers[0].get(page), "seen")
    start, codes = Barrier(len(browsers)), []

    def save(number: int) -> None:
        try:
            start.wait()
            typed = {"seen": seen, "name": f"Banner {number}", "landing_page": ""}
            codes.append(browsers[number].post(page, typed).status_code)
        finally:
            connection.close()

    threads = [Thread(target=save, args=[number]) for number in range(len(browsers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 200, 200, 302]
    assert AuditEntry.objects.filter(action="set_up_changed").count() == 1


def test_a_file_is_planned_and_then_applied_and_another_program_is_refused(shop: Shop, as_: As) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    browser, page = as_("advertiser"), f"{SETUP}/file"
    downloaded = browser.get(f"{page}/download").content.decode()
    assert parse_program("f", downloaded.encode()) == program_value(shop.program.id)

    def upload(text: str) -> Any:
        return browser.post(page, {"file": SimpleUploadedFile("p.toml", text.encode())})

    assert "nothing would change" in upload(downloaded).content.decode()
    wrong = upload(downloaded.replace('"banner"', '"banner', 1)).content.decode()
    assert "The file has errors" in wrong
    for own, other in (('code = "anvils"', 'code = "tins"'), ('advertiser = "ACME"', 'advertiser = "stranger"')):
        assert "another program" in upload(downloaded.replace(own, other, 1)).content.decode()
    changed = downloaded.replace('name = "Banner"', 'name = "Poster"', 1)
    planned = upload(changed)
    assert "Poster" in planned.content.decode()
    assert program_value(shop.program.id).ads[0].name == "Banner"
    saved(browser.post(page, {"content": "\n" + changed, "confirmed": hidden(planned, "confirmed")}))
    assert program_value(shop.program.id).ads[0].name == "Poster"


def test_a_program_from_nothing_and_nobody_elses(shop: Shop, as_: As) -> None:
    typed = {"name": "Tins", "code": "tins", "advertiser": "ACME", "currency": "EUR", "timezone": "Europe/Berlin",
             "referral_window_days": "30", "event_type": "sale"}  # fmt: skip
    assert "Choose an advertiser" in as_("stranger").post("/programs/new", typed).content.decode()
    response = as_("agency").post("/programs/new", {**typed, "advertiser": "new", "advertiser_code": "ACME"})
    assert "There is an organization of this code already" in response.content.decode()
    assert not Program.objects.filter(code="tins").exists()
    new = {"advertiser": "new", "advertiser_code": "tin", "advertiser_name": "Tin Ltd"}
    response = as_("agency").post("/programs/new", {**typed, **new})
    assert response.headers["Location"] == "/programs/tins/setup"
    made = Program.objects.get(code="tins")
    assert (made.advertiser.name, made.agency) == ("Tin Ltd", Organization.objects.get(name="Agency North"))
    assert "There is a program of this code already" in as_("owner").post("/programs/new", typed).content.decode()


def test_keys_are_shown_once_and_end(shop: Shop, as_: As) -> None:
    browser, page = as_("advertiser"), f"{SETUP}/keys"
    content = browser.post(page, follow=True).content.decode()
    [key] = set(re.findall(r"sk_[0-9a-z]{26}", content))
    found = re.search(r'id="secret">([^<]+)<', content)
    assert found
    assert found[1] not in browser.get(page).content.decode()
    assert browser.post(page, {"act": "end", "key": "sk_" + "0" * 26}).status_code == 404
    saved(browser.post(page, {"act": "end", "key": key}))
    assert "End it" not in browser.get(page).content.decode()


def test_a_partner_sees_its_own_and_nobody_elses(shop: Shop, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCREDIT_TRACKER_URL", "https://track.example.com")
    content = as_("partner").get("/programs/anvils/mine?ad=banner&s1=a%26b&u=https://anvils.example/x").content.decode()
    assert "ANVIL10" in content
    link = "https://track.example.com/c/anvils:barb/banner?u=https%3A%2F%2Fanvils.example%2Fx&amp;s1=a%26b"
    assert link in content
    for others in ("Ann Dover", "ANN-", "display", "Old friend"):
        assert others not in content
    channel = as_("advertiser").get(f"{SETUP}/channels/{shop.keys['ch-display']}?ad=banner").content.decode()
    assert 'value="https://track.example.com/h/anvils:display/banner"' in channel
    assert "Spring" not in channel  # a project of Barb's
    assert "own hosts alone" in as_("partner").get("/programs/anvils/mine?u=https://evil.example/").content.decode()


@pytest.mark.parametrize(
    ("code", "said"),
    [("anvil10", "belongs to ANVIL10 of Barb Dwyer"), ("ANN-7", "ANN-[0-9]+ of Ann Dover"), ("ANN-x", "No definition")],
)
def test_a_code_is_tried_with_the_engine(shop: Shop, as_: As, code: str, said: str) -> None:
    assert said in as_("viewer").get(f"{SETUP}/promo-codes?code={code}").content.decode()


def test_the_value_of_the_shop_is_what_the_file_says() -> None:
    assert parse_program("f", write_program(shop()).encode()) == shop()


def test_codes_that_addresses_cannot_hold_are_refused_for_new_programs(shop: Shop, as_: As) -> None:
    browser = as_("owner")
    typed = {"name": "Tins", "advertiser": "ACME", "currency": "EUR", "timezone": "UTC", "referral_window_days": "30",
             "event_type": "sale"}  # fmt: skip
    for code in ("..", ".", "a/b", "new", "x?y=1", "#", "50%", "a\\b", "Größe 1!", "<i>x", "-a", "New", "ANVILS"):
        response = browser.post("/programs/new", {**typed, "code": code})
        assert 'id="field-code-errors"' in response.content.decode(), code
    assert Program.objects.count() == 1
    assert browser.post("/programs/new", {**typed, "code": "my-My.Shop_2"}).headers["Location"].endswith("/setup")


def test_a_partner_is_told_who_makes_programs(shop: Shop, as_: As) -> None:
    for who, said in (("partner", "Programs are made by advertisers and agencies"), ("viewer", "Viewers look")):
        response = as_(who).get("/programs/new")
        assert response.status_code == 403
        assert said in response.content.decode()


def test_an_ad_leads_to_the_hosts_of_the_program_alone(shop: Shop, as_: As) -> None:
    browser, page = as_("advertiser"), f"{SETUP}/program"
    form = fields_of(browser.get(page).content.decode())
    saved(send(browser, page, **{**form, "tracking.allowed_hosts": "anvils.example"}))
    evil = {"code": "evil", "name": "Evil", "landing_page": "http://evil.example/x"}
    content = send(browser, f"{SETUP}/ads/new", **evil).content.decode()
    assert "is no page of the program&#x27;s own hosts: anvils.example." in content
    assert 'id="field-landing_page-errors"' in content
    saved(send(browser, f"{SETUP}/ads/new", **{**evil, "landing_page": "https://anvils.example/x"}))
    form = fields_of(browser.get(page).content.decode())
    taken_away = send(browser, page, **{**form, "tracking.allowed_hosts": "other.example"})
    assert "https://anvils.example/sale&#x27; is no page of the program" in taken_away.content.decode()


def test_what_is_wrong_with_a_file_as_a_whole_stands_at_no_line(shop: Shop, as_: As) -> None:
    content = as_("advertiser").post(f"{SETUP}/file", {"content": " "}).content.decode()
    assert "Choose a program file first" in content
    assert "line 1" not in content


def test_a_period_says_which_terms_are_drafts(shop: Shop, as_: As) -> None:
    browser, draft = as_("advertiser"), "standard, version 2 (draft)"
    page = f"{SETUP}/partners/{shop.keys['pa-barb']}/periods/new"
    assert draft not in browser.get(page).content.decode()
    terms = program_value(shop.program.id)
    [standard] = [one for one in terms.terms if one.code == "standard"]
    apply_program(replace(terms, terms=(*terms.terms, replace(standard, version=2))))
    content = browser.get(page).content.decode()
    assert draft in content
    assert "standard, version 1<" in content


def test_reloading_after_making_a_signing_key_makes_no_second_one(shop: Shop, as_: As) -> None:
    browser, page = as_("advertiser"), f"{SETUP}/keys"
    assert browser.post(page).headers["Location"] == page
    assert ['id="secret"' in browser.get(page).content.decode() for _look in range(2)] == [True, False]
    assert AuditEntry.objects.filter(action="signing_key_made").count() == 1
