"""Production refuses to start when something is missing or unsafe, and says what."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest
from django.conf import settings

GOOD = {
    "GOVAPP_ENV": "prod",
    "DJANGO_SETTINGS_MODULE": "govapp.settings.prod",
    "GOVAPP_BASE_URL": "https://govapp.example",
    "SECRET_KEY": "".join(f"{number:x}" for number in range(100, 140)),
    "GOVAPP_SEALING_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "ALLOWED_HOSTS": "govapp.example",
    "DATABASE_URL": "postgres://govapp_app:secret@db.example/govapp",
    "REDIS_URL": "redis://valkey.example:6379/0",
    "EMAIL_URL": "smtp+tls://user:secret@mail.example:587",
}
MISSING = None

FAULTS: list[tuple[str, str | None, str]] = [
    ("SECRET_KEY", MISSING, "SECRET_KEY must have at least 50 characters, all random."),
    ("SECRET_KEY", "short", "SECRET_KEY must have at least 50 characters, all random."),
    ("SECRET_KEY", "a" * 60, "SECRET_KEY must have at least 50 characters, all random."),
    ("GOVAPP_SEALING_KEY", MISSING, "GOVAPP_SEALING_KEY must hold at least one Fernet key."),
    ("GOVAPP_SEALING_KEY", "", "GOVAPP_SEALING_KEY must hold at least one Fernet key."),
    ("GOVAPP_SEALING_KEY", "no key", "GOVAPP_SEALING_KEY must hold at least one Fernet key."),
    ("GOVAPP_BASE_URL", MISSING, "GOVAPP_BASE_URL must be the public https:// address."),
    ("GOVAPP_BASE_URL", "http://x.example", "GOVAPP_BASE_URL must be the public https:// address."),
    ("ALLOWED_HOSTS", MISSING, "ALLOWED_HOSTS must name the hosts that are served."),
    ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS must name the hosts that are served."),
    ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS must name the hosts that are served."),
    ("ALLOWED_HOSTS", "a.example,*", "ALLOWED_HOSTS must name the hosts that are served."),
    ("DATABASE_URL", MISSING, "DATABASE_URL must name the database."),
    ("REDIS_URL", MISSING, "REDIS_URL must name the Valkey server."),
    ("REDIS_URL", "memory://", "REDIS_URL must name the Valkey server."),
    ("EMAIL_URL", MISSING, "EMAIL_URL must name an SMTP server."),
    ("EMAIL_URL", "consolemail://", "EMAIL_URL must name an SMTP server."),
    ("EMAIL_URL", "filemail:///tmp", "EMAIL_URL must name an SMTP server."),
    (
        "CALLBACKS_MAY_GO_TO_LOOPBACK",
        "true",
        "CALLBACKS_MAY_GO_TO_LOOPBACK is for development only.",
    ),
    (
        "BEHIND_TLS_PROXY",
        "true",
        "ALLAUTH_TRUSTED_PROXY_COUNT must say how many proxies stand in front.",
    ),
]


def start(code: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python under production's settings, with some values changed or taken away."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    wanted = kept | GOOD | {name: value or "" for name, value in changed.items()}
    for name, value in changed.items():
        if value is MISSING:
            del wanted[name]
    return subprocess.run(
        [sys.executable, "-c", code],
        env=wanted, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


def test_good_values_start() -> None:
    done = start("import govapp.settings.prod")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("name", "value", "sentence"), FAULTS)
def test_each_fault_is_named(name: str, value: str | None, sentence: str) -> None:
    done = start("import govapp.settings.prod", **{name: value})
    said = done.stderr.strip().splitlines()[-1].partition(": ")[2]
    assert (done.returncode, said) == (1, f"Govapp does not start: {sentence}")


@pytest.mark.parametrize("name", ["GOVAPP_LEDGER_TSA_URLS", "LEDGER_TSA_URLS"])
def test_the_time_stamping_authorities_are_read_under_both_names(name: str) -> None:
    done = start(
        "from govapp.settings.prod import LEDGER_TSA_URLS as urls; print(*urls)",
        **{name: "https://one.example/tsr,https://two.example/tsr"},
    )
    assert done.stdout.split() == ["https://one.example/tsr", "https://two.example/tsr"]


def test_all_faults_are_said_at_once() -> None:
    done = start("import govapp.settings.prod", SECRET_KEY=MISSING, EMAIL_URL=MISSING)
    said = done.stderr.strip().splitlines()[-1]
    assert "SECRET_KEY must" in said
    assert "EMAIL_URL must" in said


def test_a_refusal_repeats_no_secret() -> None:
    done = start("import govapp.settings.prod", SECRET_KEY="hunter2", ALLOWED_HOSTS="*")
    assert done.returncode == 1
    assert "hunter2" not in done.stderr
    assert "secret@" not in done.stderr


def test_djangos_own_check_finds_nothing() -> None:
    done = start(
        "import sys; from django.core.management import execute_from_command_line as run;"
        "run(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"System check identified no issues \(\d+ silenced\)\.", done.stdout)


def test_production_switches_off_what_is_for_development() -> None:
    names = (
        "DEBUG", "CLOCK_IS_SETTABLE", "TENANT_REBIND_IN_TRANSACTION", "CALLBACKS_NEED_HTTPS",
        "CALLBACKS_MAY_GO_TO_LOOPBACK", "SECURE_SSL_REDIRECT", "USE_X_FORWARDED_HOST",
    )  # fmt: skip
    done = start(
        "import json; from django.conf import settings;"
        f"print(json.dumps({{name: getattr(settings, name) for name in {names}}}))",
        DEBUG="true",
    )
    assert json.loads(done.stdout) == {
        "DEBUG": False,
        "CLOCK_IS_SETTABLE": False,
        "TENANT_REBIND_IN_TRANSACTION": False,
        "CALLBACKS_NEED_HTTPS": True,
        "CALLBACKS_MAY_GO_TO_LOOPBACK": False,
        "SECURE_SSL_REDIRECT": True,
        "USE_X_FORWARDED_HOST": False,
    }


# Older ones have a fault that reaches us (design: security page).
LEAST = {
    "django": (5, 2, 19),
    "djangorestframework": (3, 18),
    "django-allauth": (65, 21, 1),
    "weasyprint": (70,),
}


@pytest.mark.parametrize("name", LEAST)
def test_libraries_are_recent_enough(name: str) -> None:
    installed = tuple(int(part) for part in re.findall(r"\d+", version(name))[:3])
    assert installed >= LEAST[name]
