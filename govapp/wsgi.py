"""Django's synchronous half."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault(
    "DJANGO_SETTINGS_MODULE", f"govapp.settings.{os.environ.get('GOVAPP_ENV', 'dev')}"
)

import govapp.celery  # noqa: F401 - makes it Celery's current application

application = get_wsgi_application()
