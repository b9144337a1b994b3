"""The filters that a person keeps."""

from django.db.models import TextField, UUIDField, Value
from django.db.models.functions import Cast

from approvals.models import SavedFilter
from tenants.models import Agent, Membership


def agents_and_filters(member: Membership) -> tuple[list[str], list[SavedFilter]]:
    """Return every agent's name, and the filters that the member keeps, by name. One statement."""
    nothing = Value(None, output_field=UUIDField())
    agents = Agent.objects.order_by().values_list(nothing, Cast("name", TextField()), Value(""))
    kept = SavedFilter.objects.filter(member=member).order_by()
    filters = kept.values_list("id", Cast("name", TextField()), Cast("query", TextField()))
    rows = sorted(agents.union(filters, all=True), key=lambda row: row[1])
    return (
        [name for ident, name, _ in rows if ident is None],
        [SavedFilter(id=i, member=member, name=n, query=query) for i, n, query in rows if i],
    )
