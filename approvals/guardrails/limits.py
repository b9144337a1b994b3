"""Every cap of the guardrails in one place, so that looking through anything ends soon.

What is over a cap is never passed over in silence: it is a finding of its own (`unscanned`), or
the rest of a text becomes one finding.
"""

from typing import Final

# What an agent sent: the API takes 256 KiB, so that all of it fits.
CHARACTERS: Final = 262_144
NODES: Final = 150_000
DEPTH: Final = 64
SEGMENT_CHARACTERS: Final = 60
INTEGER_BITS: Final = 4096
FOUND_BY_PATTERN: Final = 50  # in one text; the rest of the text is one finding then
FINDINGS_KEPT: Final = 100  # with a request and in an answer; how many more there were is said
ROUNDS: Final = 4  # of masking what masking brought together

# What a tenant writes.
RULES: Final = 100
CATEGORIES: Final = 50
WORDS: Final = 100
WORD_CHARACTERS: Final = 100
PATTERNS: Final = 20
FIELDS: Final = 50
NAME_CHARACTERS: Final = 60
POINTER_CHARACTERS: Final = 200
OUTPUT_CHARACTERS: Final = 262_144
WORDS_BYTES: Final = 8 * 1024 * 1024
PROBLEMS: Final = 50
