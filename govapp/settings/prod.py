"""Production. Refuses to start when something is missing or unsafe, and says what."""

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from govapp.common.logs import logging_config
from govapp.settings.base import *
from govapp.settings.base import ALLAUTH_TRUSTED_PROXY_COUNT, CACHES, LOG_LEVEL, database
from govapp.settings.environment import BASE_URL, env

_SMTP = "django.core.mail.backends.smtp.EmailBackend"
_SHARED_CACHE = "django.core.cache.backends.redis.RedisCache"

# What is missing reads as nothing here, so that all faults are said at once below.
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", default="")
SEALING_KEYS = env.list("GOVAPP_SEALING_KEY", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
DATABASES = {"default": database() if env.str("DATABASE_URL", default="") else {}}

LOGGING = logging_config(as_json=True, level=LOG_LEVEL)

EMAIL_BACKEND = ""
if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def _are_fernet_keys(keys: list[str]) -> bool:
    try:
        return bool([Fernet(key) for key in keys])
    except ValueError:
        return False


def _refuse_what_is_unsafe() -> None:
    behind_proxy = env.bool("BEHIND_TLS_PROXY", default=False)
    wanted = {
        "GOVAPP_BASE_URL must be the public https:// address.": BASE_URL.startswith("https://"),
        # As Django's own check: a short or repeated text is no secret.
        "SECRET_KEY must have at least 50 characters, all random.": len(SECRET_KEY) >= 50
        and len(set(SECRET_KEY)) >= 5,
        "ALLOWED_HOSTS must name the hosts that are served.": ALLOWED_HOSTS
        and "*" not in ALLOWED_HOSTS,
        "GOVAPP_SEALING_KEY must hold at least one Fernet key.": _are_fernet_keys(SEALING_KEYS),
        "DATABASE_URL must name the database.": DATABASES["default"],
        "REDIS_URL must name the Valkey server.": env.str("REDIS_URL", default="").startswith(
            ("redis://", "rediss://", "unix://")
        ),
        # Kept by each process alone, a limit on logins is as many limits as there are processes.
        "CACHES must be shared by all processes.": CACHES["default"]["BACKEND"] == _SHARED_CACHE,
        # Mails carry tokens; a file or a log is no place for them.
        "EMAIL_URL must name an SMTP server.": EMAIL_BACKEND == _SMTP,
        "CALLBACKS_MAY_GO_TO_LOOPBACK is for development only.": not env.bool(
            "CALLBACKS_MAY_GO_TO_LOOPBACK", default=False
        ),
        # Otherwise the limit on logins counts the proxy, and locks everybody out at once.
        "ALLAUTH_TRUSTED_PROXY_COUNT must say how many proxies stand in front.": not behind_proxy
        or ALLAUTH_TRUSTED_PROXY_COUNT > 0,
    }
    faults = [sentence for sentence, holds in wanted.items() if not holds]
    if faults:
        raise ImproperlyConfigured("Govapp does not start: " + " ".join(faults))


_refuse_what_is_unsafe()
