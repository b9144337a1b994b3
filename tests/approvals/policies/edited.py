"""A policy with comments everywhere, and what editing makes of it."""

from __future__ import annotations

import copy
from typing import Any

from approvals.policies import load_policy, parse_policy
from approvals.policies.editing import edit_source

TEXT = """\
# The policy of Example Ltd.
version: 1

default: require_approval   # never allow
default_flow: four-eyes

flows:
  # Two people, one of them from Risk.
  four-eyes:
    stages:
      - name: Finance
        seats:
          - {group: finance,  count: 1}   # any of them
          - {group: risk}
        deadline: PT4H    # half a day
        reminders: [ 1h, 2h ]
        escalations:
          - {after: 2h, add: [{group: managers}]}

rules:
  # Reads are harmless.
  - id: reads
    when: {category: crm.read}
    then: allow

  # ---- Money ----

  # Asked for by the bank in 2024.
  - id: large-payments
    when:
      category: payments.*
      environment: [production]
      conditions:
        all:
          # In euro.
          - {field: payload.amount, op: gt, value: 10000}
          - field: payload.currency
            op: eq
            value: 'EUR'
    then: require_approval  # two people
    flow: four-eyes
    # note: to be written

  # By night nobody pays.
  - id: nights
    when:
      category: "payments.*"
      conditions: time.hour >= 22 or time.hour < 6   # local time
    then: deny
# The end.
"""


def edited(change: Any, text: str = TEXT) -> tuple[str, Any]:
    """The text after a change to its normalised document, and that document."""
    made: Any = copy.deepcopy(load_policy(text).document)
    change(made)
    result = edit_source(text, made)
    assert load_policy(result) == parse_policy(made)
    return result, made


def replaced(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def leaf(made: Any, index: int) -> Any:
    return made["rules"][1]["when"]["conditions"]["all"][index]


def stage(made: Any) -> Any:
    return made["flows"]["four-eyes"]["stages"][0]
