"""What a pack will hold is said as it will be, events that were pruned included."""

import pytest

from audit.selectors.events import EventFilter
from audit.selectors.pack_preview import preview_pack
from audit.selectors.packs import NOTHING, pack_scope
from govapp.common.tenancy import tenant_transaction
from tests.audit.keeping import old_tenant, prune

pytestmark = pytest.mark.usefixtures("committed", "kept_a_year")


@pytest.mark.parametrize(
    ("wanted", "span", "looked_at", "pruned"),
    [
        # 0 is the birth of the key, which stays; 1 to 4 of May 2024 are pruned
        (EventFilter(), None, None, 4),
        (EventFilter(until="2024-12-31"), (1, 4), 4, 4),
        (EventFilter(since="2024-05-01", until="2026-03-09"), (1, 7), 7, 4),
        (EventFilter(since="2026-03-01", until="2026-03-09"), (5, 7), 3, 0),
    ],
)
def test_pruned_events_of_a_period_are_counted_as_hashes(
    wanted: EventFilter, span: tuple[int, int] | None, looked_at: int | None, pruned: int
) -> None:
    tenant_id = old_tenant(4, 3)
    assert prune(tenant_id) == 4
    with tenant_transaction(tenant_id):
        preview = preview_pack(wanted, NOTHING)
        said = pack_scope(wanted, preview.size, None).said
    assert (preview.is_complete, preview.pruned) == (True, pruned)
    assert (said["first"], said["last"]) == (preview.first, preview.last)
    if span is not None:
        assert (preview.first, preview.last, preview.looked_at) == (*span, looked_at)
