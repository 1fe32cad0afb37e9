"""Addresses that django-allauth looks up by names of its own. What is not here is not offered: no sign-up, no codes by
e-mail, no other e-mail addresses."""

from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.urls import path, re_path

from accredit.web.people import own, signing_in

urlpatterns = [
    path("sign-in", signing_in.sign_in, name="account_login"),
    path("sign-out", signing_in.sign_out, name="account_logout"),
    path("sign-in/switched-off", signing_in.switched_off, name="account_inactive"),
    path("sign-in/second-factor", signing_in.use_second_factor, name="mfa_authenticate"),
    path("sign-in/passkey", signing_in.sign_in_by_passkey, name="mfa_login_webauthn"),
    path("sign-in/forgot", signing_in.forgot, name="account_reset_password"),
    path("sign-in/forgot/sent", signing_in.forgot_sent, name="account_reset_password_done"),
    re_path(
        r"^sign-in/new-password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)$",
        signing_in.choose_password,
        name="account_reset_password_from_key",
    ),
    path("sign-in/new-password", signing_in.password_chosen, name="account_reset_password_from_key_done"),
    path("sign-in/with/<str:provider_id>", openid_connect.login, name="openid_connect_login"),
    path("sign-in/with/<str:provider_id>/callback", openid_connect.callback, name="openid_connect_callback"),
    path("sign-in/cancelled", signing_in.provider_refused, name="socialaccount_login_cancelled"),
    path("account/confirm", signing_in.confirm, name="account_reauthenticate"),
    path("account/confirm/code", signing_in.confirm_by_code, name="mfa_reauthenticate"),
    path("account/confirm/passkey", signing_in.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("account/password", signing_in.change_password, name="account_change_password"),
    path("account/password/first", signing_in.set_password, name="account_set_password"),
    path("account/security", signing_in.show_second_factor, name="mfa_index"),
    path("account/security/app", signing_in.add_app, name="mfa_activate_totp"),
    path("account/security/app/remove", signing_in.remove_app, name="mfa_deactivate_totp"),
    path("account/security/recovery-codes", signing_in.show_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/security/recovery-codes.txt", signing_in.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("account/security/recovery-codes/new", signing_in.make_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/security/passkeys", own.to_security, name="mfa_list_webauthn"),
    path("account/security/passkeys/add", signing_in.add_passkey, name="mfa_add_webauthn"),
    path("account/security/passkeys/<int:pk>", signing_in.rename_passkey, name="mfa_edit_webauthn"),
    path("account/security/passkeys/<int:pk>/remove", signing_in.remove_passkey, name="mfa_remove_webauthn"),
    path("account/sessions", own.sessions, name="usersessions_list"),
]
