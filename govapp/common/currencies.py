"""What is said of currencies in more than one place. Pure."""

from typing import Final

NO_CURRENCY: Final = "XXX"
"""ISO 4217's own word for it: an amount without a currency counts in each of a budget."""
