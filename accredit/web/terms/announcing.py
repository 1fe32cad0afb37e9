"""Announcing a version to contracts, and a partner's early acceptance of it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accredit.access.models import User
from accredit.access.permissions import Permission
from accredit.engine.program import Terms
from accredit.files.program_file import ValuesRefused
from accredit.programs.announcing import NothingToAccept, accepted_early, announced, movable, next_minute
from accredit.programs.changing import PartChanged, Setup, change_program, digest, setup_of
from accredit.programs.models import Topic
from accredit.programs.operations import ChangesRefused
from accredit.programs.silence import be_silent, speak_again
from accredit.programs.visibility import Viewpoint
from accredit.web import formats
from accredit.web.pages import for_permitted, for_program
from accredit.web.terms.comparing import differences
from accredit.web.terms.editing import refusals, write
from accredit.web.terms.pages import earlier, found_version, is_used, show_terms, shown
from accredit.web.terms.wording import words_of

MAX_COMMENT = 5_000


class AnnounceForm(forms.Form):
    """From when the version counts, for whom, and what partners are told."""

    starts_on = forms.DateField(
        label=gettext_lazy("Modification start date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    partners = forms.MultipleChoiceField(
        label=gettext_lazy("Contracts"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one contract: the version would count for nobody.")},
    )
    early_opt_in = forms.BooleanField(label=gettext_lazy("Partners may begin earlier"), required=False)
    comment = forms.CharField(
        label=gettext_lazy("Comment for partners"),
        required=False,
        max_length=MAX_COMMENT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, setup: Setup, terms: Terms, now: datetime, data: Any = None) -> None:
        self.zone, self.now = ZoneInfo(setup.program.timezone), now
        names = {partner.code: partner.name for partner in setup.program.partners}
        choices = [(code, names[code]) for code in movable(setup.program, terms.code, terms.version, now)]
        tomorrow = now.astimezone(self.zone).date() + timedelta(days=1)
        initial = {
            "starts_on": terms.modification_starts_at.astimezone(self.zone).date()
            if terms.modification_starts_at and terms.modification_starts_at > now
            else tomorrow,
            "partners": [code for code, _name in choices],
            "early_opt_in": terms.early_opt_in,
            "comment": terms.comment,
        }
        super().__init__(data, initial=initial, auto_id="announce-%s")
        cast(forms.MultipleChoiceField, self.fields["partners"]).choices = choices
        self.fields["partners"].required = bool(choices)
        self.fields["starts_on"].widget.attrs["min"] = now.astimezone(self.zone).date().isoformat()

    def clean_starts_on(self) -> date:
        day: date = self.cleaned_data["starts_on"]
        if day < self.now.astimezone(self.zone).date():
            raise forms.ValidationError(_("This day is over: conversions of the past keep their terms."))
        return day

    @property
    def starts_at(self) -> datetime:
        """The beginning of the day in the program's zone; today: from the next minute on."""
        begins = datetime.combine(self.cleaned_data["starts_on"], time(), self.zone).astimezone(UTC)
        return max(begins, next_minute(self.now))


@for_permitted(Permission.SET_UP)
def announce(request: HttpRequest, view: Viewpoint, terms: str, version: int) -> HttpResponse:
    """Which contracts move to a version, and when."""
    setup, now = setup_of(view.program.code), datetime.now(UTC)
    found = found_version(setup.program, terms, version)
    address = reverse("web:terms-version", args=[view.program.code, terms, version])
    if is_used(setup.program, found):
        messages.info(request, _("This version is announced already."))
        return HttpResponseRedirect(address)
    form = AnnounceForm(setup, found, now, request.POST if request.method == "POST" else None)
    wrong = ""
    if request.method == "POST" and form.is_valid():
        try:
            moved = _announce(request, view, found, form)
        except PartChanged:
            wrong = _("Somebody else changed these terms in the meantime: look at them again, then announce them.")
        except (ChangesRefused, ValuesRefused) as error:
            wrong = refusals(error, view)
        else:
            text = ngettext(
                "Version %(version)s is announced: %(n)s contract moves to it on %(day)s.",
                "Version %(version)s is announced: %(n)s contracts move to it on %(day)s.",
                moved,
            )
            day = formats.instant(form.starts_at, form.zone)
            messages.success(request, text % {"version": version, "n": formats.number(moved), "day": day})
            return HttpResponseRedirect(address)
    before = earlier(setup.program, found)
    context = {
        "terms": found,
        "form": form,
        "wrong": wrong,
        "seen": digest(found),
        "back_url": address,
        "differences": shown(differences(words_of(before, setup.program), words_of(found, setup.program)))
        if before
        else (),
    }
    status = 200 if request.method != "POST" else 409 if wrong else 422
    return show_terms(request, view, "web/terms/announce.html", context, status=status)


def _announce(request: HttpRequest, view: Viewpoint, terms: Terms, form: AnnounceForm) -> int:
    partners = form.cleaned_data["partners"]

    def edit(setup: Setup) -> None:
        there = found_version(setup.program, terms.code, terms.version)
        if digest(there) != request.POST.get("seen"):
            raise PartChanged
        after = announced(
            setup.program,
            terms.code,
            terms.version,
            starts_at=form.starts_at,
            partners=partners,
            early_opt_in=form.cleaned_data["early_opt_in"],
            comment=form.cleaned_data["comment"],
        )
        write(setup, after)

    change_program(
        view.program.code,
        edit=edit,
        accept=lambda _changes: True,
        actor=cast(User, request.user),
        now=form.now,
    )
    return len(partners)


@require_POST
@for_program
def accept(request: HttpRequest, view: Viewpoint, terms: str, version: int) -> HttpResponse:
    """A partner begins an announced version earlier: its contract changes from the next minute on."""
    partner = request.POST.get("partner", "")
    if view.partners is None or partner not in view.partners:
        raise Http404(f"no contract of {partner!r} that this user may change")
    if not view.may(Permission.ACCEPT_TERMS, partner):
        raise PermissionDenied
    now = datetime.now(UTC)
    at = next_minute(now)

    def edit(setup: Setup) -> None:
        write(setup, accepted_early(setup.program, partner, terms, version, now=now, at=at))

    try:
        change_program(
            view.program.code, edit=edit, accept=lambda _changes: True, actor=cast(User, request.user), now=now
        )
    except NothingToAccept:
        messages.info(request, _("There is nothing to accept: these terms count already, or are no longer offered."))
    except ChangesRefused as error:
        messages.error(request, refusals(error, view))
    else:
        begins = formats.instant(at, ZoneInfo(view.program.timezone))
        messages.success(request, _("Accepted: the new terms count from %(at)s.") % {"at": begins})
    return HttpResponseRedirect(reverse("web:terms", args=[view.program.code]))


@require_POST
@for_program
def mails(request: HttpRequest, view: Viewpoint) -> HttpResponse:
    """Whether one is told by e-mail of announced terms: a switch of one's own, for each program."""
    if view.partners is None:
        raise Http404("those who announce terms are not told of them")
    user = cast(User, request.user)
    if request.POST.get("told"):
        speak_again(user, view.program, Topic.TERMS)
        messages.success(request, _("You are told by e-mail of announced terms."))
    else:
        be_silent(user, view.program, Topic.TERMS)
        messages.success(request, _("You get no more e-mails about the terms of this program."))
    return HttpResponseRedirect(reverse("web:terms", args=[view.program.code]))
