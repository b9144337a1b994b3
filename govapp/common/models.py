"""The base of every table that belongs to one tenant; `rowsecurity` protects them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import models

from govapp.common.ids import new_id
from govapp.common.tenancy import require_tenant_id


@dataclass(frozen=True)
class Revisable:
    """Columns that change only together with a new row of another table, which keeps what they say.

    That row names this one by `reference`, and the version from which on it holds by
    `request_version`; what both tables call by the same name has to agree. Nothing of it changes
    once `status` is another one than `while_status`.
    """

    fields: tuple[str, ...]
    kept_in: str  # the label of its model
    reference: str
    while_status: str


class Guarded(models.Model):
    """A row that may change only as its class says: `govapp.common.rowsecurity` sees to it."""

    # Rows are written once: the application role may insert and read, triggers refuse the rest.
    append_only: ClassVar[bool] = False
    # Rows may change where they are allowed to, and are never removed.
    never_removed: ClassVar[bool] = False
    # Columns that a trigger keeps as they were inserted.
    immutable_fields: ClassVar[tuple[str, ...]] = ()
    # Columns that a trigger lets become empty, and never anything else.
    erasable_fields: ClassVar[tuple[str, ...]] = ()
    # The bytes are proved by others' hashes: no person is ever taken out of them (`forgetting`).
    is_evidence: ClassVar[bool] = False
    # Made from other rows, and made again by whoever takes somebody out of those (`forgetting`).
    is_remade: ClassVar[bool] = False
    # Rows that go when their time of keeping is over: by the one function that may (`audit.prune`).
    is_prunable: ClassVar[bool] = False
    # Rows lie in a partition for each year of their ids (`partitions`): a migration begins it.
    partitioned_by_year: ClassVar[bool] = False
    # What the member in a column wrote: emptied when they are erased (`forgetting`).
    words_of: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # What the thing in a column is about, in words and values: emptied when its time is over.
    contents_of: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # Which column says whose login a membership is.
    login_field: ClassVar[str] = ""
    # Columns that a trigger lets change only as it says.
    revisable: ClassVar[Revisable | None] = None

    class Meta:
        abstract = True


class InstallationOwned(Guarded):
    """A row of the installation as a whole, of no tenant: every tenant's code may read it."""

    class Meta:
        abstract = True


class TenantOwned(Guarded):
    """A row of exactly one tenant. `govapp.common.rowsecurity` protects its table."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(default=require_tenant_id, editable=False)

    class Meta:
        abstract = True


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key between two tables of one tenant.

    A plain constraint would see through row-level security, so the database holds a composite
    one, `(tenant_id, x_id) → (tenant_id, id)`, made by `govapp.common.rowsecurity`. It brings no
    index of its own: models declare the indexes their queries need, led by `tenant_id`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)
        super().__init__(*args, **kwargs)
