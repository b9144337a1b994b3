"""The two verifiers as files: whole, readable, and without anything of ours or of the network."""

import ast
import re
import sys

from audit.packs.assembling import verify_html, verify_py
from tests.audit.packs import world


def test_verify_py_needs_the_standard_library_alone() -> None:
    tree = ast.parse(verify_py())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert names <= set(sys.stdlib_module_names)
    assert names.isdisjoint({"socket", "ssl", "urllib", "http", "subprocess", "ctypes"})


def test_verify_py_can_be_read() -> None:
    text = verify_py().decode()
    assert max(map(len, text.split("\n"))) <= 100
    assert "audit.packs" not in text.replace("audit.packs.assembling", "")


def test_each_name_of_verify_py_is_defined_once() -> None:
    names = [
        node.name
        for node in ast.parse(verify_py()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert sorted(names) == sorted(set(names))


def test_verify_html_is_one_file_with_a_strict_policy() -> None:
    text = verify_html().decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    parts = [part.strip().split(" ") for part in policy.split(";")]
    assert [part[0] for part in parts] == [
        "default-src", "script-src", "style-src", "base-uri", "form-action",
    ]  # fmt: skip
    assert parts[0][1:] == ["'none'"]
    assert [len(part[1:]) for part in parts[1:3]] == [1, 1]
    assert all(part[1].startswith("'sha256-") for part in parts[1:3])
    assert re.findall(r"""(?:src|href)=["']""", text) == []
    assert "{{" not in text


def test_the_same_contents_give_the_same_bytes() -> None:
    whole = world.contents()
    assert world.packed(whole) == world.packed(whole)
