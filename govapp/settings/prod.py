"""Production. Refuses to start when something is missing or unsafe, and says what."""

from django.core.exceptions import ImproperlyConfigured

from govapp.settings.base import *
from govapp.settings.base import BASE_URL, database, env

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
SEALING_KEYS = env.list("GOVAPP_SEALING_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
DATABASES = {"default": database()}

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
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


def _refuse_what_is_unsafe() -> None:
    faults = []
    if not BASE_URL.startswith("https://"):
        faults.append("GOVAPP_BASE_URL must be the public https:// address.")
    if len(SECRET_KEY) < 50:
        faults.append("SECRET_KEY must have at least 50 characters.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        faults.append("ALLOWED_HOSTS must name the hosts that are served.")
    if not SEALING_KEYS:
        faults.append("GOVAPP_SEALING_KEY must hold at least one Fernet key.")
    if env.bool("CALLBACKS_MAY_GO_TO_LOOPBACK", default=False):
        faults.append("CALLBACKS_MAY_GO_TO_LOOPBACK is for development only.")
    if faults:
        raise ImproperlyConfigured("Govapp does not start: " + " ".join(faults))


_refuse_what_is_unsafe()
