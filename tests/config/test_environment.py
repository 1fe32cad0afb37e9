"""What the environment says: read, checked, and refused in a sentence where it is wrong."""

from pathlib import Path

import pytest

from accredit.config import environment


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "STATE_DIR", "DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_POOL_SIZE", "ALLOWED_HOSTS", "PUBLIC_URL",
        "SECRET_KEY", "DEMO_ORDERS", "LOG_LEVEL", "SMTP_URL", "MAIL_FROM", "OIDC_ISSUER", "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET",
    ):  # fmt: skip
        monkeypatch.delenv(f"ACCREDIT_{name}", raising=False)


def test_a_checkout_keeps_everything_in_one_folder() -> None:
    assert environment.state_folder() == environment.CHECKOUT / ".accredit"


def test_an_installation_without_a_checkout_must_name_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    with pytest.raises(environment.WrongSetting, match="Set ACCREDIT_STATE_DIR"):
        environment.state_folder()


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        (
            "postgresql://shop:s%40fe@db.example.com:5433/accredit?sslmode=verify-full",
            {"NAME": "accredit", "USER": "shop", "PASSWORD": "s@fe", "HOST": "db.example.com", "PORT": "5433",
             "OPTIONS": {"sslmode": "verify-full"}},
        ),
        (
            "postgresql://accredit_app@/accredit?host=%2Fvar%2Frun%2Fpost%20gres",
            {"NAME": "accredit", "USER": "accredit_app", "PASSWORD": "", "HOST": "/var/run/post gres", "PORT": "",
             "OPTIONS": {}},
        ),
    ],
)  # fmt: skip
def test_a_database_url_is_taken_apart(url: str, parts: dict[str, object]) -> None:
    assert environment.database(url) == {"ENGINE": "django.db.backends.postgresql", **parts}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("STATE_DIR", "somewhere", "ACCREDIT_STATE_DIR is 'somewhere': it must be an absolute path"),
        ("ALLOWED_HOSTS", " , ", "ACCREDIT_ALLOWED_HOSTS names no host"),
        ("PUBLIC_URL", "partners.example.com", "must look like https://partners.example.com"),
        ("PUBLIC_URL", "https://partners.example.com/sub", "must look like https://partners.example.com"),
        (
            "TRACKER_URL",
            "track.example.com",
            "ACCREDIT_TRACKER_URL is 'track.example.com': it must look like https://track",
        ),
        (
            "DEMO_SHOP_URL",
            "http:///shop",
            "ACCREDIT_DEMO_SHOP_URL is 'http:///shop': it must look like http://localhost",
        ),
        ("DATABASE_POOL_SIZE", "many", "ACCREDIT_DATABASE_POOL_SIZE is 'many': it must be a whole number"),
        ("SECRET_KEY", "short", "ACCREDIT_SECRET_KEY is shorter than 50 characters"),
        ("DATABASE_URL", "postgresql://db/accredit", "must name user and database"),
        ("DATABASE_URL", "mysql://u@db/accredit", "ACCREDIT_DATABASE_URL is no URL of PostgreSQL"),
        ("LOG_LEVEL", "loud", "ACCREDIT_LOG_LEVEL is 'loud': it must be one of DEBUG, INFO, WARNING, ERROR"),
        ("ARCHIVE_DIR", "archive", "ACCREDIT_ARCHIVE_DIR is 'archive': it must be an absolute path"),
        ("CLICK_DAYS", "0", "ACCREDIT_CLICK_DAYS is '0': it must be a whole number of days from 1 to 36500"),
        ("CLICK_DAYS", "a year", "ACCREDIT_CLICK_DAYS is 'a year': it must be a whole number of days"),
        ("SMTP_URL", "mail.example.com", "ACCREDIT_SMTP_URL must look like smtps://user:password@mail.example.com"),
        ("SMTP_URL", "smtp://mail.example.com:many", "ACCREDIT_SMTP_URL must look like"),
        ("SMTP_URL", "smtp://mail.example.com", "Set ACCREDIT_MAIL_FROM to the address that e-mails come from"),
        ("OIDC_ISSUER", "https://id.example.com", "set ACCREDIT_OIDC_CLIENT_ID, ACCREDIT_OIDC_CLIENT_SECRET too"),
        ("DEMO_ORDERS", "/nowhere.csv", "ACCREDIT_DEMO_ORDERS is '/nowhere.csv': there is no such file"),
    ],
)
def test_what_is_wrong_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"ACCREDIT_{name}", value)
    with pytest.raises(environment.WrongSetting, match=sentence):
        {
            "STATE_DIR": environment.state_folder,
            "ALLOWED_HOSTS": environment.allowed_hosts,
            "TRACKER_URL": environment.tracker_url,
            "DEMO_SHOP_URL": environment.demo_shop_url,
            "PUBLIC_URL": environment.public_url,
            "DATABASE_POOL_SIZE": environment.database_pool_size,
            "SECRET_KEY": lambda: environment.secret_key(tmp_path),
            "DATABASE_URL": lambda: environment.database(environment.own_database_url() or ""),
            "LOG_LEVEL": environment.log_level,
            "ARCHIVE_DIR": lambda: environment.archive_folder(tmp_path),
            "CLICK_DAYS": environment.click_days,
            "DEMO_ORDERS": environment.demo_orders,
            "SMTP_URL": environment.mail_settings,
            "OIDC_ISSUER": environment.sign_in_provider,
        }[name]()


def test_the_secret_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    key = environment.secret_key(tmp_path / "state")
    assert len(key) >= 50
    assert environment.secret_key(tmp_path / "state") == key
    assert [(file.name, file.stat().st_mode & 0o777) for file in (tmp_path / "state").iterdir()] == [
        ("secret_key", 0o600)
    ]


def test_a_database_of_ones_own_needs_a_secret_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ACCREDIT_DATABASE_URL", "postgresql://u@db/accredit")
    with pytest.raises(environment.WrongSetting, match="Set ACCREDIT_SECRET_KEY to 50 or more random characters"):
        environment.secret_key(tmp_path)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("smtps://me:s%40fe@mail.example.com", ("mail.example.com", 465, "me", "s@fe", True, False)),
        ("smtp://mail.example.com", ("mail.example.com", 587, "", "", False, True)),
        ("smtp://localhost:25?starttls=no", ("localhost", 25, "", "", False, False)),
    ],
)
def test_where_e_mail_is_sent(monkeypatch: pytest.MonkeyPatch, url: str, parts: tuple[object, ...]) -> None:
    monkeypatch.setenv("ACCREDIT_SMTP_URL", url)
    monkeypatch.setenv("ACCREDIT_MAIL_FROM", "Partners <partners@example.com>")
    said = environment.mail_settings()
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_SSL", "USE_TLS")
    assert tuple(said[f"EMAIL_{name}"] for name in names) == parts
    assert said["DEFAULT_FROM_EMAIL"] == "Partners <partners@example.com>"


def test_without_a_server_e_mails_are_in_the_log_and_in_the_demo_on_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCREDIT_DEMO_SHOP_URL", raising=False)
    assert environment.mail_settings()["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"
    monkeypatch.setenv("ACCREDIT_DEMO_SHOP_URL", "http://localhost:8200")
    assert environment.mail_settings()["EMAIL_BACKEND"] == "accredit.access.mailing.KeepInMailbox"


def test_another_provider_is_offered_where_all_of_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.sign_in_provider() is None
    for name, value in (("ISSUER", "http://id.example.com"), ("CLIENT_ID", "a"), ("CLIENT_SECRET", "b")):
        monkeypatch.setenv(f"ACCREDIT_OIDC_{name}", value)
    with pytest.raises(environment.WrongSetting, match="must look like https://login"):
        environment.sign_in_provider()
    monkeypatch.setenv("ACCREDIT_OIDC_ISSUER", "https://id.example.com")
    provider = environment.sign_in_provider()
    assert provider
    assert provider["name"] == "id.example.com"
