"""The Celery application: executes what rows in PostgreSQL schedule."""

import os

from celery import Celery

os.environ.setdefault(
    "DJANGO_SETTINGS_MODULE", f"govapp.settings.{os.environ.get('GOVAPP_ENV', 'dev')}"
)

app = Celery("govapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
