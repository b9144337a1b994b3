"""The gaps in a company's own words: {summary}, {agent}. Pure; there is no other language.

A gap is filled once: what an agent wrote is never looked through for gaps.
"""

import re
from collections.abc import Mapping
from typing import Final

GAPS: Final[Mapping[str, str]] = {
    "name": "the first name of whoever is told",
    "company": "your company's name",
    "summary": "what will happen, in the agent's words",
    "agent": "the agent's name",
    "category": "the kind of action",
    "risk": "its risk",
    "reference": "the request's number",
    "deadline": "until when it has to be decided",
    "status": "how it stands: waiting, approved, denied …",
}
_GAP: Final = re.compile(r"\{([^{}]*)\}")


def faults_of(text: str) -> list[str]:
    """Return in sentences what is wrong with the gaps of a text; empty when nothing is."""
    named = [name for name in _GAP.findall(text) if name not in GAPS]
    faults = [f"There is no gap {{{name}}}." for name in dict.fromkeys(named)]
    if re.search(r"[{}]", _GAP.sub("", text)):
        faults.append("A brace is open: write a gap as {summary}.")
    return faults


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return the text with its gaps filled. What there is no value for becomes nothing."""
    return _GAP.sub(lambda found: values.get(found.group(1), ""), text)
