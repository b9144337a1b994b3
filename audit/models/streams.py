"""Streams: a tenant's record sent on, in its order, to a system that the tenant names."""

from typing import ClassVar

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantOwned


class StreamKind(models.TextChoices):
    """How events travel."""

    WEBHOOK = "webhook", "HTTPS, signed (webhook)"
    SYSLOG = "syslog", "Syslog over TLS or TCP"


class StreamState(models.TextChoices):
    """Whether anything is sent."""

    ACTIVE = "active"
    FAILING = "failing"  # tried again and again, with growing pauses
    PAUSED = "paused"  # by a person
    STOPPED = "stopped"  # given up: a person has to resume it


class StreamTest(models.TextChoices):
    """How the last test went."""

    NONE = ""
    QUEUED = "queued"
    ACCEPTED = "accepted"
    FAILED = "failed"


class AuditStream(TenantOwned):
    """Where a record is sent, how far it has been accepted, and how that goes.

    `cursor` is the index of the first event that is not accepted yet. `claim` is raised by whoever
    takes the stream to send and by whoever changes where it stands: who finds another number
    afterwards has lost it. `sending_until` is the end of what was sent without an answer, so that
    the same events are sent again together.
    """

    never_removed = True  # what was sent somewhere is asked about for years
    immutable_fields: ClassVar[tuple[str, ...]] = ("tenant_id", "kind", "created_by_id")

    name = models.CharField(max_length=80)
    kind = models.TextField(choices=StreamKind)
    address = models.TextField()  # https://…, tls://host:port, tcp://host:port
    format = models.TextField()  # a slug of `audit.exporting.streaming.FORMATS`
    discloses = models.BooleanField(default=False)  # texts about people, or places instead
    query = models.JSONField(default=dict, blank=True)  # the filters that are set, by name
    time_zone = models.TextField()
    at_once = models.IntegerField(default=500)  # most events in a batch
    roots = models.TextField(default="", blank=True)  # PEM: whose certificates TLS trusts besides
    secret_sealed = models.BinaryField(null=True)
    former_secret_sealed = models.BinaryField(null=True)
    former_secret_until = models.DateTimeField(null=True)
    authorization_sealed = models.BinaryField(null=True)  # the header's value, if it wants one
    created_by_id = models.TextField()
    created_by_name = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    cursor = models.BigIntegerField()
    sending_until = models.BigIntegerField(null=True)
    chain = models.JSONField(null=True)  # OCSF: the last event that was accepted
    claim = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    state = models.TextField(choices=StreamState, default=StreamState.ACTIVE)
    failing_since = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)  # failures in a row
    next_at = models.DateTimeField(db_default=Now())
    last_error = models.TextField(default="", blank=True)
    delivered_at = models.DateTimeField(null=True)
    delivered = models.BigIntegerField(default=0)  # events that were accepted
    disclosed = models.BigIntegerField(default=0)  # of these, with their texts
    passed_over = models.BigIntegerField(default=0)  # pruned before they could be sent
    sent_to = models.JSONField(default=list, blank=True)  # every host that has accepted any

    test_state = models.TextField(choices=StreamTest, default=StreamTest.NONE, blank=True)
    test_words = models.TextField(default="", blank=True)
    test_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "name"],
                condition=models.Q(removed_at__isnull=True),
                name="stream_name_once",
            )
        ]
        indexes = [
            # what is due, over all tenants
            models.Index(
                fields=["next_at"],
                condition=models.Q(removed_at__isnull=True, state__in=["active", "failing"]),
                name="stream_due",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("ast", self.pk)

    @property
    def host(self) -> str:
        """Where it goes, without what may be secret: scheme, host and port."""
        scheme, _, rest = self.address.partition("://")
        return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
