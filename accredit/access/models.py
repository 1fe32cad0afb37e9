"""Who may sign in, and on whose behalf."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from accredit.database.keys import uuid7


class Language(models.TextChoices):
    GERMAN = "de", "Deutsch"
    ENGLISH = "en", "English"


class ColourScheme(models.TextChoices):
    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Density(models.TextChoices):
    """How close the rows of a list stand."""

    COMFORTABLE = "comfortable"
    COMPACT = "compact"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new user, stored. Without a password nobody can sign in as them."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user who signs in with this e-mail, however it is capitalised."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person. The e-mail signs in; it is kept in lower case, so that one address is one user."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    colour_scheme = models.CharField(max_length=5, choices=ColourScheme, default=ColourScheme.AUTO)
    density = models.CharField(max_length=11, choices=Density, default=Density.COMFORTABLE)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="access_user_email_lower_case"),
            models.CheckConstraint(condition=models.Q(language__in=Language.values), name="access_user_language"),
            models.CheckConstraint(
                condition=models.Q(colour_scheme__in=ColourScheme.values), name="access_user_colour_scheme"
            ),
            models.CheckConstraint(condition=models.Q(density__in=Density.values), name="access_user_density"),
        ]

    def __str__(self) -> str:
        return self.email


class OrganizationKind(models.TextChoices):
    AGENCY = "agency"
    ADVERTISER = "advertiser"
    PARTNER = "partner"


class Organization(models.Model):
    """An agency, an advertiser or a partner."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=OrganizationKind)
    code = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    members = models.ManyToManyField(User, through="Membership", related_name="organizations")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=OrganizationKind.values), name="access_organization_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


class Membership(models.Model):
    """A user's part in an organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="access_membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="access_membership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organization} · {self.role}"


class AuditEntry(models.Model):
    """That somebody did something to people, keys or a set-up: append-only. Who and where are plain ids, so that a line
    stays when they are gone; of a person it keeps the name alone, and of a secret nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=60, db_collation="C")
    organization_id = models.UUIDField(null=True)
    program_id = models.UUIDField(null=True)
    subject = models.TextField()
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "id"], name="access_audit_organization"),
            models.Index(fields=["program_id", "id"], name="access_audit_program"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} · {self.action} · {self.subject}"


class Invitation(models.Model):
    """An e-mail that lets a person into an organization. Of its link only the hash is kept; sending it again makes
    another link, and the former one no longer opens."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=6, choices=Role)
    language = models.CharField(max_length=2, choices=Language)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True, db_collation="C")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="access_invitation_open_once",
            ),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="access_invitation_email_lower_case"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="access_invitation_role"),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(withdrawn_at=None), name="access_invitation_one_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.organization} · {self.role}"


class ApiKeyScope(models.TextChoices):
    """What a key was made for; its maker's role bounds it further."""

    READ = "read"
    VALIDATE = "validate"


class ApiKey(models.Model):
    """A key by which a program of somebody's speaks for them, in one organization of theirs. Only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="api_keys")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    beginning = models.CharField(max_length=12, db_collation="C")
    key_hash = models.CharField(max_length=64, unique=True, db_collation="C")
    scope = models.CharField(max_length=8, choices=ApiKeyScope)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(scope__in=ApiKeyScope.values), name="access_api_key_scope"),
            models.CheckConstraint(
                condition=models.Q(created_at__lt=models.F("expires_at")), name="access_api_key_forwards"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.beginning}… · {self.name}"


class Mail(models.Model):
    """An e-mail that the demo shows instead of sending it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    to = models.TextField()
    subject = models.TextField()
    text = models.TextField()
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.to} · {self.subject}"
