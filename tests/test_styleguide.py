"""The style guide shows every component, and no template asks for what the policy forbids."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import RequestFactory

from govapp.styleguide import styleguide

TEMPLATES = Path(settings.BASE_DIR) / "templates"
# Shells include these themselves; the rest is for pages.
OF_THE_SHELL = {"nav", "nav_item", "tabbar", "tenant_switcher", "user_menu", "user_links"}


def test_the_page_is_drawn_without_a_database() -> None:
    html = styleguide(RequestFactory().get("/")).content.decode()
    assert html.count("<h1>") == 5
    assert "\u202e" not in html
    assert "12 min 00 s" in html


def test_every_component_is_shown() -> None:
    page = (TEMPLATES / "styleguide.html").read_text()
    shown = set(re.findall(r'component "(\w+)"|components/(\w+)\.html', page))
    names = {a or b for a, b in shown}
    inner = "".join(p.read_text() for p in TEMPLATES.glob("*.html"))
    inner += "".join(p.read_text() for p in (TEMPLATES / "components").glob("*.html"))
    names |= set(re.findall(r'include "components/(\w+)\.html"', inner))
    files = {p.stem for p in (TEMPLATES / "components").glob("*.html")}
    assert files - OF_THE_SHELL - names == set()


# Mail clients and the PDF have no stylesheet of ours to fetch: theirs is inside.
PAGES = [p for p in sorted(TEMPLATES.rglob("*.html")) if not {"email", "reports"} & set(p.parts)]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_no_page_has_inline_script_or_style_or_a_foreign_address(path: Path) -> None:
    source = path.read_text()
    forbidden = r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!www\.w3\.org)"
    assert re.findall(forbidden, source) == []
    scripts = re.findall(r"<script([^>]*)>", source)
    assert [s for s in scripts if "src=" not in s and 'type="application/json"' not in s] == []
