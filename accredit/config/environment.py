"""What the environment says, read once and checked: every variable of Accredit is read here."""

import os
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

CHECKOUT = Path(__file__).resolve().parents[2]
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class WrongSetting(ValueError):
    """A variable of the environment that Accredit cannot work with. The message names it and says what would be
    right."""


def state_folder() -> Path:
    """The one folder in which this installation keeps what it stores: ACCREDIT_STATE_DIR, else `.accredit` in the
    checkout. Raises WrongSetting where there is neither."""
    if value := os.environ.get("ACCREDIT_STATE_DIR"):
        folder = Path(value)
        if not folder.is_absolute():
            raise WrongSetting(f"ACCREDIT_STATE_DIR is {value!r}: it must be an absolute path")
        return folder
    if (CHECKOUT / "pyproject.toml").exists():
        return CHECKOUT / ".accredit"
    raise WrongSetting("Set ACCREDIT_STATE_DIR to the absolute path of the folder in which Accredit stores"
                               " its things")  # fmt: skip


def own_database_url() -> str | None:
    """The URL of one's own PostgreSQL server, where ACCREDIT_DATABASE_URL names one."""
    return os.environ.get("ACCREDIT_DATABASE_URL") or None


def owner_database_url() -> str | None:
    """How migrations connect to one's own server: ACCREDIT_DATABASE_OWNER_URL, else as everything else does."""
    return os.environ.get("ACCREDIT_DATABASE_OWNER_URL") or own_database_url()


def database(url: str) -> dict[str, Any]:
    """Django's settings for a libpq URL. Raises WrongSetting where it is none or names no database."""
    try:
        parts = dict(conninfo_to_dict(url))
    except ProgrammingError as error:
        raise WrongSetting(f"ACCREDIT_DATABASE_URL is no URL of PostgreSQL: {error}") from error
    name, user = parts.pop("dbname", None), parts.pop("user", None)
    if not name or not user:
        raise WrongSetting(
            "ACCREDIT_DATABASE_URL must name user and database, as in postgresql://user:password@host:5432/accredit"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": user,
        "PASSWORD": parts.pop("password", None) or "",
        "HOST": parts.pop("host", None) or "",
        "PORT": str(parts.pop("port", None) or ""),
        "OPTIONS": parts,
    }


def database_pool_size() -> int:
    """Connections that a serving process keeps open: ACCREDIT_DATABASE_POOL_SIZE; 0, the default, opens one for each
    request. Raises WrongSetting where it is no number."""
    text = os.environ.get("ACCREDIT_DATABASE_POOL_SIZE", "0")
    if not text.isdecimal():
        raise WrongSetting(f"ACCREDIT_DATABASE_POOL_SIZE is {text!r}: it must be a whole number")
    return int(text)


def allowed_hosts() -> list[str]:
    """Host names that pages answer to: ACCREDIT_ALLOWED_HOSTS, separated by commas; else this machine alone.
    Raises WrongSetting where there are none."""
    text = os.environ.get("ACCREDIT_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    if hosts := [host.strip() for host in text.split(",") if host.strip()]:
        return hosts
    raise WrongSetting("ACCREDIT_ALLOWED_HOSTS names no host: list those of the pages, separated by commas")


def public_url() -> str | None:
    """The address under which people reach the pages: ACCREDIT_PUBLIC_URL, such as https://partners.example.com. With
    https, cookies are for https alone. Raises WrongSetting where it is no http(s) address of a host."""
    return _address("ACCREDIT_PUBLIC_URL", "https://partners.example.com")


def _address(name: str, example: str) -> str | None:
    url = os.environ.get(name)
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise WrongSetting(f"{name} is {url!r}: it must look like {example}")
    return url.rstrip("/")


def secret_key(state: Path) -> str:
    """ACCREDIT_SECRET_KEY; with the embedded database a key that is made once and kept beside it. Raises
    WrongSetting for a short one, and for none with a server of one's own: all its machines need the same."""
    if key := os.environ.get("ACCREDIT_SECRET_KEY"):
        if len(key) < 50:
            raise WrongSetting("ACCREDIT_SECRET_KEY is shorter than 50 characters: choose it at random")
        return key
    if own_database_url():
        raise WrongSetting("Set ACCREDIT_SECRET_KEY to 50 or more random characters: it signs sessions, and"
                                   " ACCREDIT_DATABASE_URL says that this is more than a trial")  # fmt: skip
    file = state / "secret_key"
    if not file.exists():
        state.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"secret_key-{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(48))
        try:
            os.link(partial, file)  # of two processes at once, the first one's key holds
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return file.read_text()


def log_level() -> str:
    """The least of the levels that are logged: ACCREDIT_LOG_LEVEL. Raises WrongSetting where it is none of
    LOG_LEVELS."""
    level = os.environ.get("ACCREDIT_LOG_LEVEL", "WARNING")
    if level in LOG_LEVELS:
        return level
    raise WrongSetting(f"ACCREDIT_LOG_LEVEL is {level!r}: it must be one of {', '.join(LOG_LEVELS)}")


def demo_orders() -> Path | None:
    """The shop's invoices for the demo: ACCREDIT_DEMO_ORDERS, else the file of the shared data beside the checkout;
    None where there is neither, and orders of the same shape are generated. Raises WrongSetting where
    ACCREDIT_DEMO_ORDERS names no file."""
    if value := os.environ.get("ACCREDIT_DEMO_ORDERS"):
        if not Path(value).is_file():
            raise WrongSetting(f"ACCREDIT_DEMO_ORDERS is {value!r}: there is no such file")
        return Path(value)
    beside = CHECKOUT.parent / "shared" / "data" / "online_retail" / "online_retail.csv.gz"
    return beside if beside.is_file() else None


def tracker_url() -> str | None:
    """Where browsers and shops reach the tracker: ACCREDIT_TRACKER_URL. Raises WrongSetting where it is no http(s)
    address of a host."""
    return _address("ACCREDIT_TRACKER_URL", "https://track.example.com")


def trusted_proxies() -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks of the proxies whose X-Forwarded-For the tracker believes: ACCREDIT_TRUSTED_PROXIES, separated by
    commas; none by default. Raises WrongSetting for what is no network."""
    text = os.environ.get("ACCREDIT_TRUSTED_PROXIES", "")
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise WrongSetting(
            f"ACCREDIT_TRUSTED_PROXIES is {text!r}: {error}. It must look like 127.0.0.1, 10.0.0.0/8"
        ) from error


def tracker_address_limit() -> int:
    """Requests a second that the tracker takes of one address: ACCREDIT_TRACKER_ADDRESS_LIMIT; 0 is no limit. Raises
    WrongSetting where it is no number."""
    return _whole_number("ACCREDIT_TRACKER_ADDRESS_LIMIT", 50)


def tracker_key_limit() -> int:
    """Signed calls a second that the tracker takes of one key: ACCREDIT_TRACKER_KEY_LIMIT; 0 is no limit. Raises
    WrongSetting where it is no number."""
    return _whole_number("ACCREDIT_TRACKER_KEY_LIMIT", 1000)


def _whole_number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()):
        raise WrongSetting(f"{name} is {text!r}: it must be a whole number")
    return int(text)


def metrics_token() -> str | None:
    """What opens the tracker's /metrics, also from elsewhere: ACCREDIT_METRICS_TOKEN; without it they are for this
    machine alone. Raises WrongSetting for one that can be guessed."""
    token = os.environ.get("ACCREDIT_METRICS_TOKEN")
    if token and len(token) < 20:
        raise WrongSetting("ACCREDIT_METRICS_TOKEN is shorter than 20 characters: choose it at random")
    return token or None


def demo_shop_url() -> str | None:
    """Where browsers reach the demo's shop: ACCREDIT_DEMO_SHOP_URL; `accredit demo run` sets it. Raises WrongSetting
    where it is no http(s) address of a host."""
    return _address("ACCREDIT_DEMO_SHOP_URL", "http://localhost:8200")


def archive_folder(state: Path) -> Path:
    """Where old clicks go as Parquet files: ACCREDIT_ARCHIVE_DIR, else `archive` in the state folder. Raises
    WrongSetting where it is no absolute path."""
    value = os.environ.get("ACCREDIT_ARCHIVE_DIR")
    if value and not Path(value).is_absolute():
        raise WrongSetting(f"ACCREDIT_ARCHIVE_DIR is {value!r}: it must be an absolute path")
    return Path(value) if value else state / "archive"


def click_days() -> int:
    """For how many days beyond the longest referral window the log keeps the clicks of programs that do not say so
    themselves: ACCREDIT_CLICK_DAYS, else 400. Raises WrongSetting where it is no number of days."""
    return _days("ACCREDIT_CLICK_DAYS", "400")


def job_days() -> int:
    """For how many days jobs and the files that they made are kept after their end: ACCREDIT_JOB_DAYS, else 14. Raises
    WrongSetting where it is no number of days."""
    return _days("ACCREDIT_JOB_DAYS", "14")


def _days(name: str, default: str) -> int:
    text = os.environ.get(name, default)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= 36_500):
        raise WrongSetting(f"{name} is {text!r}: it must be a whole number of days from 1 to 36500")
    return int(text)


def mail_settings() -> dict[str, Any]:
    """Django's settings for sending e-mail, from ACCREDIT_SMTP_URL: smtps://user:password@host for TLS from the start,
    smtp://user:password@host:587 for STARTTLS, with ?starttls=no for a server that has none. Without it the demo keeps
    e-mails on a page of its own, and everybody else finds them in the log. Raises WrongSetting."""
    url = os.environ.get("ACCREDIT_SMTP_URL")
    sender = os.environ.get("ACCREDIT_MAIL_FROM", "")
    if not url:
        kept = "accredit.access.mailing.KeepInMailbox" if demo_shop_url() else None
        return {
            "EMAIL_BACKEND": kept or "django.core.mail.backends.console.EmailBackend",
            "DEFAULT_FROM_EMAIL": sender or "Accredit <accredit@localhost>",
        }
    parts = urlsplit(url)
    starttls = parse_qs(parts.query).get("starttls", ["yes"])[-1]
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == -1 or starttls not in ("yes", "no"):
        raise WrongSetting("ACCREDIT_SMTP_URL must look like smtps://user:password@mail.example.com or"
                                   " smtp://user:password@mail.example.com:587")  # fmt: skip
    if "@" not in sender:
        raise WrongSetting("Set ACCREDIT_MAIL_FROM to the address that e-mails come from, such as Partners"
                                   " <partners@example.com>: ACCREDIT_SMTP_URL says that they are sent")  # fmt: skip
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and starttls == "yes",
        "EMAIL_TIMEOUT": 20,
        "DEFAULT_FROM_EMAIL": sender,
    }


def sign_in_provider() -> dict[str, Any] | None:
    """An OpenID Connect provider that people may sign in with, as allauth has it: ACCREDIT_OIDC_ISSUER,
    ACCREDIT_OIDC_CLIENT_ID and ACCREDIT_OIDC_CLIENT_SECRET, with ACCREDIT_OIDC_NAME on its button. None without them.
    Raises WrongSetting where only some of them are set, and for an issuer without https."""
    names = ("ACCREDIT_OIDC_ISSUER", "ACCREDIT_OIDC_CLIENT_ID", "ACCREDIT_OIDC_CLIENT_SECRET")
    issuer, client_id, secret = (os.environ.get(name, "") for name in names)
    if not (issuer or client_id or secret):
        return None
    if missing := [name for name in names if not os.environ.get(name)]:
        raise WrongSetting(f"To sign in with OpenID Connect, set {', '.join(missing)} too")
    parts = urlsplit(issuer)
    if parts.scheme != "https" or not parts.hostname:
        raise WrongSetting(f"ACCREDIT_OIDC_ISSUER is {issuer!r}: it must look like https://login.example.com")
    return {
        "provider_id": "oidc",
        "name": os.environ.get("ACCREDIT_OIDC_NAME") or parts.hostname,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": issuer},
    }
