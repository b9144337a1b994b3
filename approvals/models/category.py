"""Kinds of action, and who may approve them."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import Group, Permission
from django.contrib.postgres.fields import ArrayField
from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from approvals.enums import Risk
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import CostClass
from tenants.models import User

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class ActionCategory(TenantOwned):
    """A kind of action, dotted: `payments.transfer`."""

    immutable_fields = ("tenant_id", "key")

    key = models.CharField(max_length=100)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True, default="")
    risk = models.CharField(max_length=10, choices=Risk, default=Risk.HIGH)
    is_reversible = models.BooleanField(default=False)
    # Whether it changes nothing: then it is let through where an environment is read-only.
    is_reading = models.BooleanField(default=False, db_default=False)
    # JSON Schema (2020-12, no remote references) that a payload has to satisfy.
    payload_schema = models.JSONField(default=dict, blank=True)
    # How to show the payload to a person: {"kind": "money"|"fields"|"email"|"sql"|"http"|"diff",
    # "fields": {"amount": {"label": "Amount"}, …}}.
    display = models.JSONField(default=dict, blank=True)
    # "", "low", "medium", "high": what an action of this kind may cost, for rules.
    cost_class = models.CharField(max_length=10, choices=CostClass, blank=True, default="")
    # Dotted paths into the payload: whom or what it is done to, and how much it is about. Rules
    # that look at history need them.
    target_field = models.CharField(max_length=200, blank=True, default="")
    amount_field = models.CharField(max_length=200, blank=True, default="")
    # Dotted paths into the payload that an approver may change while approving.
    editable_fields = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    # Its actions are done on a registered system: a submission that names none is refused.
    needs_integration = models.BooleanField(default=False, db_default=False)
    # How what was done is taken back: {"category", "payload", "within_hours"}, as
    # `approvals.undoing` reads it; {} when it is not said.
    undo = models.JSONField(default=dict, blank=True)
    is_archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    if TYPE_CHECKING:
        user_permissions: RelatedManager["CategoryUserPermission"]
        group_permissions: RelatedManager["CategoryGroupPermission"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "key"], name="category_key_once")
        ]
        permissions = [
            ("approve_actioncategory", "May approve actions of this category"),
            ("break_glass_actioncategory", "May approve actions of this category alone"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id("cat", self.pk)


class CategoryUserPermission(TenantOwned, UserObjectPermissionBase):
    """A person's right on a category (guardian, direct foreign keys).

    guardian's checks go through the reverse names of `user`, `permission` and `group`.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT)
    permission = models.ForeignKey(Permission, on_delete=models.PROTECT)
    content_object = TenantForeignKey(
        ActionCategory, on_delete=models.PROTECT, related_name="user_permissions"
    )
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "user", "permission", "content_object"],
                name="category_user_right_once",
            )
        ]


class CategoryGroupPermission(TenantOwned, GroupObjectPermissionBase):
    """A group's right on a category (guardian, direct foreign keys)."""

    group = models.ForeignKey(Group, on_delete=models.PROTECT)
    permission = models.ForeignKey(Permission, on_delete=models.PROTECT)
    content_object = TenantForeignKey(
        ActionCategory, on_delete=models.PROTECT, related_name="group_permissions"
    )
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "group", "permission", "content_object"],
                name="category_group_right_once",
            )
        ]
