"""What people say to each other about a request."""

from django.db import models

from approvals.enums import CommentKind
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class Comment(TenantOwned):
    """One contribution, part of the record: never changed, never removed."""

    append_only = True
    words_of = {"author": ("text",)}
    contents_of = {"request": ("text",)}

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="comments")
    # Null: the agent itself, over its interface.
    author = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=CommentKind, default=CommentKind.COMMENT)
    text = models.TextField()
    # Public ids of the members who are mentioned.
    mentions = models.JSONField(default=list, blank=True)
    # The question that it answers.
    answers = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # a request's discussion, oldest first
            models.Index(fields=["tenant_id", "request", "created_at", "id"], name="comment_time")
        ]

    @property
    def public_id(self) -> str:
        return public_id("cm", self.pk)
