"""What a person reads whom a decision affects: plain words, roles instead of names.

What decided, which part people had in it, what was done, and how to contest it.
Source: Regulation (EU) 2024/1689 (AI Act) Art. 86; Regulation (EU) 2016/679 (GDPR) Art. 22.
"""

from collections.abc import Iterator
from typing import Final

from audit.explain.asking import field_lines, matched_rules, rule_words, sources
from audit.explain.holding import demanded, refused
from audit.explain.model import Section, Sentence
from audit.explain.reading import Case, Told
from audit.explain.voice import Voice, listed, role_of, seats_words

OUTCOMES: Final = {
    "allowed": "This was allowed automatically. No person decided it.",
    "blocked": "This was refused automatically. No person decided it.",
    "approved": "People approved this. The software did not decide it.",
    "denied": "A person refused this. The software did not decide it.",
    "returned": "A person sent this back to the software. It was not approved.",
    "expired": "Nobody decided this in time, so it was not approved.",
    "cancelled": "This was called off before anybody decided it.",
    "pending": "This has not been decided yet.",
}
_DID: Final = {"approve": "approved it", "deny": "refused it", "return": "sent it back"}
_EXECUTED: Final = {
    "succeeded": "The software reported that it has done it.",
    "failed": "The software reported that it tried, and failed.",
    "rolled_back": "The software reported that it did it and then undid it.",
    "unknown": "Nobody knows yet whether the software has done it.",
}
AUTOMATIC: Final = frozenset({"allowed", "blocked"})


def sections_for(case: Case, voice: Voice) -> Iterator[Section]:
    """Return the questions of a person affected, with their answers."""
    for title, found in (
        ("What the software asked to do", _asked(case, voice)),
        ("What the rules say", _why(case, voice)),
        ("What people did", _people(case, voice)),
        ("What happened then", _then(case)),
    ):
        sentences = tuple(found)
        if sentences:
            yield Section(title, sentences)


def in_short_for(case: Case, voice: Voice) -> Iterator[Sentence]:
    """Say what decided it, and on which ground, in a few sentences."""
    end = case.end or case.events[-1]
    if _is_stopped(case):
        yield end.say(
            "A person had stopped this software, or this kind of action, before. Nobody looked at"
            " this request by itself."
        )
    elif case.refusals:
        yield end.say("Something besides the rules held it.")
    elif case.status in AUTOMATIC:
        yield end.say("Fixed rules, which people of the organisation had written, decided it.")
    elif case.status in ("approved", "denied", "returned"):
        # By role, not by name, and each role once.
        voters = [each for each in case.votes if _decided(case, each)]
        who = listed(dict.fromkeys(role_of(each) for each in voters)) or "a member of staff"
        words = f"It was decided on {voice.time(end.at)} by {who}."
        events = tuple(dict.fromkeys([*(each.ref for each in voters), end.ref]))
        yield Sentence(words, end.at, str(end.row.body.get("type", "")), events)
    elif case.status == "expired":
        yield end.say("Silence is never taken for a yes: what nobody decides is not done.")


def contest_for(case: Case, tenant: str, contact: str) -> tuple[str, ...]:
    """Say how to contest it, and with which right."""
    who = tenant or "the organisation"
    if case.status in AUTOMATIC:
        part = (
            "A person stopped the software, or this kind of action, and did not look at this"
            " request."
            if _is_stopped(case)
            else "No person took part in this decision."
        )
        rights = (
            f"{part} Where Article 22 of the GDPR applies to it, you may ask that a person looks at"
            " it, say how you see it, and contest it."
        )
    else:
        rights = (
            "You may ask which part the software had in this decision and what it rests on"
            " (Article 86 of the EU AI Act, where it applies), and contest it."
        )
    reach = contact or (
        f"{who} has not named a contact for this. Write to the address at which you deal with it."
    )
    return (rights, reach, f"Name this reference: {case.request}.")


def _is_stopped(case: Case) -> bool:
    """Whether a kill switch refused it, which a person had thrown."""
    return any(each.get("code") == "killed" for each in case.refusals)


def _decided(case: Case, vote: Told) -> bool:
    wanted = {"approved": "approve", "denied": "deny", "returned": "return"}[case.status]
    return vote.type == "break_glass.approved" or vote.text("verdict") == wanted


def _asked(case: Case, voice: Voice) -> Iterator[Sentence]:
    told = case.asked
    behalf = ", on behalf of a person," if told.text("on_behalf_of") else ""
    if case.delegation:
        behalf = f", to which other software had handed the task,{behalf.removeprefix(',')}"
    kind = told.text("category_name")
    what = f" ({voice.words(kind)})" if kind else ""
    yield told.say(
        f"On {voice.time(told.at)} a software agent{behalf} asked to do this:"
        f" “{voice.words(case.title)}”{what}."
    )
    if reason := told.text("reason") or told.text("agent_reason"):
        yield told.say(f"The software gave this reason: “{voice.words(reason)}”")
    if used := sources(told, with_address=False):
        named = listed(voice.words(each) for each in used)
        yield told.say(f"The software said that it used: {named}.")
    if case.fields:
        yield case.judged.say("These values were looked at:", *field_lines(case, voice))
    for each in case.of("action_request.changed"):
        yield each.say("A person changed it before approving it; these are the values after that.")


def _why(case: Case, voice: Voice) -> Iterator[Sentence]:
    told = case.judged
    if case.refusals:
        yield from refused(case, voice)
        return
    yield from demanded(case, voice)
    begin = {
        "allowed": "A rule allows it without a person",
        "blocked": "A rule forbids it",
    }.get(case.status, "The organisation's rules want people to decide it")
    yield told.say(f"{begin}, because {grounds(case, voice)}.")
    for each in case.of("stage.opened"):
        seats = seats_words(each.data.get("seats"), with_names=False)
        deadline = voice.time_of(each.text("deadline_at"))
        yield each.say(f"For that, {seats} had to approve, until {deadline}.")


def grounds(case: Case, voice: Voice) -> str:
    """Say why the rules came out so, without the rules' own names for things."""
    found = [rule_words(rule) for rule in matched_rules(case)] or [case.judged.text("because")]
    said = dict.fromkeys(
        "the rule holds for every action of this kind"
        if words.startswith("it applies to ")
        else voice.words(words).rstrip(".")
        for words in found
        if words
    )
    return "; and ".join(said) or "no rule allows it without a person"


def _people(case: Case, voice: Voice) -> Iterator[Sentence]:
    counted = {id(each) for each in case.votes}
    for each in case.of("vote.cast", "break_glass.approved"):
        alone = each.type == "break_glass.approved"
        did = (
            "approved it alone, in an emergency"
            if alone
            else _DID.get(each.text("verdict"), "answered")
        )
        who = role_of(each)
        words = f"{who[:1].upper()}{who[1:]} {did} on {voice.time(each.at)}."
        reason, seconds = each.text("reason"), each.text("seconds_viewed")
        # Why somebody refused is said already, as the answer to why it was not approved.
        is_said = case.status in ("denied", "returned") and _decided(case, each)
        yield each.say(
            words,
            f"The reason given was: “{voice.remark(reason)}”" if reason and not is_said else "",
            f"They had the page open for {seconds} seconds." if seconds else "",
            "" if id(each) in counted else "This answer did not count in the end.",
        )
    for types, did in (
        (("timer.reminded", "timer.repeated"), "they were reminded"),
        (("timer.escalated",), "more people were asked"),
    ):
        if late := case.of(*types):
            times = "" if len(late) == 1 else f" {len(late)} times"
            words = f"Because not everybody had answered, {did}{times}."
            yield Sentence(words, late[0].at, late[0].type, tuple(each.ref for each in late))
    if case.status == "cancelled" and case.end is not None:
        yield case.end.say(f"It was called off on {voice.time(case.end.at)}.")
    if case.status == "expired" and case.end is not None:
        yield case.end.say(f"The time for it ended on {voice.time(case.end.at)}.")


def _then(case: Case) -> Iterator[Sentence]:
    reported = case.of("execution.reported")
    revoked, used = case.of("grant.revoked"), case.of("grant.redeemed")
    if reported:
        last = reported[-1]
        cost = last.money("cost")
        words = _EXECUTED.get(last.text("outcome"), "The software reported how it went.")
        yield last.say(words, f"It cost {cost}." if cost else "")
        if undone := case.of("execution.undone"):
            yield undone[-1].say("It was taken back afterwards, by another action.")
    elif revoked:
        yield revoked[-1].say("The permission was withdrawn before it was used.")
    elif used:
        yield used[-1].say("The permission was used.")
    elif case.end is not None and case.status in ("approved", "allowed"):
        yield case.end.say("The software may do it; it has not reported that it did.")
    elif case.end is not None:
        yield case.end.say("The software got no permission, and so it was not done.")
