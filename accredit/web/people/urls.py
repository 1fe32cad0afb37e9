"""The addresses of the pages about people."""

from django.urls import path

from accredit.web.people import inviting, keys, log, organizations, own

urlpatterns = [
    path("account", own.profile, name="profile"),
    path("account/sessions/end", own.end_sessions, name="end-sessions"),
    path("mailbox", own.mailbox, name="mailbox"),
    path("invitations/<str:token>", inviting.invitation, name="invitation"),
    path("organizations", organizations.organizations, name="organizations"),
    path("organizations/<path:code>/people", organizations.people, name="people"),
    path("organizations/<path:code>/invitations", organizations.invite, name="invite"),
    path("organizations/<path:code>/invitations/<uuid:id>", organizations.change_invitation, name="change-invitation"),
    path("organizations/<path:code>/members/<uuid:id>", organizations.change_member, name="change-member"),
    path("organizations/<path:code>/members/<uuid:id>/switch", organizations.switch_member, name="switch-member"),
    path("organizations/<path:code>/keys", keys.keys, name="keys"),
    path("organizations/<path:code>/keys/<uuid:id>/end", keys.end, name="end-key"),
    path("organizations/<path:code>/log", log.of_organization, name="organization-log"),
    path("programs/<path:code>/people", organizations.program_people, name="program-people"),
    path("programs/<path:code>/log", log.of_program, name="program-log"),
]
