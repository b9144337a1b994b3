"""System checks of this floor."""

from ctypes.util import find_library
from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's name


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
