"""Tests: as development, on servers that the test run starts for itself."""

import os

# Tests bring their own servers (tests/support); nothing of the outside is used by accident.
os.environ.setdefault("DATABASE_URL", "postgres://govapp_app@127.0.0.1:1/govapp")
os.environ.setdefault("SECRET_KEY", "tests-only-" + "0" * 50)
os.environ.setdefault("GOVAPP_SEALING_KEY", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")

from govapp.settings.dev import *

DEBUG = False
TENANT_REBIND_IN_TRANSACTION = True
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MFA_TOTP_PERIOD = 3600  # a used code is remembered for longer than any test takes
CELERY_TASK_ALWAYS_EAGER = False
LEDGER_CHECKPOINT_DIR = None  # a test that wants the files names a directory of its own
