"""What has to reach somebody outside: written with the change, sent afterwards, never lost."""

from django.db import models

from approvals.enums import DeliveryStatus, HeldFor, NotificationChannel, NotificationKind
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class OutboxRow(TenantOwned):
    """A message to be sent, with its attempts. A worker claims it by moving `next_attempt_at`."""

    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        abstract = True


class Notification(OutboxRow):
    """One message to one person on one channel, about one request."""

    immutable_fields = ("tenant_id", "request", "member", "kind", "channel", "dedup_key")
    contents_of = {"request": ("content",)}

    request = TenantForeignKey(
        ActionRequest, on_delete=models.PROTECT, related_name="notifications", null=True
    )
    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=NotificationKind)
    channel = models.CharField(
        max_length=10, choices=NotificationChannel, default=NotificationChannel.EMAIL
    )
    # What makes it the same message: "requested:<stage>", "reminder:<timer>" …
    dedup_key = models.CharField(max_length=120)
    # What to say when there is no request: {"subject": …, "text": …}
    content = models.JSONField(default=dict)
    # Why it waits although nothing is wrong; `next_attempt_at` says until when.
    held_for = models.CharField(max_length=10, choices=HeldFor, blank=True, db_default="")
    # The message that did not get through on the person's channel before this one.
    instead_of = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "member", "channel", "dedup_key"], name="notification_once"
            )
        ]
        indexes = [
            # the sender's sweep, through its door
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(status="queued"),
                name="notification_due",
            ),
            # the request's page: who was told when
            models.Index(
                fields=["tenant_id", "request", "created_at"], name="notification_request"
            ),
        ]


class ReviewLink(TenantOwned):
    """A token in a message: one person, one request, one payload. Stored hashed; votes once."""

    immutable_fields = ("tenant_id", "request", "member", "token_hash", "payload_digest")

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="links")
    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    token_hash = models.BinaryField(max_length=32, unique=True)
    payload_digest = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant_id", "request"], name="review_link_request")]


class CallbackEndpoint(TenantOwned):
    """Where a tenant wants to hear of changes (Standard Webhooks). The secret is sealed."""

    immutable_fields = ("tenant_id",)

    url = models.URLField(max_length=500)
    description = models.CharField(max_length=200, blank=True, default="")
    secret_sealed = models.BinaryField()
    former_secret_sealed = models.BinaryField(null=True)  # signs too while a secret rotates
    former_secret_until = models.DateTimeField(null=True)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    @property
    def public_id(self) -> str:
        return public_id("wh", self.pk)


class CallbackDelivery(OutboxRow):
    """One message to one endpoint. Its id is the `webhook-id`, so receivers deduplicate."""

    immutable_fields = ("tenant_id", "endpoint", "request", "event_type", "body")

    endpoint = TenantForeignKey(
        CallbackEndpoint, on_delete=models.PROTECT, related_name="deliveries"
    )
    contents_of = {"request": ("body",)}

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="+")
    event_type = models.CharField(max_length=60)
    body = models.JSONField()
    response_status = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "endpoint", "request", "event_type"], name="callback_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(status="queued"),
                name="callback_due",
            ),
            # the delivery log of an endpoint
            models.Index(fields=["tenant_id", "endpoint", "created_at"], name="callback_log"),
        ]
