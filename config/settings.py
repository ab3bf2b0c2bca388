"""All Django settings; no per-environment variants. Values that differ come from config.env."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from config.admin_theme import UNFOLD as _UNFOLD
from config.env import settings
from config.logging import LOGGING as _LOGGING
from webapp.core.errors import ConfigurationError

BASE_DIR = Path(__file__).resolve().parent.parent

SHOEBOX = settings()
LOGGING = _LOGGING
UNFOLD = _UNFOLD

SECRET_KEY = SHOEBOX.secret_key
DEBUG = False
ALLOWED_HOSTS = list(SHOEBOX.allowed_hosts)

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_htmx",
    "ninja",
    "config",
    "webapp.outbox",
    "webapp.audit",
    "webapp.cluster",
    "webapp.accounts",
    "webapp.images",
    "webapp.healing",
    "webapp.uploads",
    "webapp.imports",
    "webapp.webhooks",
    "webapp.pages",
]

MIDDLEWARE = [
    "webapp.api.metrics.requests_middleware",
    "webapp.api.problems.problems_middleware",
    "webapp.api.read_only.read_only_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webapp.pages.middleware.content_security_policy",
    "webapp.accounts.acting.actor_middleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


# Attempts to connect grow apart for as long as they go on. Given up after as long as a request
# waits, they begin anew with the next one: a database that was away for long is found at once.
POSTGRESQL_POOL = {"min_size": 1, "max_size": 24, "timeout": 10, "reconnect_timeout": 10}
SQLITE_KEPT_SECONDS = 60


def _postgresql(url: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(url)
    except ProgrammingError as error:
        # Of all that libpq says of an address, only this repeats no password.
        said = str(error).strip()
        why = said if "URI query parameter" in said else "not an address that libpq takes"
        raise ConfigurationError(f"SHOEBOX_DATABASE_URL: {why}.") from None


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path.removeprefix("/") if parts.netloc else path,
            # Opening the file anew costs several times a query.
            "CONN_MAX_AGE": SQLITE_KEPT_SECONDS,
            "OPTIONS": {
                # Writers wait for each other instead of failing half way through.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    if parts.scheme == "postgresql":
        given = _postgresql(url)
        return {
            "ENGINE": "config.postgresql",
            "NAME": given.pop("dbname", ""),
            "USER": given.pop("user", ""),
            "PASSWORD": given.pop("password", ""),
            "HOST": given.pop("host", ""),
            "PORT": given.pop("port", ""),
            # A new connection costs fifty times a query: keep them, shared by the threads.
            "OPTIONS": {**given, "pool": POSTGRESQL_POOL},
        }
    raise ConfigurationError(
        f"SHOEBOX_DATABASE_URL: {parts.scheme!r} is neither sqlite nor postgresql."
    )


DATABASES = {"default": _database(SHOEBOX.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "429.html"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

STATIC_URL = "/static/"
# Files are served from the installed packages and our rooms: no collect step, no build step.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STATIC_ROOT = None

_https = SHOEBOX.write_url.startswith("https://")
CSRF_TRUSTED_ORIGINS = [SHOEBOX.write_url]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False  # pages read it, under Django's name for it
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Uploads never pass through Django: the receiver takes them before it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# The relay finds the application by this name, because no room imports config.
CELERY_APP = "config.celery:app"
