"""What the codes of people, keys and the audit log are called."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accredit.web.words import Words

KINDS: Words = {"agency": _("Agency"), "advertiser": _("Advertiser"), "partner": _("Partner")}

ROLES: Words = {"owner": _("Owner"), "editor": _("Editor"), "viewer": _("Viewer")}

OWNING_RIGHTS: Words = {
    "owner": _("everything; invites people and makes keys"),
    "editor": _("validates conversions, raises and decides conversion requests, sets up programs"),
    "viewer": _("looks and changes nothing"),
}
"""What a role may do in an agency and an advertiser."""

PARTNER_RIGHTS: Words = {
    "owner": _(
        "sees the partner’s conversions, raises conversion requests and accepts new terms earlier; invites people and"
        " makes keys"
    ),
    "editor": _("sees the partner’s conversions, raises conversion requests and accepts new terms earlier"),
    "viewer": _("sees the partner’s conversions"),
}
"""What a role may do in a partner."""

SCOPES: Words = {"read": _("Read"), "validate": _("Read and validate")}

REFUSED: Words = {
    "role": _("Choose one of the roles."),
    "email": _("This is no e-mail address. It looks like name@example.com."),
    "member": _("This person belongs to the organization already."),
    "invited": _(
        "This person is invited already, with another role. Withdraw that invitation below, then invite them again."
    ),
    "gone": _("This person no longer belongs to the organization."),
    "last_owner": _("An organization keeps at least one owner. Make somebody else an owner first."),
    "another": _("The invitation is for another e-mail."),
    "name": _("Say a name."),
    "known": _("Somebody signs in with this e-mail already: sign in, then open the link again."),
}
"""Why something about people was not done."""

KEY_REFUSED: Words = {
    "name": _("Name the key after the program that uses it, in 100 characters or fewer."),
    "scope": _("Your role does not grant this."),
    "expiry": _("Choose when the key ends."),
}
"""Why a key was not made."""

ACTIONS: Words = {
    "signing_key_ended": _("ended the signing key"),
    "signing_key_made": _("made the signing key"),
    "invited": _("invited somebody to"),
    "invited_again": _("sent an invitation again to"),
    "invitation_withdrawn": _("withdrew an invitation to"),
    "joined": _("joined as"),
    "role_changed": _("changed the role of"),
    "member_ended": _("ended the membership of"),
    "api_key_made": _("made the key"),
    "api_key_ended": _("ended the key"),
    "partner_let_in": _("let the partner sign in"),
    "set_up_changed": _("changed the set-up of"),
    "program_added": _("added the program"),
    "request_rules_changed": _("changed the rules for conversion requests of"),
    "two_factor_reset": _("removed the second step of"),
    "switched_off": _("switched off the access of"),
    "switched_on": _("switched on again the access of"),
    "signed_in": _("signed in as"),
    "sign_in_refused": _("was refused at signing in as"),
}
"""What somebody did, before what they did it to."""

DETAILS: Words = {
    "role": _("role"),
    "before": pgettext_lazy("audit log", "before"),
    "after": pgettext_lazy("audit log", "after"),
    "scope": _("may"),
    "expires_at": _("ends"),
    "period_days": _("days for which requests are taken"),
    "own_decisions": _("own requests may be decided"),
    "accept_after_days": _("days until a request accepts itself"),
    "accept_up_to_minor": _("up to cents"),
}
