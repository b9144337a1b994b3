"""What of django-allauth's own pages is closed here."""

from typing import Never

from django.http import Http404, HttpRequest


def closed(request: HttpRequest) -> Never:
    """Nobody changes their own address: invitations and review links prove who it is."""
    raise Http404
