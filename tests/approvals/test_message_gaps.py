"""The gaps of a company's own words."""

import pytest

from approvals.message_gaps import GAPS, faults_of, fill


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", []),
        ("Hello {name}, {summary} until {deadline}.", []),
        ("{nobody} and {nobody} and {}", ["There is no gap {nobody}.", "There is no gap {}."]),
        ("{summary.__class__}", ["There is no gap {summary.__class__}."]),
        ("{summary", ["A brace is open: write a gap as {summary}."]),
        ("}", ["A brace is open: write a gap as {summary}."]),
        ("{{summary}}", ["A brace is open: write a gap as {summary}."]),
    ],
)
def test_what_is_wrong_is_said(text: str, faults: list[str]) -> None:
    assert faults_of(text) == faults


def test_a_gap_is_filled_once_and_never_from_what_an_agent_wrote() -> None:
    values = {"summary": "Pay {agent} {name}", "agent": "payer"}
    assert fill("{summary} asked by {agent}{risk}", values) == "Pay {agent} {name} asked by payer"


def test_every_gap_that_is_offered_may_be_written() -> None:
    assert faults_of("".join(f"{{{name}}}" for name in GAPS)) == []
