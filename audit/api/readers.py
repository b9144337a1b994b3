"""Whose program it is that reads the record."""

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.request import Request

from audit.readers import Reader, check_may_read
from govapp.common.errors import Forbidden


def reader_of_caller(request: Request) -> Reader:
    """Return the member whose token calls. Raises `Forbidden` for everybody else."""
    reader: Reader | None = import_string(settings.AUDIT_READER_OF_CALLER)(request.user)
    if reader is None:
        raise Forbidden("The record is for people: use a member's token, gov_user_….")
    check_may_read(reader)
    return reader
