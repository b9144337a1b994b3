"""Who was asked when, who decided what, what was said, and what was done."""

from collections.abc import Iterator
from typing import Final

from audit.explain.model import Sentence
from audit.explain.reading import Case, Told, mapping, plain
from audit.explain.voice import Voice, group_words, listed, seats_words

ASKING: Final = ("stage.", "timer.", "notification.", "review_link.", "break_glass.review_overdue")
DECIDING: Final = (
    "vote.", "break_glass.", "action_request.approved", "action_request.denied",
    "action_request.returned", "action_request.expired", "action_request.cancelled",
    "action_request.allowed", "action_request.blocked",
)  # fmt: skip
SAYING: Final = ("comment.", "request.revealed")
DOING: Final = ("grant.", "execution.", "callback.", "action_request.undo_asked")
_CHANNELS: Final = {
    "page": "on the request's page",
    "inbox": "in the inbox's list",
    "link": "from a link that was sent to them",
    "slack": "in Slack",
}
_SENT: Final = {
    "email": "by e-mail",
    "slack": "in Slack",
    "teams": "in Microsoft Teams",
    "push": "to a device",
}
_SECOND_FACTORS: Final = {"totp": "a one-time code", "passkey": "a passkey"}
_DETAILS: Final = (
    ("reason", "The reason given was: “{}”"),
    ("remark", "The remark was: “{}”"),
    ("note", "It was noted: “{}”"),
    ("why", "Why: {}."),
    ("jti", "The permission's number is {}."),
)


def asking(case: Case, voice: Voice) -> Iterator[Sentence]:
    """Who was asked and when, and what happened at each timeout."""
    told_people: dict[tuple[str, str], list[Told]] = {}
    for each in case.of("notification.sent"):
        told_people.setdefault((each.text("kind"), each.text("channel")), []).append(each)
    for each in case.of(*ASKING):
        if each.type == "notification.sent":
            group = told_people[each.text("kind"), each.text("channel")]
            if each is group[0]:
                yield _sent(group)
        else:
            yield _asked(each, voice)


def deciding(case: Case, _: Voice) -> Iterator[Sentence]:
    """Who decided what, with which right and reason, and how it ended."""
    gone = {id(each) for each in case.of("vote.cast")} - {id(each) for each in case.votes}
    for each in case.of(*DECIDING):
        if each.type == "break_glass.review_overdue":
            continue
        fell = "It does not count any more: see below." if id(each) in gone else ""
        yield each.say(each.row.summary, *details(each), *_vote(case, each), fell)


def saying(case: Case, _: Voice) -> Iterator[Sentence]:
    """What people and the agent said about it."""
    for each in case.of(*SAYING):
        yield each.say(each.row.summary)


def doing(case: Case, _: Voice) -> Iterator[Sentence]:
    """What was done with the permission, and at what cost."""
    for each in case.of(*DOING):
        yield each.say(each.row.summary, *details(each))


def rest(case: Case, _: Voice) -> Iterator[Sentence]:
    """What belongs under no other question."""
    known = (*ASKING, *DECIDING, *SAYING, *DOING, "action_request.submitted",
             "action_request.changed")  # fmt: skip
    taken = {id(each) for each in case.of(*known)}
    for each in case.events:
        if id(each) not in taken:
            yield each.say(each.row.summary, *details(each))


def details(told: Told) -> Iterator[str]:
    """Say what an event's data adds to its summary."""
    for key, words in _DETAILS:
        value = told.text(key).removeprefix("sha256:")
        # What the summary has said already is not said again.
        if value and not (key in ("reason", "remark", "note", "why") and value in told.row.summary):
            yield words.format(value.removesuffix(".") if key == "why" else value)
    if cost := told.money("cost"):
        yield f"It cost {cost}."


def _vote(case: Case, told: Told) -> Iterator[str]:
    """Say with which right somebody voted, what they saw, how long, and how it was confirmed."""
    rights = told.data.get("rights")
    if isinstance(rights, list) and rights:
        yield f"The right to decide came from {listed(map(right_words, rights))}."
    seen = told.text("payload_digest")
    if seen and told.type in ("vote.cast", "break_glass.approved"):
        same = seen == case.judged.text("payload_digest")
        what = "exactly the action above" if same else "the action as it was before it was changed"
        yield f"What they saw was {what}, by its SHA-256."
    if seconds := told.text("seconds_viewed"):
        yield f"They had it open for {seconds} s."
    factor = told.data.get("second_factor")
    name = plain(mapping(factor).get("method") or factor)
    if name:
        yield f"The second factor was {_SECOND_FACTORS.get(name, name)}."
    if absentee := plain(mapping(told.data.get("stands_for")).get("name")):
        yield f"The vote counts as that of {absentee} as well."
    if channel := told.text("channel"):
        yield f"The vote was given {_CHANNELS.get(channel, f'by {channel}')}."


def right_words(right: object) -> str:
    """Say what gave a person the right to decide."""
    kind, _, ref = str(right).rpartition(":")
    if kind.endswith("group"):
        alone = ", as one for emergencies" if kind.startswith("break_glass") else ""
        return f"the group {group_words(ref)}{alone}"
    return "a right of their own" if ref == "person" else str(right)


def _sent(group: list[Told]) -> Sentence:
    """One sentence for the same message to several people, with all its events."""
    names = dict.fromkeys(
        str(mapping(each.row.body.get("subject")).get("label", "")) for each in group
    )
    first = group[0]
    what = first.row.summary.partition("”")[0].removeprefix("“") or first.text("kind")
    channel = first.text("channel")
    how = _SENT.get(channel, f"by {channel}")
    words = f"“{what}” was sent to {listed(names)} {how}."
    kind = str(first.row.body.get("type", ""))
    return Sentence(words, first.at, kind, tuple(each.ref for each in group))


def _asked(told: Told, voice: Voice) -> Sentence:
    stage, rule = told.text("stage"), told.text("rule")
    deadline = voice.time_of(told.text("deadline_at"))
    where = f"stage “{stage}” of rule {rule}"
    if told.type == "stage.opened":
        return told.say(
            f"People were asked: {where} wants {seats_words(told.data.get('seats'))},"
            f" until {deadline}."
        )
    missing = f" Still missing: {told.text('missing')}." if told.text("missing") else ""
    if told.type == "timer.reminded":
        return told.say(f"Nobody had answered for all seats of {where}: a reminder went out."
                        f"{missing}")  # fmt: skip
    if told.type == "timer.escalated":
        who = seats_words(told.data.get("added")) or "nobody new"
        return told.say(f"A timeout passed for {where}: {who} was asked as well.{missing}")
    return told.say(told.row.summary, *details(told))
