"""Streams: where the record is sent on, how that goes, and what can be done about it.

A new secret is shown once, in the answer to the POST itself: it is kept nowhere in between.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, Final, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.exporting.streaming import FORMATS
from audit.forms import RotateForm, StartForm, StreamForm
from audit.models import AuditStream, StreamKind, StreamTest
from audit.readers import check_may_stream
from audit.selectors.streams import StreamRow, get_stream, is_late, list_streams
from audit.services import streams
from audit.views.filters import LABELS
from audit.views.pages import P, View, reader_of, record_page, zone_of
from govapp.common import clock
from govapp.common.errors import DomainError, Forbidden, NotFound
from govapp.common.forms import refusals_on
from govapp.common.ids import InvalidId, parse_public_id

_GET_AND_POST: Final = ["GET", "HEAD", "POST"]


def stream_page(
    view: Callable[Concatenate[HttpRequest, str, P], HttpResponseBase],
) -> View[P]:
    """Wrap a page of streams: for owners and compliance."""

    @wraps(view)
    def page(
        request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        check_may_stream(reader_of(request))
        return view(request, slug, *args, **kwargs)

    return record_page(cast("View[P]", page))


@require_safe
@stream_page
def stream_list(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The streams that there are, with how far each is behind."""
    now = clock.now()
    rows = [(row, FORMATS[row.stream.format].title, is_late(row, now)) for row in list_streams()]
    return render(request, "audit/streams/list.html", _context(request, rows=rows, now=now))


@require_http_methods(_GET_AND_POST)
@never_cache
@stream_page
def stream_create(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Choose how events travel, then make a stream; its secret is in the answer."""
    kind = request.GET.get("kind", "")
    if kind not in StreamKind.values:
        return render(request, "audit/streams/kinds.html", _context(request))
    posted = request.POST if request.method == "POST" else None
    form, start = StreamForm(posted, kind=kind), StartForm(posted)
    if posted is not None and form.is_valid() and start.is_valid():
        with refusals_on(form):
            made, secret = streams.create_stream(
                actor=reader_of(request).as_actor(),
                kind=kind,
                wanted=form.wanted(zone_of(request)),
                start=start.start,
            )
            if secret:
                return _shown_once(request, made, secret)
            messages.success(request, "The stream is made. Send a test to see that it arrives.")
            return redirect("stream_detail", slug, made.public_id)
    context = _context(request, form=form, start=start, kind=StreamKind(kind))
    return _form_page(request, context)


@require_safe
@stream_page
def stream_detail(request: HttpRequest, slug: str, stream: str) -> HttpResponseBase:
    """How one stream stands, and what can be done about it."""
    return _detail_page(request, get_stream(_parse(stream)))


@require_http_methods(_GET_AND_POST)
@stream_page
def stream_change(request: HttpRequest, slug: str, stream: str) -> HttpResponseBase:
    """Change what is sent and where to."""
    found = get_stream(_parse(stream)).stream
    posted = request.POST if request.method == "POST" else None
    form = StreamForm(posted, kind=found.kind, stream=found)
    if posted is not None and form.is_valid():
        with refusals_on(form):
            streams.change_stream(
                actor=reader_of(request).as_actor(),
                stream_id=found.pk,
                wanted=form.wanted(zone_of(request)),
            )
            messages.success(request, "The stream is saved.")
            return redirect("stream_detail", slug, stream)
    return _form_page(request, _context(request, form=form, stream=found))


@require_POST
@never_cache
@stream_page
def stream_rotate(request: HttpRequest, slug: str, stream: str) -> HttpResponseBase:
    """A new secret, shown in the answer."""
    found, form = get_stream(_parse(stream)), RotateForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            secret = streams.rotate_stream_secret(
                actor=reader_of(request).as_actor(),
                stream_id=found.stream.pk,
                overlap=form.overlap,
            )
            return _shown_once(request, get_stream(found.stream.pk).stream, secret)
    return _detail_page(request, found, rotating=form)


@require_POST
@stream_page
def stream_switch(request: HttpRequest, slug: str, stream: str) -> HttpResponseBase:
    """Pause or resume."""
    act = streams.resume_stream if request.POST.get("to") == "active" else streams.pause_stream
    with _flashed(request):
        act(actor=reader_of(request).as_actor(), stream_id=_parse(stream))
        messages.success(request, "Changed.")
    return redirect("stream_detail", slug, stream)


@require_POST
@stream_page
def stream_test(request: HttpRequest, slug: str, stream: str) -> HttpResponseBase:
    """Have a test sent."""
    with _flashed(request):
        streams.ask_for_test(actor=reader_of(request).as_actor(), stream_id=_parse(stream))
    return redirect("stream_detail", slug, stream)


@require_POST
@stream_page
def stream_replay(request: HttpRequest, slug: str, stream: str) -> HttpResponseBase:
    """Put it to another place of the record."""
    found, form = get_stream(_parse(stream)), StartForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            moved = streams.replay_stream(
                actor=reader_of(request).as_actor(), stream_id=found.stream.pk, start=form.start
            )
            messages.success(request, f"It goes on from index {moved.cursor}.")
            return redirect("stream_detail", slug, stream)
    return _detail_page(request, found, moving=form)


@require_POST
@stream_page
def stream_remove(request: HttpRequest, slug: str, stream: str) -> HttpResponseBase:
    """Send nothing more there."""
    streams.remove_stream(actor=reader_of(request).as_actor(), stream_id=_parse(stream))
    messages.success(request, "The stream is removed. What it has sent is not called back.")
    return redirect("stream_list", slug)


def _detail_page(
    request: HttpRequest,
    row: StreamRow,
    *,
    rotating: forms.Form | None = None,
    moving: forms.Form | None = None,
) -> HttpResponseBase:
    now = clock.now()
    context = _context(
        request,
        row=row,
        stream=row.stream,
        is_late=is_late(row, now),
        format=FORMATS[row.stream.format],
        only=[(LABELS.get(name, name), value) for name, value in row.stream.query.items()],
        rotating=rotating or RotateForm(),
        moving=moving or StartForm(),
        now=now,
    )
    status = 422 if rotating or moving else 200
    response = render(request, "audit/streams/detail.html", context, status=status)
    if row.stream.test_state == StreamTest.QUEUED and status == 200:
        # The outcome of a test without a script: the page asks for itself again.
        response["Refresh"] = "2"
    return response


def _form_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    status = 422 if request.method == "POST" else 200
    return render(request, "audit/streams/form.html", context, status=status)


def _shown_once(request: HttpRequest, stream: AuditStream, secret: str) -> HttpResponseBase:
    context = _context(request, stream=stream, secret=secret)
    return render(request, "audit/streams/secret.html", context)


def _context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    return {"nav": "audit", "zone": zone_of(request), **more}


@contextmanager
def _flashed(request: HttpRequest) -> Iterator[None]:
    """Say a refusal above the next page, where a button was pressed and nothing was typed."""
    try:
        yield
    except (Forbidden, NotFound):
        raise
    except DomainError as error:
        messages.error(request, error.detail)


def _parse(name: str) -> UUID:
    try:
        return parse_public_id("ast", name)
    except InvalidId as error:
        raise NotFound("There is no such stream.") from error
