"""Ids in addresses. What is not an id of that kind is an address that does not exist: 404."""

from typing import ClassVar
from uuid import UUID

from govapp.common.ids import parse_public_id, public_id


class PublicIdConverter:
    """Base: subclasses name the prefix."""

    prefix: ClassVar[str]
    regex: str

    def __init_subclass__(cls) -> None:
        cls.regex = f"{cls.prefix}_[0-9a-z]{{26}}"

    def to_python(self, value: str) -> UUID:
        return parse_public_id(self.prefix, value)  # its error is a ValueError: no such address

    def to_url(self, value: UUID | str) -> str:
        return value if isinstance(value, str) else public_id(self.prefix, value)
