"""Why it was not approved, not allowed without a person, not decided by somebody."""

from collections.abc import Iterator
from typing import Final

from audit.explain.affected import grounds
from audit.explain.asking import matched_rules, rule_name, rule_words
from audit.explain.holding import demanded, refused, stopped_now
from audit.explain.model import Answer, Sentence
from audit.explain.reading import Case, Told, mapping, rows
from audit.explain.voice import Voice, seats_words

_NOT_APPROVED: Final = frozenset(
    {"denied", "returned", "expired", "blocked", "cancelled", "pending"}
)
_VOTED: Final = {"approve": "approved", "deny": "denied", "return": "sent back"}


def answers(case: Case, voice: Voice) -> Iterator[Answer]:
    """Return each "why not" that the record can be asked about this request."""
    if case.status in _NOT_APPROVED:
        was = "is it not decided yet" if case.end is None else "was it not approved"
        yield Answer(f"Why {was}?", tuple(_not_approved(case, voice)))
    if voice.is_affected:
        return  # the rules and the people are what they have read already
    sentences = tuple(_not_allowed(case, voice))
    if sentences:
        yield Answer("Why was it not allowed without a person?", sentences)
    for person in _bystanders(case):
        yield not_decided_by(case, person)


def not_decided_by(case: Case, person: str) -> Answer:
    """Say why somebody, by name or member id, did not decide it.

    Somebody who occurs in no event was not asked, and did not try.
    """
    question = f"Why was it not decided by {person}?"
    found = list(_about(case, person))
    if found:
        return Answer(question, tuple(found))
    openings = case.of("stage.opened")
    last = openings[-1] if openings else case.asked
    seats = seats_words(last.data.get("seats"))
    asked = f" What was asked for was {seats}." if seats else ""
    words = f"No event of this request names {person}: they were not told and did not vote.{asked}"
    return Answer(question, (last.say(words),))


def _not_approved(case: Case, voice: Voice) -> Iterator[Sentence]:
    end = case.end
    if end is None:
        yield from stopped_now(case, voice)
        missing = [each for each in case.events if each.text("missing")]
        if missing:
            words = "It is still open; when people were last reminded, these were missing:"
            yield missing[-1].say(f"{words} {voice.remark(missing[-1].text('missing'))}.")
        else:
            yield case.events[-1].say("It is still open: not everybody has answered.")
        return
    if case.status == "blocked":
        yield from refused(case, voice)
        if not case.refusals or _wanting(case, "deny"):
            yield from _rules(case, voice, "deny", "It was blocked because")
    elif case.status == "expired":
        yield from _expired(case, voice)
    elif case.status == "cancelled":
        yield end.say(f"It was cancelled by {voice.person(end)} before it was decided.",
                      _reason(end, voice))  # fmt: skip
    else:
        wanted = "deny" if case.status == "denied" else "return"
        votes = [each for each in case.votes if each.text("verdict") == wanted]
        did = (
            "sent it back"
            if wanted == "return"
            else "refused it"
            if voice.is_affected
            else "denied it"
        )
        for each in votes or [end]:
            who = voice.person(each)
            one = "" if wanted == "return" else " One “no” is enough."
            yield each.say(f"{who[:1].upper()}{who[1:]} {did}.{one}", _reason(each, voice))


def _expired(case: Case, voice: Voice) -> Iterator[Sentence]:
    counted = len([each for each in case.votes if each.text("verdict") == "approve"])
    given = {0: "Nobody had approved", 1: "1 approval had been given"}.get(
        counted, f"{counted} approvals had been given"
    )
    assert case.end is not None  # noqa: S101 - for the type checker: it ended by expiring
    yield case.end.say(
        f"{given} when the time ended on {voice.time(case.end.at)}, and that was not enough."
        " Silence never approves."
    )
    for each in case.of("notification.failed"):
        if not voice.is_affected:
            yield each.say(each.row.summary)
    last = [each for each in case.events if each.text("missing")]
    if last:
        yield last[-1].say(f"Still missing was: {voice.remark(last[-1].text('missing'))}.")


def _not_allowed(case: Case, voice: Voice) -> Iterator[Sentence]:
    if case.status in ("allowed", "blocked"):
        return
    yield from demanded(case, voice)
    if not case.demands or _wanting(case, "require_approval"):
        yield from _rules(case, voice, "require_approval", "A person had to decide, because")
    for rule in rows(case.judged.data.get("unmet")):
        yield case.judged.say(
            f"Rule {rule_name(rule)} would have allowed it, and did not apply: {rule_words(rule)}."
        )


def _wanting(case: Case, outcome: str) -> bool:
    return any(each.get("outcome") == outcome for each in matched_rules(case))


def _rules(case: Case, voice: Voice, outcome: str, begin: str) -> Iterator[Sentence]:
    if voice.is_affected:
        yield case.judged.say(f"{begin} {grounds(case, voice)}.")
        return
    found = [each for each in matched_rules(case) if each.get("outcome") == outcome]
    for rule in found:
        name = f" (rule {rule_name(rule)})"
        yield case.judged.say(f"{begin} {voice.words(rule_words(rule)).rstrip('.')}{name}.")
    because = case.judged.text("because")
    if not found and because:
        yield case.judged.say(f"{begin} {voice.words(because).rstrip('.')}.")


def _reason(told: Told, voice: Voice) -> str:
    reason = told.text("reason")
    return f"The reason given was: “{voice.remark(reason)}”" if reason else "No reason was given."


def _bystanders(case: Case) -> list[str]:
    """Whoever was told, or tried, and whose vote does not count in the end."""
    counted = {each.by for each in case.votes}
    named: dict[str, None] = {}
    for each in case.of("notification.sent", "notification.failed"):
        if each.text("kind") in ("requested", "reminder", "escalated"):
            named[str(mapping(each.row.body.get("subject")).get("label", ""))] = None
    for each in case.of("vote.refused", "vote.cast"):
        named[each.by] = None
    return [name for name in named if name and name not in counted]


def _about(case: Case, person: str) -> Iterator[Sentence]:
    for each in case.events:
        subject = mapping(each.row.body.get("subject"))
        by = person in (each.by, str(each.actor.get("id", "")))
        of = subject.get("type") == "member" and person in (
            subject.get("label"), subject.get("id"),
        )  # fmt: skip
        if by and each.type == "vote.refused":
            yield each.say(f"They voted, and the vote was refused: {each.text('why')}")
        elif by and each.type in ("vote.cast", "break_glass.approved"):
            verdict = _VOTED.get(each.text("verdict"), "approved")
            counts = any(each is vote for vote in case.votes)
            fell = "" if counts else " The vote was taken back or fell away."
            yield each.say(f"They did vote: they {verdict} it.{fell}")
        elif by and each.type == "vote.withdrawn":
            yield each.say("They took their vote back.", each.text("reason"))
        elif of and each.type in ("notification.sent", "notification.failed"):
            yield each.say(each.row.summary)
    end = case.end
    if end is not None and _was_told(case, person) and not _voted(case, person):
        yield end.say("They had not answered when it ended.")


def _was_told(case: Case, person: str) -> bool:
    subjects = [
        mapping(each.row.body.get("subject")) for each in case.of("notification.", "vote.refused")
    ]
    return any(person in (each.get("label"), each.get("id")) for each in subjects)


def _voted(case: Case, person: str) -> bool:
    return any(
        person in (each.by, str(each.actor.get("id", "")))
        for each in case.of("vote.cast", "vote.refused", "break_glass.approved")
    )
