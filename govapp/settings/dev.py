"""Development: what `./run` uses. Loopback only; never for real data."""

from govapp.settings.base import *
from govapp.settings.base import database
from govapp.settings.environment import STATE_DIR, env

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
SEALING_KEYS = env.list("GOVAPP_SEALING_KEY")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
DATABASES = {"default": database()}
CLOCK_IS_SETTABLE = True

WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = STATE_DIR / "mail"
if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))

# Browsers know passkeys on https and on http://localhost; the second is for development.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True

CALLBACKS_MAY_GO_TO_LOOPBACK = True
CALLBACKS_NEED_HTTPS = False
LEDGER_VOUCHERS_MAY_BE_PRIVATE = True

METRICS_FROM_LOOPBACK = True
