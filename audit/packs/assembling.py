"""One file of each verifier, made of its parts."""

import base64
import json
import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from audit.packs.verifier import words

_HERE: Final = Path(__file__).parent
_PARTS: Final = (
    "words", "verdict", "ed25519", "notes", "trees", "files", "log", "runs", "events",
    "disclosures",
    "der", "stamps", "anchors", "trust", "main",
)  # fmt: skip
_SCRIPTS: Final = (
    "words", "bytes", "zip", "ed25519", "notes", "trees", "files", "log", "runs",
    "events", "disclosures", "der", "stamps", "anchors", "trust", "verify", "show",
)  # fmt: skip
_FUTURE: Final = "from __future__ import annotations\n"
_OWN_IMPORT: Final = re.compile(
    r"^from audit\.packs\.verifier\.[a-z0-9_]+ import (?:\([^)]*\)|[^(\n]*)\n", re.MULTILINE
)
_HEAD: Final = '''#!/usr/bin/env python3
"""Checks an evidence pack of Govapp, without any network and without anything to install.

    python3 verify.py PACK.zip
    python3 verify.py --vkey KEY PACK.zip     the key that you expect, from elsewhere
    python3 verify.py --help

Needs Python 3.11 or newer, and nothing but its standard library. `verify.html` does the same in a
browser. What is checked, and by which rules, is said in README.txt beside this file.
"""

'''


@cache
def verify_py() -> bytes:
    """Return `verify.py`: the parts of `verifier/`, one after the other."""
    parts = []
    for name in _PARTS:
        source = (_HERE / "verifier" / f"{name}.py").read_text(encoding="utf-8")
        source = _OWN_IMPORT.sub("", source.replace(_FUTURE, ""))
        title = source.partition('"""')[2].partition('"""')[0].strip()
        body = source.split('"""', 2)[2].strip("\n")
        comment = "".join(f"# {line}\n" if line else "#\n" for line in title.split("\n"))
        parts.append(f"\n\n# {'-' * 97}\n{comment}# {'-' * 97}\n\n{body}\n")
    return (_HEAD + _FUTURE + "".join(parts)).encode()


@cache
def verify_html() -> bytes:
    """Return `verify.html`: one page; its policy allows its own script and style, no network."""
    page = _HERE / "page"
    style = (page / "page.css").read_text(encoding="utf-8")
    scripts = (_constants(), *((page / f"{name}.js").read_text("utf-8") for name in _SCRIPTS[1:]))
    script = '"use strict";\n' + "\n".join(scripts)
    policy = (
        f"default-src 'none'; script-src '{_source(script)}'; style-src '{_source(style)}';"
        " base-uri 'none'; form-action 'none'"
    )
    filled = (page / "page.html").read_text(encoding="utf-8")
    for name, value in (("POLICY", policy), ("STYLE", style), ("SCRIPT", script)):
        filled = filled.replace("{{ " + name + " }}", value, 1)
    return filled.encode()


def _constants() -> str:
    names = ("FORMAT", "REASONS", "CHECKED", "WITHHELD", "TRUST", "VERDICTS")
    return "".join(
        f"const {name} = {json.dumps(getattr(words, name), indent=1, ensure_ascii=False)};\n"
        for name in names
    )


def _source(text: str) -> str:
    digest = base64.b64encode(sha256(text.encode()).digest()).decode()
    return f"sha256-{digest}"
