"""What a key is held to: scopes, categories, networks, and whether it needs proofs."""

from dataclasses import dataclass
from typing import Any, Final

from tenants.models import Credential
from tenants.networks import MOST_NETWORKS, parse_networks
from tenants.scopes import ALL, MOST_PATTERNS, in_order, is_pattern
from tenants.services.checks import fault


@dataclass(frozen=True)
class KeyLimits:
    """The limits of one key. No categories: all of them; no networks: from anywhere."""

    scopes: tuple[str, ...] = ALL
    categories: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    needs_proof: bool = False

    @classmethod
    def of(cls, credential: Credential) -> "KeyLimits":
        """Return the limits of a key that there is."""
        return cls(
            tuple(credential.scopes),
            tuple(credential.categories),
            tuple(credential.networks),
            credential.needs_proof,
        )

    def cleaned(self) -> "KeyLimits":
        """Return them in order, each once. Raises `Invalid`."""
        if unknown := sorted(set(self.scopes) - set(ALL)):
            raise fault("scopes", f"There is no scope {unknown[0]}.")
        if not self.scopes:
            raise fault("scopes", "Give at least one scope.")
        return KeyLimits(
            in_order(self.scopes), self._categories(), self._networks(), self.needs_proof
        )

    def as_columns(self) -> dict[str, Any]:
        """Return them as the columns of a key."""
        return {
            "scopes": list(self.scopes),
            "categories": list(self.categories),
            "networks": list(self.networks),
            "needs_proof": self.needs_proof,
        }

    def _categories(self) -> tuple[str, ...]:
        patterns = tuple(sorted({each.strip() for each in self.categories if each.strip()}))
        for pattern in patterns:
            if not is_pattern(pattern):
                raise fault("categories", f"{pattern} is no category, and no pattern like pay.*.")
        if len(patterns) > MOST_PATTERNS:
            raise fault("categories", f"Use at most {MOST_PATTERNS} patterns.")
        return patterns

    def _networks(self) -> tuple[str, ...]:
        try:
            networks = tuple(parse_networks(self.networks))
        except ValueError:
            raise fault(
                "networks", "Write one network a line, like 192.0.2.0/24 or 2001:db8::/32."
            ) from None
        if len(networks) > MOST_NETWORKS:
            raise fault("networks", f"Use at most {MOST_NETWORKS} networks.")
        return networks


EVERYTHING: Final = KeyLimits()
