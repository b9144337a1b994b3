"""Each reason that a verifier can give is documented, and forged somewhere."""

import re
from pathlib import Path

from django.conf import settings

from audit.packs.verifier.words import REASONS
from tests.audit.packs.mutations import ARCHIVES, MUTATIONS


def test_each_reason_is_documented() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "evidence-pack.md").read_text()
    table = page.partition("## Why a pack is refused")[2]
    assert set(re.findall(r"`([a-z-]+)`", table)) == set(REASONS)


def test_each_reason_is_the_answer_to_a_forgery() -> None:
    answered = {reason for each in MUTATIONS for reason in each.reasons}
    answered |= {reason for _, _, reasons in ARCHIVES for reason in reasons}
    assert answered == set(REASONS)


def test_names_of_forgeries_are_their_own() -> None:
    names = [each.name for each in MUTATIONS]
    assert len(names) == len(set(names))
    assert len(names) >= 60
