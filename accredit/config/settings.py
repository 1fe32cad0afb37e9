"""Django's settings, from the environment (see `environment.py`)."""

from accredit.config import environment
from accredit.database import embedded

STATE_DIR = environment.state_folder()
SECRET_KEY = environment.secret_key(STATE_DIR)
DEBUG = False
ALLOWED_HOSTS = environment.allowed_hosts()

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "accredit.database",
    "accredit.access",
    "accredit.ledger",
    "accredit.imports",
    "accredit.programs",
    "accredit.tracking",
    "accredit.jobs",
    "accredit.lists",
    "accredit.conversions",
    "accredit.conversion_requests",
    "accredit.web",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "procrastinate.contrib.django",
    "accredit.worker",
]
# Loaded by those who run tasks or ask for one, and not whenever a command starts.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = ["accredit.jobs.tasks", "accredit.conversion_requests.tasks", "accredit.worker.tasks"]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accredit.config.security.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accredit.web.preferences.UserLanguage",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "accredit.config.urls"
WSGI_APPLICATION = "accredit.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accredit.config.security.csp_nonce",
            ],
        },
    },
]

DATABASE_URL = environment.own_database_url() or embedded.cluster_in(STATE_DIR).url(embedded.APPLICATION)
DATABASE_OWNER_URL = environment.owner_database_url() or embedded.cluster_in(STATE_DIR).url(embedded.OWNER)
"""As whom migrations run (`accredit migrate`)."""
DATABASES = {"default": environment.database(DATABASE_URL)}
if pool_size := environment.database_pool_size():
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool_size}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASE_APPLICATION_ROLE = DATABASES["default"]["USER"]
"""To whom migrations grant what the application may do."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accredit.access.passwords.NotLikeYourself", "OPTIONS": {"user_attributes": ("name", "email")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "accredit.web.people.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation comes by e-mail: whoever accepts it has read it
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "accredit.web.people.adapters.TwoFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Accredit"
MFA_TOTP_TOLERANCE = 1  # clocks of phones differ by some seconds
SOCIALACCOUNT_ADAPTER = "accredit.web.people.adapters.ProviderAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # the policy admits no form that another host answers
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SIGN_IN_PROVIDER = environment.sign_in_provider()
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [SIGN_IN_PROVIDER] if SIGN_IN_PROVIDER else []}}

# Attempts to sign in are counted here, for all processes together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "access_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

FILE_UPLOAD_HANDLERS = [
    "accredit.web.uploading.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # terms with many groups and rules are one form
LANGUAGE_CODE = "en"
LANGUAGES = [("de", "Deutsch"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "accredit.web.vendor.VendorFinder",
]
STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

ARCHIVE_FOLDER = environment.archive_folder(STATE_DIR)
CLICK_DAYS = environment.click_days()
JOB_FOLDER = STATE_DIR / "jobs"
JOB_DAYS = environment.job_days()

PUBLIC_URL = environment.public_url()
ENCRYPTED = bool(PUBLIC_URL and PUBLIC_URL.startswith("https://"))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENCRYPTED else None
SECURE_SSL_REDIRECT = ENCRYPTED
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 365 * 86_400 if ENCRYPTED else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENCRYPTED
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 86_400
LOGIN_URL = LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "web:home"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENCRYPTED
TRUSTED_PROXIES = environment.trusted_proxies()
CSRF_FAILURE_VIEW = "accredit.web.pages.forbidden"

globals().update(environment.mail_settings())
IS_DEMO = environment.demo_shop_url() is not None
"""Whether e-mails are kept on a page: `accredit demo run` made this installation."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.log_level()},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},  # a page that somebody asked for and that is not there is no news
    },
}
