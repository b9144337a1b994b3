"""Members of a tenant, their groups, and invitations."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit.actors import Actor
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import MemberStatus, Role
from tenants.models.user import User

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Membership(TenantOwned):
    """A person in one tenant, with roles."""

    immutable_fields = ("tenant_id", "user")
    login_field = "user"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    roles = ArrayField(models.CharField(max_length=20, choices=Role), default=list)
    status = models.CharField(max_length=20, choices=MemberStatus, default=MemberStatus.ACTIVE)
    joined_at = models.DateTimeField(db_default=Now())
    # Whom this person reports to: seats can ask for the manager of an agent's owner.
    manager = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="reports")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "user"], name="member_once_per_tenant")
        ]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def public_id(self) -> str:
        return public_id("mem", self.pk)

    @property
    def is_active(self) -> bool:
        return self.status == MemberStatus.ACTIVE and self.user.is_active

    def as_actor(self) -> Actor:
        return Actor(kind="person", id=self.public_id, name=self.user.name)


class ApproverGroup(TenantOwned):
    """A named set of members. `group` is the Django group that guardian gives rights to."""

    immutable_fields = ("tenant_id", "group", "slug")

    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True, default="")
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="approver_group")
    created_at = models.DateTimeField(db_default=Now())

    if TYPE_CHECKING:
        members: RelatedManager["GroupMember"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "slug"], name="group_slug_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id("grp", self.pk)


class GroupMember(TenantOwned):
    """One person in one group: the through table of `User.groups`, and a tenant's own row."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="group_members")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="group_members")
    approver_group = TenantForeignKey(
        ApproverGroup, on_delete=models.PROTECT, related_name="members"
    )
    membership = TenantForeignKey(
        Membership, on_delete=models.PROTECT, related_name="group_members"
    )
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "approver_group", "membership"], name="group_member_once"
            )
        ]


class Invitation(TenantOwned):
    """An offer to join, sent by e-mail. The token is stored hashed and works once."""

    email = models.EmailField()
    name = models.CharField(max_length=200, blank=True, default="")
    roles = ArrayField(models.CharField(max_length=20, choices=Role), default=list)
    token_hash = models.BinaryField(max_length=32, unique=True)
    invited_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # the people page: open invitations
            models.Index(fields=["tenant_id", "created_at"], name="invitation_time")
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def public_id(self) -> str:
        return public_id("inv", self.pk)
