"""How far an agent is trusted, from what it did: counts in, a tier and sentences out.

Pure: no Django, no input or output. `tenants.services.trust` keeps what comes of it.
"""

from tenants.trust.conduct import BAD, Conduct
from tenants.trust.standards import DEFAULT_STANDARDS, Standard, Standards, faults_of, is_looser
from tenants.trust.tiers import TIERS, Judged, tier_of

__all__ = [
    "BAD",
    "DEFAULT_STANDARDS",
    "TIERS",
    "Conduct",
    "Judged",
    "Standard",
    "Standards",
    "faults_of",
    "is_looser",
    "tier_of",
]
