"""`growth`: every page of the record and of requests, at 10^5, 10^6 and 5*10^6 events.

Nothing on a page may cost more because more was recorded before: at most twice the time that it
took at first, or one millisecond more. Pages are asked as a logged-in person asks them, without
a network.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from govapp.bench.copies import copy_decided, copy_pending
from govapp.bench.figures import Figure, median, note
from govapp.bench.filling import RARE_TYPE, Filler, sample
from govapp.bench.ground import Ground
from govapp.bench.http import timed

if TYPE_CHECKING:
    from django.test import Client

    from govapp.bench.company import Company

_STAGES: Final = (100_000, 1_000_000, 5_000_000)
_TINY_STAGES: Final = (300, 600, 900)
_REQUESTS: Final = (2_000, 20_000, 100_000)  # beside the events; a tenth of them is pending
_TINY_REQUESTS: Final = (20, 30, 40)
_TIMES, _MORE_MS = 2.0, 1.0
_LOOKS: Final = 9
_PLANS: Final = ("force_custom_plan", "force_generic_plan")


@dataclass
class _Measured:
    """What one page, or one read, took in the middle at each stage, in milliseconds."""

    whole: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)

    def figure(self, name: str) -> Figure:
        """Compare the later stages with the first; the worse of them decides."""
        first, *later = self.whole
        at_first, *_, at_last = self.database
        return Figure(
            name,
            " / ".join(f"{each:,.1f}" for each in later) + " ms",
            f"{first:,.1f} ms (SQL {at_first:,.1f} -> {at_last:,.1f})",
            max(later) / first,
            f"<= {_TIMES:g} x",
            all(each <= max(first * _TIMES, first + _MORE_MS) for each in later),
        )


def run(ground: Ground) -> Iterator[Figure]:
    """Yield one line for each page: at the later two sizes, beside the first; the worse ratio."""
    from govapp.bench.company import make_company

    company = make_company(lifetime=timedelta(days=1), slug="growth")
    stages = _TINY_STAGES if ground.is_tiny else _STAGES
    requests = _TINY_REQUESTS if ground.is_tiny else _REQUESTS
    opened = _sequenced(company)
    filler, measured, made = Filler(ground, company), dict[str, _Measured](), 0
    for events, wanted in zip(stages, requests, strict=True):
        began = time.perf_counter()
        copy_pending(ground, (wanted - made) // 10, company)
        copy_decided(company, (wanted - made) * 9 // 10)
        made = wanted
        filler.fill(events)
        took = time.perf_counter() - began
        yield note(f"{events:,} events, {wanted:,} requests", f"made in {took:,.0f} s")
        _measure(ground, company, opened, measured)
    for name, each in measured.items():
        yield each.figure(name)


def _sequenced(company: "Company") -> str:
    """Submit a request, place what was recorded so far, and return the request's public id."""
    from audit.services.sequencer import sequence_tenant

    request = company.submit()
    while sequence_tenant(tenant_id=company.tenant_id):
        pass
    return request.public_id


def _measure(
    ground: Ground, company: "Company", opened: str, measured: dict[str, _Measured]
) -> None:
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(
        company.owner.user, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    chosen = sample(ground, company.tenant_id)
    looks = {name: _getting(client, path) for name, path in _pages(company, opened, chosen)}
    looks |= _reads(company)
    for name, look in looks.items():
        whole, database = max(
            _looks(look, plan=plan, times=ground.size(_LOOKS, 1)) for plan in _PLANS
        )
        each = measured.setdefault(name, _Measured())
        each.whole.append(whole)
        each.database.append(database)


def _looks(look: Callable[[], object], *, plan: str, times: int) -> tuple[float, float]:
    """Return what it took in the middle with one kind of plan, and how much of that the database.

    With which of both a prepared statement is served is PostgreSQL's guess from its statistics,
    and another one after the next ANALYZE: the slower of them is the worst that may be chosen.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SET plan_cache_mode = {plan}")
    try:
        looked = [_look(look) for _ in range(times)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET plan_cache_mode")
    return median([whole for whole, _ in looked]), median([database for _, database in looked])


def _look(work: Callable[[], object]) -> tuple[float, float]:
    """Return how long it took, and how much of that the database, in milliseconds."""
    from django.db import connection

    spent = 0.0

    def watch(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent += time.perf_counter() - began

    with connection.execute_wrapper(watch):
        whole = timed(work)
    return whole * 1000, spent * 1000


def _getting(client: "Client", path: str) -> Callable[[], object]:
    """Return what asks for a page; it has been asked for once already."""

    def get() -> None:
        response = client.get(path)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")
        b"".join(response) if response.streaming else response.content

    get()
    return get


def _pages(company: "Company", opened: str, chosen: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and the address of each page."""
    from govapp.common.ids import public_id

    home = f"/t/{company.slug}"
    at, event = chosen["at"], public_id("ev", chosen["id"])
    day, year = f"{at:%Y-%m-%d}", f"{at - timedelta(days=330):%Y-%m-%d}"
    for name, query in {
        "newest": "",
        "type, common": "type=vote.cast",
        "type, seldom": f"type={RARE_TYPE}",
        "type, once": "type=ledger.key_created",
        "who": f"actor={chosen['actor']}",
        "who, seldom": f"actor={company.owner.public_id}",
        "subject": f"subject={chosen['subject']}",
        "request": f"request={opened}",
        "one day": f"since={day}&until={day}",
        "eleven months": f"since={year}&until={day}",
        "type and who": f"type=vote.cast&actor={chosen['actor']}",
        "type and who that never met": f"type=vote.cast&actor={company.owner.public_id}",
        "type and eleven months": f"type=vote.cast&since={year}&until={day}",
        "search: a word, common": "text=grant",
        "search: two words": "text=payments+agent",
        "search: an id": f"text={chosen['actor']}",
        "search: nothing like it": "text=zzzz",
        "kind of who": "kind=agent",
        "heading": "group=vote",
        "category": "category=payments.kind_3",
        "agent and heading": f"agent={chosen['actor']}&group=stage",
        "deep, by keyset": f"cursor={_cursor(chosen)}",
    }.items():
        yield f"record: {name}", f"{home}/audit/?{query}"
    yield "event with its proof", f"{home}/audit/events/{event}/"
    yield "request explained", f"{home}/audit/requests/{opened}/"
    yield "action page", f"{home}/requests/{opened}/"
    yield "inbox: all", f"{home}/inbox/?tab=all"
    yield "requests", f"{home}/requests/"


def _cursor(chosen: dict[str, Any]) -> str:
    return f"{int(chosen['at'].timestamp() * 1_000_000)}-{chosen['id'].hex}"


def _reads(company: "Company") -> dict[str, Callable[[], object]]:
    """Return the reads behind the pages that would be the first to scan."""
    from audit.selectors.choices import event_choices
    from govapp.common.tenancy import tenant_transaction

    def bound(read: Callable[[], object]) -> Callable[[], object]:
        def work() -> object:
            with tenant_transaction(company.tenant_id):
                return read()

        work()
        return work

    return {
        "read: types and actors that occur": bound(event_choices),
    }
