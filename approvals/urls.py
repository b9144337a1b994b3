"""Addresses of this floor."""

from django.urls import URLPattern, URLResolver, path

from approvals.views.live import live

urlpatterns: list[URLPattern | URLResolver] = [
    path("t/<slug:slug>/live/", live, name="live"),
]
