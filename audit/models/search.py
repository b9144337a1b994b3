"""What a person searches of the record: made from the events, behind them, and made again any time.

Nothing here proves anything. It holds texts of people in clear, so whoever is erased or pruned is
taken out of it in the same transaction (`audit.services.search_index`).
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from govapp.common.clock import Now
from govapp.common.models import TenantOwned


class LedgerWords(TenantOwned):
    """One event as it is searched; its `id` is the event's.

    `words` are lexemes that begin with their tenant's mark, so that one tenant's words lie
    together in the index and no other's are read on the way.
    """

    is_remade = True

    index = models.BigIntegerField()  # of its leaf
    occurred_at = models.DateTimeField()
    type = models.TextField()
    group = models.TextField()
    actor_kind = models.TextField()
    actor_id = models.TextField()
    category = models.TextField(blank=True)
    outcome = models.TextField(blank=True)
    agent_id = models.TextField(blank=True)  # a public id: of whose agent it tells
    request_id = models.UUIDField(null=True)
    words = SearchVectorField()

    class Meta:
        indexes = [
            # everything in a period, newest or oldest first
            models.Index(fields=["tenant_id", "occurred_at", "id"], name="words_time"),
            # of which category and agent a request is: told by its submission
            models.Index(
                fields=["tenant_id", "request_id"],
                name="words_request",
                condition=models.Q(request_id__isnull=False, type="action_request.submitted"),
            ),
            # whatever was asked; a short pending list, which every search reads
            GinIndex(fields=["words"], name="words_words", gin_pending_list_limit=512),
        ]


class WordsCursor(TenantOwned):
    """How far a tenant's record is indexed. Its row is the lock of whoever writes the index."""

    size = models.BigIntegerField(default=0)  # leaves below this were looked at
    indexed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id"], name="words_cursor_once")]
