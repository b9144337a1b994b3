"""Reading the searches of the record that somebody kept."""

from dataclasses import dataclass
from urllib.parse import urlencode

from audit.models import AuditSearch


@dataclass(frozen=True)
class KeptSearch:
    """A search under its name, and the query string that opens it."""

    public_id: str
    name: str
    query: str


def list_searches(member_id: str) -> list[KeptSearch]:
    """Return what this person kept, by name. One query."""
    rows = AuditSearch.objects.filter(member_id=member_id).order_by("name", "id")
    return [KeptSearch(row.public_id, row.name, urlencode(row.query)) for row in rows]
