"""From the text form to the plain condition tree of a document, with the column of every part.

Recursive descent over tokens read beforehand: linear, with the nesting capped before the stack is.
`or` binds loosest, then `and`, then `not`; brackets make groups of their own, so that the tree is
what was written: `(a and b) and c` is a group inside a group. `all(a)` is a group of one.
"""

from __future__ import annotations

from typing import Final, Never

from approvals.policies import limits
from approvals.policies.decimals import read_decimal
from approvals.policies.fields import find_field
from approvals.policies.kinds import Kind as FieldKind
from approvals.policies.operator_table import BY_KIND, BY_NAME, NUMERIC
from approvals.policies.positions import Position
from approvals.policies.shown import listed
from approvals.policies.text_tokens import (
    GROUPS,
    RESERVED,
    WORDS,
    ConditionTextInvalid,
    Kind,
    Token,
    in_words,
    read_tokens,
)
from approvals.policies.yaml_events import resolve_plain

Tree = dict[str, object]
Part = tuple[Tree, Position]

# One level of the tree takes at most three of these: `not`, a bracket, and a needless bracket.
_NESTING: Final = limits.CONDITION_DEPTH * 3
_BY_WORDS: Final = {**{tuple(words.split()): op for op, words in WORDS.items()}, ("==",): "eq"}
_LONGEST_OPERATOR: Final = max(map(len, _BY_WORDS))


def read_tree(text: str) -> Part:
    """The tree as in a document, not yet checked further, and where its parts stand.

    The positions are (1, column). Raises ConditionTextInvalid.
    """
    return _Parser(read_tokens(text)).parse()


def _at(token: Token, **children: Position) -> Position:
    return Position((1, token.column), children=children)


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.comparisons = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.index]

    def parse(self) -> Part:
        if self.at_end():
            self.fail("write a condition such as payload.amount > 10000")
        part = self.alternatives(0)
        if not self.at_end():
            closing = self.next.says(")")
            self.fail(
                "remove this bracket; none is open here"
                if closing
                else f"write and or or before {self.next.shown}, or end here"
            )
        return part

    def fail(self, message: str, token: Token | None = None) -> Never:
        raise ConditionTextInvalid(message, (token or self.next).column)

    def at_end(self) -> bool:
        return self.next.kind is Kind.END

    def take(self) -> Token:
        token = self.next
        if token.kind is not Kind.END:
            self.index += 1
        return token

    def accept(self, word: str) -> bool:
        found = self.next.says(word)
        self.index += found
        return found

    def alternatives(self, depth: int) -> Part:
        start = self.next
        parts = [self.conjunction(depth)]
        while self.accept("or"):
            parts.append(self.conjunction(depth))
        return parts[0] if len(parts) == 1 else _group("any", parts, start)

    def conjunction(self, depth: int) -> Part:
        start = self.next
        parts = [self.single(depth)]
        while self.accept("and"):
            parts.append(self.single(depth))
        return parts[0] if len(parts) == 1 else _group("all", parts, start)

    def single(self, depth: int) -> Part:
        start = self.next
        if depth > _NESTING:
            self.fail(f"nest conditions at most {limits.CONDITION_DEPTH} deep; split the rule")
        if self.accept("not"):
            tree, position = self.single(depth + 1)
            return {"not": tree}, _at(start, **{"not": position})
        if self.next.says("("):
            return self.bracket(depth)
        if start.text in GROUPS and start.kind is Kind.WORD:
            self.take()
            if not self.next.says("("):
                self.fail(f"write a condition in brackets after {start.text}")
            return _group(start.text, [self.bracket(depth)], start)
        return self.comparison()

    def bracket(self, depth: int) -> Part:
        opening = self.take()
        part = self.alternatives(depth + 1)
        if not self.accept(")"):
            what = self.next.shown
            self.fail(f"close the bracket of column {opening.column} before {what}")
        return part

    def comparison(self) -> Part:
        self.comparisons += 1
        if self.comparisons > limits.CONDITION_NODES:
            self.fail(f"write at most {limits.CONDITION_NODES} conditions in one rule")
        name = self.take()
        if name.kind in {Kind.SIGN, Kind.END} or self.is_reserved(name):
            self.fail(f"write a field such as payload.amount here, not {name.shown}", name)
        start = self.next
        op = self.operator(name)
        tree: Tree = {"field": name.text, "op": op}
        position = _at(name, field=_at(name), op=_at(start))
        takes = BY_NAME[op].takes
        if takes == "none":
            return tree, position
        if takes == "list":
            tree["value"], position.children["value"] = self.items(op)
        elif takes == "pair":
            tree["value"], position.children["value"] = self.pair(name, op)
        else:
            position.children["value"] = _at(self.next)
            tree["value"] = self.value(name, op)
        return tree, position

    def operator(self, name: Token) -> str:
        """The operator of the most words that stands here, if the field can be compared so."""
        field = find_field(name.text)
        allowed = BY_KIND[FieldKind.ANY if field is None else field.kind]
        ahead = self.tokens[self.index : self.index + _LONGEST_OPERATOR]
        words = tuple("" if token.kind is Kind.TEXT else token.text for token in ahead)
        for length in range(len(words), 0, -1):
            op = _BY_WORDS.get(words[:length])
            if op is None:
                continue
            if op not in allowed:
                kind = "" if field is None else field.kind.value
                self.fail(f"{name.shown} is {kind}; use {listed(in_words(allowed), 'or')}")
            self.index += length
            return op
        known = listed(in_words(allowed), "or")
        raise ConditionTextInvalid(
            f"write an operator after {name.shown}, not {self.next.shown}; use {known}",
            self.next.column,
        )

    def items(self, op: str) -> tuple[list[object], Position]:
        opening = self.next
        if not self.accept("["):
            self.fail(f"write a list in square brackets after {WORDS[op]}, such as [a, b]")
        values: list[object] = []
        position = _at(opening)
        while True:
            if len(values) >= limits.VALUES_IN_LIST:
                self.fail(f"write at most {limits.VALUES_IN_LIST} values in one list")
            position.children[str(len(values))] = _at(self.next)
            values.append(self.value(None, op))
            if self.accept("]"):
                return values, position
            if not self.accept(","):
                self.fail(f"write a comma or ] here, not {self.next.shown}")

    def pair(self, name: Token, op: str) -> tuple[list[object], Position]:
        start = self.next
        low = self.value(name, op)
        if not self.accept("and"):
            self.fail(f"write {WORDS[op]} with two values: {WORDS[op]} 1 and 10")
        last = self.next
        high = self.value(name, op)
        return [low, high], _at(start, **{"0": _at(start), "1": _at(last)})

    def value(self, name: Token | None, op: str) -> object:
        token = self.take()
        after = WORDS[op]
        field = None if name is None else find_field(name.text)
        kind = FieldKind.ANY if field is None else field.kind
        wants_number = kind is FieldKind.NUMBER or (op in NUMERIC and kind is not FieldKind.DATE)
        if token.kind in {Kind.SIGN, Kind.END}:
            what = "a number" if wants_number else "a value"
            self.fail(f"write {what} after {after}, not {token.shown}", token)
        if token.kind is Kind.WORD and token.text not in {"true", "false"}:
            if self.is_reserved(token):
                what = f"write a value after {after}, or {token.text} in double quotes"
                self.fail(what, token)
            if token.text.lower() in {"true", "false", "null", "~"}:
                self.fail(f'write true or false in lower case, or "{token.text}"', token)
        value = resolve_plain(token.text) if token.kind is Kind.WORD else token.text
        if wants_number and isinstance(value, str | bool) and read_decimal(value) is None:
            what = "text" if isinstance(value, str) else "true or false"
            self.fail(f"write a number after {after}, not {what}", token)
        return value

    def is_reserved(self, token: Token) -> bool:
        return token.kind is Kind.WORD and token.text in RESERVED


def _group(branch: str, parts: list[Part], start: Token) -> Part:
    children = {str(index): position for index, (_, position) in enumerate(parts)}
    inner = Position((1, start.column), children=children)
    return {branch: [tree for tree, _ in parts]}, _at(start, **{branch: inner})
