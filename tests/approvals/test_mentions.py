"""Whom an @ means."""

import pytest

from approvals.mentions import find_mentions

PEOPLE = [
    ("a", "Alice Moreau", "alice@example.com"),
    ("b", "Bob Tanaka", "bob@example.com"),
    ("c", "Bob Stone", "bob.stone@example.com"),
    ("d", "Zoë", "zoe@example.com"),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Alice, please", ["a"]),
        ("@alice moreau and @ZOË.", ["a", "d"]),
        ("@bob@example.com!", ["b"]),
        ("@bob.stone@example.com", ["c"]),
        ("@Bob Stone", ["c"]),
        ("@Bob", []),  # there are two
        ("@Alicette", []),
        ("write to alice@example.com", []),
        ("mail@Alice", []),
        ("Alice", []),
        ("@alice@example.com.evil.test", []),
        ("@", []),
    ],
)
def test_whom_a_text_mentions(text: str, found: list[str]) -> None:
    assert find_mentions(text, PEOPLE) == found
