"""The figures of a replay in sentences, the same on the page, in the record and in the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from approvals.policies import ALLOW, DENY, REQUIRE_APPROVAL
from govapp.common.charts import number, share_text

_MOVES: Final = (
    # before, after, what it says of them
    (ALLOW, REQUIRE_APPROVAL, "would have needed approval that did not", "warn"),
    (
        REQUIRE_APPROVAL,
        ALLOW,
        "would have been allowed with nobody asked, as people were",
        "bad",
    ),
    (DENY, ALLOW, "would have been allowed that were blocked", "bad"),
    (DENY, REQUIRE_APPROVAL, "would have been put to people that were blocked", "bad"),
    (ALLOW, DENY, "would have been blocked that were allowed", "warn"),
    (REQUIRE_APPROVAL, DENY, "would have been blocked that were put to people", "warn"),
)
_OLD: Final = "made before facts were kept; what the tables say now stands in for them"
_SINCE: Final = (
    "a past that nobody looked up then; what the run, the agent and the target did before is"
    " counted now, without the multiple of the usual amount"
)
_UNKNOWN: Final = "a category that was unknown or archived then; none of these is ever allowed"
_CAUTIONS: Final = (
    # figure, for one, for many, the rest
    ("reconstructed", "was", "were", _OLD),
    ("looked_up_since", "has", "have", _SINCE),
    ("unreadable", "could", "could", "not be read and is not counted"),
    ("unknown_category", "named", "named", _UNKNOWN),
)


@dataclass(frozen=True)
class Said:
    """One sentence; `tone` is "bad" for what gets looser or cannot work, "warn" for stricter."""

    text: str
    tone: str = ""


def headline(summary: Mapping[str, Any]) -> str:
    """Return the whole in one sentence."""
    total, changed = summary["requests"], summary["changes"]["all"]
    if not total:
        return "There was no request in this period."
    if not changed:
        return f"None of {_requests(total)} would have been decided otherwise."
    return f"{number(changed)} of {_requests(total)} would have been decided otherwise."


def sentences(summary: Mapping[str, Any]) -> list[Said]:
    """Return what the figures say, what matters most first."""
    if not summary["requests"]:
        return [Said(headline(summary))]
    return [*_moves(summary), *_people(summary), *_impossible(summary), *_share(summary)]


def cautions(summary: Mapping[str, Any]) -> list[str]:
    """Return what the figures do not know, in words."""
    return [
        f"{_requests(summary[key])} {one if summary[key] == 1 else many} {rest}."
        for key, one, many, rest in _CAUTIONS
        if summary[key]
    ]


def _moves(summary: Mapping[str, Any]) -> list[Said]:
    total = summary["requests"]
    counts = {(each["before"], each["after"]): each["requests"] for each in summary["moves"]}
    said = [
        Said(f"{number(counts[before, after])} of {_requests(total)} {rest}.", tone)
        for before, after, rest, tone in _MOVES
        if counts.get((before, after))
    ]
    return said or [Said(f"None of {_requests(total)} would have had another outcome.")]


def _people(summary: Mapping[str, Any]) -> list[Said]:
    """Those with the same outcome by others: what is left when outcomes are taken away."""
    strictness = {ALLOW: 0, REQUIRE_APPROVAL: 1, DENY: 2}
    looser = stricter = 0
    for each in summary["moves"]:
        step = strictness[each["after"]] - strictness[each["before"]]
        looser += each["requests"] if step < 0 else 0
        stricter += each["requests"] if step > 0 else 0
    changes = summary["changes"]
    found = (
        (changes["looser"] - looser, "would have needed fewer people or checks", "bad"),
        (changes["stricter"] - stricter, "would have needed more people or checks", "warn"),
        (changes["other"], "would have gone to other people", ""),
    )
    return [Said(f"{_requests(count)} {rest}.", tone) for count, rest, tone in found if count]


def _impossible(summary: Mapping[str, Any]) -> list[Said]:
    count = summary["impossible"]["after"]
    if not count:
        return []
    text = f"{_requests(count)} could never have been approved by the people there are now."
    return [Said(text, "bad")]


def _share(summary: Mapping[str, Any]) -> list[Said]:
    total, before, after = summary["requests"], summary["before"], summary["after"]
    text = f"{share_text(after[ALLOW], total)} would have been allowed without asking"
    if before[ALLOW] != after[ALLOW]:
        text += f", instead of {share_text(before[ALLOW], total)}"
    days = max(len(summary["days"]), 1)
    asked = f"{_per_day(after, days)} approvals would have been asked for on a day with requests"
    if before[REQUIRE_APPROVAL] != after[REQUIRE_APPROVAL]:
        asked += f", instead of {_per_day(before, days)}"
    return [Said(f"{text}."), Said(f"{asked}.")]


def _per_day(outcomes: Mapping[str, int], days: int) -> str:
    return number(round(outcomes[REQUIRE_APPROVAL] / days, 1))


def _requests(count: int) -> str:
    return f"{number(count)} request{'' if count == 1 else 's'}"
