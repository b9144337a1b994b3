#!/usr/bin/env python
"""Django's command line, on the settings that GOVAPP_ENV names (dev, test or prod)."""

import os
import sys


def main() -> None:
    env = os.environ.get("GOVAPP_ENV", "dev")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"govapp.settings.{env}")
    from django.core.management import execute_from_command_line

    import govapp.celery  # noqa: F401 - makes it Celery's current application

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
