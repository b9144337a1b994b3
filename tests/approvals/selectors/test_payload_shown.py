"""Each kind of action as a reader sees it, and nothing of it left out."""

from typing import Any

import pytest

from approvals.selectors.payload_kinds import describe_statement, read_diff
from approvals.selectors.payload_shown import show_payload

DIFF = """\
diff --git a/x.sql b/x.sql
--- a/x.sql
+++ b/x.sql
@@ -1,3 +1,3 @@
 SELECT 1;
--- an old remark
+++ a new one
 SELECT 2;
"""


def test_inside_a_hunk_nothing_passes_for_a_heading() -> None:
    assert [(line.op, line.text) for line in read_diff(DIFF)] == [
        ("file", "diff --git a/x.sql b/x.sql"),
        ("file", "--- a/x.sql"),
        ("file", "+++ b/x.sql"),
        ("hunk", "@@ -1,3 +1,3 @@"),
        ("same", " SELECT 1;"),
        ("del", "-- an old remark"),
        ("add", "++ a new one"),
        ("same", " SELECT 2;"),
    ]


def test_every_line_of_a_diff_is_there_whatever_its_headers_claim() -> None:
    text = "@@ -1,99 +1,99 @@\n+a\n--- b\n@@ -1 +1 @@\n-c\n\\ No newline at end of file"
    assert "\n".join(line.whole for line in read_diff(text)) == text
    assert [line.op for line in read_diff(text)] == ["hunk", "add", "del", "same", "del", "same"]


def test_a_key_of_many_lines_is_masked_as_one() -> None:
    key = "-----BEGIN " + "PRIVATE KEY-----\n+MIIBOgIBAAJBAKj34Gkx\n+-----END " + "PRIVATE KEY-----"
    lines = read_diff(f"+{key}\n+done")
    assert [(line.op, line.text) for line in lines] == [
        ("add", "[private key ••••]"),
        ("add", "done"),
    ]


@pytest.mark.parametrize(
    ("statement", "effect", "remarks"),
    [
        ("SELECT 1", "It only reads", ()),
        ("select 'DELETE' -- UPDATE", "It only reads", ()),
        ("DELETE FROM t WHERE a = 1", "It deletes rows", ()),
        (
            "DELETE FROM t -- WHERE a = 1",
            "It deletes rows",
            ("It has no WHERE: it concerns every row of the table",),
        ),
        ("WITH x AS (DELETE FROM t WHERE b RETURNING *) SELECT 1", "It deletes rows", ()),
        (
            "SELECT 1; DROP TABLE t;",
            "It drops tables or columns",
            ("It is more than one statement",),
        ),
        ("INSERT INTO a SELECT * FROM b", "It adds rows", ()),
    ],
)
def test_a_statement_says_what_it_does(
    statement: str, effect: str, remarks: tuple[str, ...]
) -> None:
    assert describe_statement(statement) == (effect, remarks)


@pytest.mark.parametrize(
    ("payload", "kind", "expected"),
    [
        (
            {"sql": "SELECT 1", "estimated_rows": 1240, "database": "core"},
            "sql",
            {"body": "SELECT 1", "estimate": "1,240 rows", "fields": [("Database", "core")]},
        ),
        (
            {"sql": "SELECT 1", "estimated_rows": "many"},
            "sql",
            {"estimate": "", "fields": [("Estimated rows", "many")]},
        ),
        (
            {"to": ["a@x.y", "b@x.y"], "subject": "Hi", "body": "<p>Hi", "files": []},
            "email",
            {
                "subject": "Hi",
                "body": "<p>Hi",
                "effect": "It is written as a page; its source is shown",
                "head": [("To", "a@x.y, b@x.y")],
                "fields": [("Files", "empty")],
            },
        ),
        (
            {"url": "http://bank.example@evil.test/pay", "body": {"password": "x", "n": 1}},
            "http",
            {
                "method": "GET",
                "host": "evil.test",
                "remarks": (
                    "It is not encrypted: the address is not https",
                    "The address has a name before the @: what counts is the host behind it",
                ),
                "blocks": [("Body", '{\n  "password": "[secret ••••]",\n  "n": 1\n}')],
            },
        ),
        (
            {"url": "https://[", "method": "post"},
            "http",
            {"method": "POST", "url": "https://[", "host": "", "remarks": ()},
        ),
        (
            {"amount": "5.00", "currency": "EUR", "to": None},
            "money",
            {"amount": "5.00", "currency": "EUR", "fields": [("To", "empty")]},
        ),
        ({"no": "url"}, "http", {"kind": "fields", "fields": [("No", "url")]}),
    ],
)
def test_each_kind_takes_its_parts_and_leaves_the_rest(
    payload: Any, kind: str, expected: dict[str, Any]
) -> None:
    shown = show_payload(payload, {"kind": kind})
    pairs = {
        "fields": [(each.term, each.value) for each in shown.fields],
        "head": [(each.term, each.value) for each in shown.head],
        "blocks": [(each.title, each.text) for each in shown.blocks],
    }
    assert {name: pairs.get(name, getattr(shown, name)) for name in expected} == expected


def test_hidden_characters_are_named_with_their_place_and_number() -> None:
    payload = {"p\u0430yee": "A", "to": ["x\u200by\u200bz"]}
    shown = show_payload(payload, {}, texts={"the summary": "\u202eabc"})
    assert [(each.where, each.character.code_point, each.times) for each in shown.places] == [
        ("the summary", "U+202E", 1),
        ("the name of the field “p\u0430yee”", "U+0430", 1),
        ("to[1]", "U+200B", 2),
    ]
