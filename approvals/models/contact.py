"""How people want to be told, and the places where they are."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from approvals.enums import Digest, NotificationChannel, NotificationKind
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class ContactPreference(TenantOwned):
    """How one person wants to be told. Without a row: by e-mail, at once, of everything."""

    immutable_fields = ("tenant_id", "member")

    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="preferences")
    # In this order; the next one is tried when one fails. E-mail is always the last resort.
    channels = ArrayField(
        models.CharField(max_length=10, choices=NotificationChannel), default=list, blank=True
    )
    digest = models.CharField(max_length=10, choices=Digest, default=Digest.OFF)
    digest_at = models.TimeField(null=True)  # of the daily one
    # Local times; what is not urgent waits until they are over. Both or neither.
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    time_zone = models.CharField(max_length=60, blank=True, default="")  # empty: the tenant's
    # What nobody has to know to decide: how it ended, what was only for information.
    wants_outcomes = models.BooleanField(default=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "member"], name="preference_once")
        ]


class ChatConnection(TenantOwned):
    """A tenant's way into Slack or Teams. What opens it is sealed."""

    immutable_fields = ("tenant_id", "channel", "created_by")

    channel = models.CharField(max_length=10, choices=NotificationChannel)
    name = models.CharField(max_length=100)
    # Slack: {"bot_token", "signing_secret"}; Teams: {"url"}. JSON, sealed.
    secrets_sealed = models.BinaryField()
    is_enabled = models.BooleanField(default=True)
    created_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "channel"], name="chat_channel_once")
        ]

    @property
    def public_id(self) -> str:
        return public_id("chat", self.pk)


class ChatAccount(TenantOwned):
    """Who a person is in the tenant's Slack or Teams."""

    immutable_fields = ("tenant_id", "member", "channel")

    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="chat_accounts")
    channel = models.CharField(max_length=10, choices=NotificationChannel)
    address = models.CharField(max_length=200)  # Slack's user id, or the address in Teams
    confirmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "member", "channel"], name="chat_account_of_member"
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "channel", "address"], name="chat_account_once"
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("chac", self.pk)


class PushSubscription(TenantOwned):
    """One browser that a person wants to be told in (RFC 8030, RFC 8291)."""

    immutable_fields = ("tenant_id", "member", "endpoint")

    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="push")
    endpoint = models.URLField(max_length=500)
    p256dh = models.CharField(max_length=120)
    auth_sealed = models.BinaryField()
    device = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "member", "endpoint"], name="push_endpoint_once"
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("push", self.pk)


class MessageTemplate(TenantOwned):
    """What a tenant adds to the messages of one kind, in its own words."""

    immutable_fields = ("tenant_id", "kind")

    kind = models.CharField(max_length=20, choices=NotificationKind)
    # Empty: ours. Gaps such as {summary} are filled in; there is no other language.
    subject = models.CharField(max_length=200, blank=True, default="")
    opening = models.TextField(blank=True, default="")
    closing = models.TextField(blank=True, default="")
    updated_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "kind"], name="message_template_once")
        ]
