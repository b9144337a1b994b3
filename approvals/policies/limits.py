"""Every cap of the policy core in one place, so that reading or deciding always ends soon.

The figures come from the design page on performance ("Policy"): depth 16, 256 nodes, 512 KiB;
the others are sized so that a decision over hostile input stays within milliseconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# The document.
DOCUMENT_BYTES: Final = 512 * 1024
DOCUMENT_DEPTH: Final = 64
PROBLEMS: Final = 100
RULES: Final = 2000
FLOWS: Final = 200
STAGES: Final = 10
SEAT_GROUPS: Final = 20
SEAT_COUNT: Final = 20
REMINDERS: Final = 10
ESCALATIONS: Final = 5
REPETITIONS: Final = 10
NAMES_IN_LIST: Final = 100
NAME_CHARACTERS: Final = 100
NOTE_CHARACTERS: Final = 2000
ATTACHED_NOTE_CHARACTERS: Final = 500
NOTIFIED: Final = 20

# The condition tree.
CONDITION_DEPTH: Final = 16
CONDITION_NODES: Final = 256
FIELD_CHARACTERS: Final = 256
FIELD_SEGMENTS: Final = 16
VALUE_CHARACTERS: Final = 1000
VALUES_IN_LIST: Final = 500
PATTERN_CHARACTERS: Final = 500
PATTERN_PROGRAM: Final = 300
PATTERN_BYTES: Final = 1024 * 1024

# What an agent sent.
NUMBER_CHARACTERS: Final = 40
NUMBER_MAGNITUDE: Final = 64
TEXT_CHARACTERS: Final = 65_536
MATCHED_CHARACTERS: Final = 4096
LIST_ITEMS: Final = 1000

# What people are shown.
SHOWN_CHARACTERS: Final = 80
BECAUSE_CHARACTERS: Final = 1000
BECAUSE_PARTS: Final = 5

# Time.
SHORTEST_DEADLINE: Final = timedelta(minutes=1)
LONGEST_DEADLINE: Final = timedelta(days=90)
LONGEST_DELAY: Final = timedelta(days=7)

# Categories whose candidate rules are remembered per policy.
REMEMBERED_CATEGORIES: Final = 1024
