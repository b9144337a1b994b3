"""Taking a person out of every table: what no ordinary statement may do, done by two functions.

Names lie in columns that are written once, and a text may name somebody anywhere. So the owner of
the schema has functions, made from the models after each migrate, that replace a text in every
column of the bound tenant, that empty what a member wrote, and what a thing was about. Only while
they run do the triggers of `rowsecurity` stand aside; the ledger's own rows hold commitments and
are never touched. The application role may call them and nothing else of it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper

from govapp.common.models import TenantOwned
from govapp.common.rowsecurity import APP_ROLE, tenant_models
from govapp.common.text import ERASED_WORDS

_HERE: Final = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid"
_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION {name} RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $forget$
DECLARE counted bigint; total bigint := 0;
BEGIN
PERFORM set_config('govapp.forgetting', 'on', true);
{body}
PERFORM set_config('govapp.forgetting', '', true);
RETURN total; END $forget$;
REVOKE ALL ON FUNCTION {name} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {name} TO {role};
"""
_NO_WORD_BEFORE: Final = "(?<![[:alnum:]_]{joined})"
_ESCAPE_BEFORE: Final = r"(?<=\\(?:[bfnrt]|u[0-9a-f]{{4}}){joined})"
_NO_WORD_AFTER: Final = "(?![[:alnum:]_])"
# An address goes on over these: nobody is meant by the end of j.ann@acme.co.uk, nor by its middle.
_ADDRESS: Final = re.compile(r"\S+@\S+")
_JOINED: Final = "[.+'-]?"
_NO_ADDRESS_AFTER: Final = r"(?![[:alnum:]_]|[.-][[:alnum:]])"
_COUNT: Final = "GET DIAGNOSTICS counted = ROW_COUNT; total := total + counted;"


def build_forgetting(connection: BaseDatabaseWrapper) -> None:
    """Make the functions. Runs as the owner of the schema, after `protect_tables`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {name for (name,) in cursor.fetchall()}
        owned = [each for each in tenant_models() if each._meta.db_table in tables]
        for name, parts in (
            ("govapp_forget_text(text, text, text)", map(_replacing, owned)),
            ("govapp_forget_words(uuid)", (one for each in owned for one in _emptying(each))),
            ("govapp_forget_contents(uuid[])", (one for m in owned for one in _contents(m))),
            ("govapp_forget_login(uuid, uuid)", (one for each in owned for one in _moving(each))),
        ):
            body = "\n".join(f"{part}; {_COUNT}" for part in parts if part)
            cursor.execute(_FUNCTION.format(name=name, body=body, role=APP_ROLE))


def forget_text(text: str, *, instead: str) -> int:
    """Replace a text, as whole words, in every column of the bound tenant. Returns how many rows.

    Reads every row of every table, but for what is made again from others: for rare acts such as
    the erasure of a person. Names that the database itself compares (keys, slugs, choices) stay as
    they are.
    """
    return _call("govapp_forget_text", whole_words(text), whole_words_in_json(text), instead)


def forget_words(member_id: UUID) -> int:
    """Empty what a member wrote, as the models' `words_of` say. Returns how many rows."""
    return _call("govapp_forget_words", member_id)


def forget_contents(idents: Sequence[UUID]) -> int:
    """Empty what things are about, as the models' `contents_of` say. Returns how many rows.

    For when their time of keeping is over; who decided, when and how is left.
    """
    return _call("govapp_forget_contents", list(idents))


def forget_login(member_id: UUID, instead: UUID) -> int:
    """Let a membership belong to another login, one that says nothing of anybody."""
    return _call("govapp_forget_login", member_id, instead)


def _call(function: str, *arguments: object) -> int:
    places = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({places})", arguments)  # type: ignore[arg-type]
        (count,) = cursor.fetchone()
    return int(count)


def replace_words(text: str, words: str, instead: str) -> str:
    """Return a text with others in place of such whole words, as `forget_text` finds them."""
    with connection.cursor() as cursor:
        said = [text, whole_words(words), instead]
        cursor.execute("SELECT regexp_replace(%s, %s, %s, 'g')", said)
        return str(cursor.fetchone()[0])


def whole_words(text: str) -> str:
    """Return a regular expression of PostgreSQL that finds a text as whole words.

    An address is not found in a longer one: "ann@acme.co" is neither in "jo.ann@acme.co" nor in
    "ann@acme.co.uk".
    """
    return _bounded(text, _NO_WORD_BEFORE)


def whole_words_in_json(text: str) -> str:
    """Return one that finds it in JSON as text, where a line break before it is a letter, `\\n`."""
    inside = json.dumps(text, ensure_ascii=False)[1:-1]
    return _bounded(inside, f"(?:{_NO_WORD_BEFORE}|{_ESCAPE_BEFORE})")


def _bounded(text: str, before: str) -> str:
    escaped = re.sub(r"([^\w\s])", r"\\\1", text)
    if _ADDRESS.fullmatch(text):
        return f"{before.format(joined=_JOINED)}{escaped}{_NO_ADDRESS_AFTER}"
    begins = before.format(joined="") if text[:1].isalnum() else ""
    return f"{begins}{escaped}{_NO_WORD_AFTER if text[-1:].isalnum() else ''}"


def _replacing(model: type[TenantOwned]) -> str:
    """The statement that replaces a text in a table, or nothing where no text can stand."""
    columns = dict(_texts(model))
    if model.is_evidence or model.is_remade or not columns:
        return ""
    changes = ", ".join(f'"{name}" = {change}' for name, (change, _) in columns.items())
    found = " OR ".join(condition for _, condition in columns.values())
    return _update(model, changes, found)


def _texts(model: type[TenantOwned]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each column that may name somebody, with its change and its condition."""
    for field in model._meta.local_fields:
        column = str(field.column)
        name = f'"{column}"'
        if isinstance(field, models.JSONField):
            yield (
                column,
                (
                    f"regexp_replace({name}::text, $2, $3, 'g')::jsonb",
                    f"{name}::text ~ $2",
                ),
            )
        elif isinstance(field, ArrayField) and _is_free(field.base_field):
            each = "regexp_replace(one, $1, $3, 'g')"
            change = f"ARRAY(SELECT {each} FROM unnest({name}) one)"  # noqa: S608 - our own names
            yield column, (change, f"array_to_string({name}, ' ') ~ $1")
        elif _is_free(field):
            change = f"regexp_replace({name}, $1, $3, 'g')"
            if field.max_length:
                change = f"left({change}, {field.max_length})"
            yield column, (change, f"{name} ~ $1")


def _is_free(field: "models.Field[Any, Any]") -> bool:
    """Whether it is a text that nothing in the database is compared with."""
    is_text = isinstance(field, models.CharField | models.TextField)
    return is_text and not (field.choices or field.unique or isinstance(field, models.SlugField))


def _emptying(model: type[TenantOwned]) -> Iterator[str]:
    fields = {field.name: field for field in model._meta.local_fields}
    for author, names in model.words_of.items():
        changes = ", ".join(f"\"{fields[name].column}\" = '{ERASED_WORDS}'" for name in names)
        some = " OR ".join(f"\"{fields[name].column}\" <> ''" for name in names)
        yield _update(model, changes, f'"{fields[author].column}" = $1 AND ({some})')


def _contents(model: type[TenantOwned]) -> Iterator[str]:
    fields = {field.name: field for field in model._meta.local_fields}
    for about, names in model.contents_of.items():
        changes = ", ".join(
            f'"{fields[name].column}" = {_empty(model, fields[name])}' for name in names
        )
        yield _update(model, changes, f'"{fields[about].column}" = ANY($1)')


def _empty(model: type[TenantOwned], field: "models.Field[Any, Any]") -> str:
    """The value of a column about which nothing is known any more."""
    if field.null:
        return "NULL"
    if isinstance(field, models.JSONField):
        return "'[]'::jsonb" if field.default is list else "'{}'::jsonb"
    name = field.column
    if _is_compared(model, field.name):
        return f"'{ERASED_WORDS} ' || id"
    return f"CASE \"{name}\" WHEN '' THEN '' ELSE '{ERASED_WORDS}' END"


def _is_compared(model: type[TenantOwned], name: str) -> bool:
    """Whether rows are told apart by it, so that it cannot be the same in two."""
    return any(
        isinstance(each, models.UniqueConstraint) and name in each.fields
        for each in model._meta.constraints
    )


def _moving(model: type[TenantOwned]) -> Iterator[str]:
    if model.login_field:
        column = model._meta.get_field(model.login_field).column  # type: ignore[union-attr]
        yield _update(model, f'"{column}" = $2', "id = $1")


def _update(model: type[TenantOwned], changes: str, condition: str) -> str:
    """All of it are names of the models' own columns."""
    return f'UPDATE "{model._meta.db_table}" SET {changes} WHERE {_HERE} AND ({condition})'  # noqa: S608
