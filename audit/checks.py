"""System checks of this floor."""

from ctypes.util import find_library
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name


@register()
def check_pango(**_: Any) -> list[CheckMessage]:
    """Reports are printed by WeasyPrint, which needs Pango from the system."""
    missing = [name for name in ("pango-1.0", "pangoft2-1.0") if find_library(name) is None]
    if not missing:
        return []
    return [
        Warning(
            f"Reports cannot be printed: {' and '.join(missing)} cannot be loaded.",
            hint="apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
            id="audit.W001",
        )
    ]


@register()
def check_vouchers(**_: Any) -> list[CheckMessage]:
    """Whoever vouches for the ledger is named so that it can be asked, and its answers checked."""
    from audit.selectors.directory import asked_vouchers
    from audit.stamps import load_roots

    try:
        asked_vouchers()
        roots = load_roots(settings.LEDGER_TSA_ROOTS)
    except (OSError, ValueError) as error:
        return [Error(f"The ledger cannot be anchored: {error}", id="audit.E001")]
    if settings.LEDGER_TSA_URLS and not roots:
        hint = "Name the files of the authorities' root certificates in GOVAPP_LEDGER_TSA_ROOTS."
        return [Error("Time stamps could not be checked.", hint=hint, id="audit.E002")]
    return []
