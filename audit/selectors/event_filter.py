"""What of the record is wanted: the one filter of the page, exports, packs and the API."""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.db.models.expressions import RawSQL

from audit.searching import Asked, asked_for
from audit.searching.lexemes import mark_of, query
from audit.selectors.searching import Search
from govapp.common.errors import Malformed
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.tenancy import require_tenant_id

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2999
# What the events' own columns say, and what only the index that is searched knows.
_COLUMNS: Final = {"type": "type", "actor": "actor_id", "subject": "subject_id"}
_SEARCHED: Final = ("text", "kind", "group", "category", "outcome", "agent")
_EVERY: Final = "SELECT id FROM door_search_newest(%s, %s::tsquery, %s, %s, NULL, NULL, NULL, NULL)"


@dataclass(frozen=True)
class EventFilter:
    """What of the record is wanted; empty means all. Days are of the tenant's time zone."""

    type: str = ""
    actor: str = ""
    subject: str = ""
    request: str = ""  # public id of an action request
    kind: str = ""  # of the actor: person, agent, system
    group: str = ""  # of types: a heading of the catalogue
    category: str = ""
    outcome: str = ""
    agent: str = ""  # public id of the agent that it tells of
    since: str = ""  # YYYY-MM-DD, included
    until: str = ""  # YYYY-MM-DD, included
    text: str = ""  # words, each of which begins a word of the event
    zone: str = "UTC"

    @property
    def is_searched(self) -> bool:
        """Whether it takes the index behind the record, which is some moments late."""
        return any(getattr(self, name) for name in _SEARCHED)

    def chosen(self) -> dict[str, str]:
        """Return the filters that are set, by name: what an export's event keeps."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value and name != "zone"}

    def asked(self) -> Asked:
        """Return the words of the text."""
        return asked_for(self.text)

    def condition(self) -> Q:
        """Return the filter as a query. Raises `Malformed` for a day, id or text that is none."""
        self._check()
        if self.is_searched:
            return self._searched()
        wanted = Q(
            **{column: value for name, column in _COLUMNS.items() if (value := getattr(self, name))}
        )
        if self.request:
            wanted &= Q(request_id=_request_uuid(self.request))
        since, until = self.instants()
        if since is not None:
            wanted &= Q(occurred_at__gte=since)
        if until is not None:
            wanted &= Q(occurred_at__lt=until)
        return wanted

    def instants(self) -> tuple[datetime | None, datetime | None]:
        """Return when the period begins and ends (not included); None where it is open.

        Raises `Malformed` for a day that is none.
        """
        return self._since(), self._until()

    def search(self) -> Search | None:
        """Return the filter as it is looked up in the index; None for a text without a word.

        Raises `Malformed` as `condition` does.
        """
        self._check()
        asked = self.asked()
        if self.text and asked.is_empty:
            return None
        values = {
            name: getattr(self, name)
            for name in (*_COLUMNS, "kind", "group", "category", "outcome", "agent")
        }
        if self.request:
            values["request"] = _request_uuid(self.request).hex
        return Search(query(mark_of(require_tenant_id()), asked, values), *self.instants())

    def _searched(self) -> Q:
        search = self.search()
        if search is None:
            return Q(pk__in=[])
        values = [require_tenant_id(), search.query or None, search.since, search.until]
        return Q(pk__in=RawSQL(_EVERY, values))  # noqa: S611 - values are parameters

    def _check(self) -> None:
        if any("\0" in value for value in self.chosen().values()):
            raise Malformed("A filter holds no NUL characters.")

    def _since(self) -> datetime | None:
        return start_of_day(parse_day(self.since), self.zone) if self.since else None

    def _until(self) -> datetime | None:
        """The end of the last day."""
        if not self.until:
            return None
        return start_of_day(parse_day(self.until) + timedelta(days=1), self.zone)


def parse_day(text: str) -> date:
    """Read YYYY-MM-DD; raises `Malformed` otherwise, and for a day outside of 1970 to 2999.

    Any day in these years has an instant in every time zone, and a day before and after it.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Malformed("A day is written as YYYY-MM-DD.") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Malformed(f"A day lies in the years {_FIRST_YEAR} to {_LAST_YEAR}.")
    return day


def start_of_day(day: date, zone: str) -> datetime:
    """Return the instant at which a day begins in a time zone."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _request_uuid(text: str) -> UUID:
    try:
        return parse_public_id("ar", text)
    except InvalidId as error:
        raise Malformed(str(error)) from error
