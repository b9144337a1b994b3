"""Whose word a vote is: the voter's own, or that of somebody who is away (domain page, 5)."""

from typing import Any
from uuid import UUID

from approvals.policies.shown import listed
from approvals.rules import is_on_agents_side
from approvals.selectors.approvers import Standing, Word
from approvals.selectors.board import Board, keys_on
from approvals.selectors.people import Person
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid

NOT_THEIR_STAND_IN = "You do not stand in for this person now."


def choose_word(standing: Standing, person: Person, stands_for: UUID | None) -> Word:
    """Return the word that the vote gives.

    `stands_for` is the member whose word it is, the voter's own id included; None: their own
    where they have a seat, else that of the only absent person for whom they may vote. Raises
    `Conflict` when that word has been given, `Forbidden` with the reason, and `Invalid` when they
    have to say for whom.
    """
    if stands_for is not None and not standing.has_voted:
        named = (*standing.words, *standing.barred)
        word = next((one for one in named if one.person.member.pk == stands_for), None)
        if word is None:
            is_own = stands_for == person.member.pk
            raise Forbidden(standing.why if is_own and standing.why else NOT_THEIR_STAND_IN)
        return _free(word)
    if standing.has_voted:
        raise Conflict(standing.why, code="already_voted")
    if not standing.may_vote:
        raise Forbidden(standing.why)
    if len(standing.words) > 1 and standing.words[0].by is not None:
        names = listed([word.person.name for word in standing.words], "or")
        why = f"Say for whom you vote: {names}."
        raise Invalid(why, errors=[FieldError("/stands_for", why)])
    return standing.words[0]


def right_of(board: Board, voter: Person, word: Word) -> dict[str, Any]:
    """Return what justified the vote, to be kept with it: it counts on after people have left.

    The rights, seats and references are those of whose word it is; on the agent's side it is
    when one of both is.
    """
    person = word.person
    sides = (is_on_agents_side(board.request, one.member) for one in (person, voter))
    right: dict[str, Any] = {
        "right": person.rights[0],
        "rights": list(person.rights),
        "seats": sorted(word.seat_keys),
        "keys": sorted(keys_on(board.request, person)),
        "is_agents_side": any(sides),
    }
    # Whom a seat leaves out does not fill it for somebody else either.
    return right | ({"voter_keys": sorted(keys_on(board.request, voter))} if word.by else {})


def _free(word: Word) -> Word:
    if word.is_used_up:
        raise Conflict(word.why, code="already_voted")
    if word.why:
        raise Forbidden(word.why)
    return word
