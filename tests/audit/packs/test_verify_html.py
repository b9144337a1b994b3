"""verify.html in a real browser, from a file and without a network: it says what verify.py says."""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request

from audit.packs.assembling import verify_html
from audit.packs.verifier.main import verify_pack
from tests.audit.packs import world
from tests.audit.packs.forging import Mutation, unpacked
from tests.audit.packs.mutations import ARCHIVES, MUTATIONS
from tests.audit.packs.run_mutations import PRUNED_RUNS, SELECTED_RUNS

pytestmark = pytest.mark.browser

VERIFY = """async ([data, known]) => {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const files = [["pack.zip", new File([bytes], "pack.zip")]];
  const named = { pins: known.vkey || [], witnesses: known.witness || [],
    stampers: known.stamper || [], sha256: known.sha256 || "" };
  return (await verifyPack(files, named)).verdict.asJson();
}"""


@dataclass
class Window:
    """The page, and everything that it said or asked for."""

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def verify(self, data: bytes, **known: Any) -> Any:
        return self.page.evaluate(VERIFY, [base64.b64encode(data).decode(), known])


@pytest.fixture(scope="module")
def window(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """verify.html opened from a folder, as an auditor does."""
    file = tmp_path_factory.mktemp("verifier") / "verify.html"
    file.write_bytes(verify_html())
    context = chromium.new_context(offline=True)
    context.set_default_timeout(60_000)
    found = Window(context.new_page())

    def note(request: Request) -> None:
        found.requests.append(request.url)

    found.page.on("request", note)
    found.page.on("console", lambda message: found.faults.append(message.text))
    found.page.on("pageerror", lambda error: found.faults.append(str(error)))
    found.page.goto(file.as_uri())
    yield found
    context.close()


def by_python(data: bytes, path: Path, **known: Any) -> Any:
    path.write_bytes(data)
    verdict = verify_pack(
        path, known.get("vkey", []), known.get("witness", []), known.get("stamper", []),
        known.get("sha256", ""),
    )  # fmt: skip
    return verdict.as_json()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_forged_pack_is_refused_in_the_same_words(
    window: Window, mutation: Mutation, tmp_path: Path
) -> None:
    data = mutation.make()
    found = window.verify(data, **mutation.known)
    assert tuple(each["reason"] for each in found["refusals"]) == mutation.reasons
    assert found == by_python(data, tmp_path / "forged.zip", **mutation.known)


@pytest.mark.parametrize(("name", "change", "expected"), ARCHIVES)
def test_a_broken_archive_is_refused(
    window: Window, name: str, change: Any, expected: tuple[str, ...], tmp_path: Path
) -> None:
    data = change(world.a_pack())
    found = window.verify(data)
    assert tuple(each["reason"] for each in found["refusals"]) == expected
    assert found == by_python(data, tmp_path / "broken.zip")


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"vkey": [world.NEW.verifier.encode()]},
        {"vkey": [world.OLD.verifier.encode()]},
        {"vkey": [world.STRANGER.verifier.encode()]},
        {"witness": [world.witness_vkey()]},
        {"stamper": [world.certificate_sha256()]},
    ],
    ids=["nothing", "its key", "its former key", "another key", "a witness", "an authority"],
)
def test_an_intact_pack_is_accepted_in_the_same_words(
    window: Window, known: dict[str, list[str]], tmp_path: Path
) -> None:
    for number, data in enumerate((world.a_pack(), world.packed(world.selection()))):
        found = window.verify(data, **known)
        assert found == by_python(data, tmp_path / f"{number}.zip", **known)


@pytest.mark.parametrize(("name", "make", "_"), [*PRUNED_RUNS, *SELECTED_RUNS])
def test_a_run_of_which_some_is_not_here_is_accepted_in_the_same_words(
    window: Window, name: str, make: Callable[[], bytes], _: int, tmp_path: Path
) -> None:
    found = window.verify(make())
    assert found["refusals"] == []
    assert found == by_python(make(), tmp_path / "pack.zip")


def test_signatures_are_checked_by_hand_where_the_browser_cannot(window: Window) -> None:
    window.page.evaluate("browserSigns = false")
    found = window.verify(world.a_pack())
    forged = next(each for each in MUTATIONS if each.name == "a checkpoint with another root")
    refused = window.verify(forged.make())
    window.page.evaluate("browserSigns = true")
    assert (found["verdict"], refused["refusals"][0]["reason"]) == (
        "intact-unknown",
        "checkpoint-forged",
    )


def test_a_person_chooses_the_archive_and_reads_the_answer(window: Window, tmp_path: Path) -> None:
    page = window.page
    (tmp_path / "pack.zip").write_bytes(world.a_pack())
    page.get_by_label("Choose the zip archive").set_input_files(tmp_path / "pack.zip")
    heading = page.get_by_role("heading", name="Intact, by a key that you have not confirmed.")
    heading.wait_for()
    assert page.evaluate("document.activeElement.id") == "verdict-words"
    page.get_by_text("What you know already").click()
    page.get_by_label("The key of the record").fill(world.NEW.verifier.encode())
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("heading", name="Intact. Everything in this pack").wait_for()
    # Names are opened in the sentences, and what turns text around is written out.
    first = page.locator("#events .what").nth(2)
    assert first.text_content() == "Alice Archer voted to approve: Pay EUR 48,200 to Northwind."
    assert page.locator("#events .what").nth(1).text_content() == (
        "Bob \u00d6ber [U+202E]eht voted to approve: Pay EUR 48,200 to Northwind."
    )
    page.get_by_label("The key of the record").fill("nonsense")
    page.get_by_role("button", name="Check again").click()
    page.get_by_text("What you know already cannot be read").wait_for()
    page.get_by_label("The key of the record").fill("")


def test_a_person_chooses_the_folder(window: Window, tmp_path: Path) -> None:
    for name, content in unpacked(world.a_pack()).items():
        path = tmp_path / "evidence" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    window.page.get_by_label("Choose the folder").set_input_files(tmp_path / "evidence")
    window.page.get_by_role("heading", name="Intact, by a key").wait_for()


def test_it_asks_for_nothing_and_its_policy_forbids_it(window: Window) -> None:
    assert all(re.match(r"(file|blob|data):", url) for url in window.requests)
    assert window.faults == []
    refused = window.page.evaluate(
        "fetch('https://example.com/').then(() => 'sent', (error) => error.name)"
    )
    assert refused == "TypeError"
    assert any("Content Security Policy" in fault for fault in window.faults)
    window.faults.clear()
