"""`pages`: inbox, action page and record, as a logged-in person gets them from the server."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from govapp.bench.copies import copy_pending
from govapp.bench.figures import Figure, at_most, median, missing
from govapp.bench.ground import Ground, as_superuser
from govapp.bench.http import timed
from govapp.bench.readers import make_readers

if TYPE_CHECKING:
    from django.test import Client

    from tenants.models import Membership

_ROWS = 200
_MANY_ROWS = 10_000
_TIMES_AT_MOST = 2.0


def run(ground: Ground) -> Iterator[Figure]:
    """Yield time, statements and size for each page."""
    from django.urls import NoReverseMatch, reverse

    with as_superuser(ground) as connection:
        # The floor writes rows of the same size as an event's; no page could read them.
        connection.execute("DELETE FROM audit_ledgerevent WHERE get_byte(body, 0) <> ascii('{')")
    copy_pending(ground, ground.size(_ROWS, 3))
    request = ground.company.submit()
    slug = ground.company.slug
    for name, view, more in (
        ("inbox", "inbox", {}),
        ("action page", "request_detail", {"request_id": request.pk}),
        ("record", "audit_log", {}),
    ):
        try:
            path = reverse(view, kwargs={"slug": slug, **more})
        except NoReverseMatch:
            path = f"/t/{slug}/{_PATHS[view].format(request.public_id)}"
        yield from _page(ground, name, path)
    yield from _crowded(ground, f"/t/{slug}/inbox/")


def _crowded(ground: Ground, path: str) -> Iterator[Figure]:
    """The inbox with thousands pending, beside the same with some hundred, for several people."""
    readers = {"everything": ground.company.owner, **make_readers(ground)}
    logged_in = {name: _client(member) for name, member in readers.items()}

    def look(client: "Client") -> float:
        return median([timed(lambda: client.get(path)) * 1000 for _ in range(ground.size(15, 1))])

    few = {name: look(client) for name, client in logged_in.items()}
    many = ground.size(_MANY_ROWS, 6)
    copy_pending(ground, many - ground.size(_ROWS, 3))
    with as_superuser(ground) as connection:
        connection.execute("ANALYZE")
    for name, client in logged_in.items():
        crowded = look(client)
        yield Figure(
            f"inbox, {many:,} pending, {name}, p50",
            f"{crowded:,.0f} ms",
            f"{few[name]:,.0f} ms ({ground.size(_ROWS, 3)} pending)",
            crowded / few[name],
            f"<= {_TIMES_AT_MOST:g} x",
            crowded <= _TIMES_AT_MOST * few[name],
        )


def _client(member: "Membership") -> "Client":
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


_PATHS = {"inbox": "inbox/", "request_detail": "requests/{}/", "audit_log": "audit/"}


def _page(ground: Ground, name: str, path: str) -> Iterator[Figure]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = _client(ground.company.owner)
    status = client.get(path).status_code
    if status != 200:
        yield missing(f"{name}", f"answered {status} at {path}"[:30])
        return
    times = [timed(lambda: client.get(path)) * 1000 for _ in range(ground.size(15, 1))]
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
    text = b"".join(response) if response.streaming else response.content
    yield at_most(f"{name}: server, p50", median(times), unit="ms", target=50)
    yield at_most(f"{name}: statements", len(queries), unit="", target=12)
    yield at_most(f"{name}: HTML before compression", len(text) / 1024, unit="KB", target=60)
