"""What may be spent: amounts, windows of time, and the verdict of nested budgets.

Pure: no database, no clock, no Django. `tenants.services.budgets` asks.
"""

from tenants.budgets.nested import Line, Outcome, Use, Verdict, verdict
from tenants.budgets.spend import NOTHING, Spend, is_measure
from tenants.budgets.windows import PERIODS, Window, window_of

__all__ = [
    "NOTHING", "PERIODS", "Line", "Outcome", "Spend", "Use", "Verdict", "Window",
    "is_measure", "verdict", "window_of",
]  # fmt: skip
