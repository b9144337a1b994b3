"""The house rules find what they are for, and nothing else."""

from pathlib import Path

import pytest

from govapp.runtime.checks import findings, size_limit


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("audit/services.py", 400),
        ("tests/audit/test_services.py", 600),
        ("audit/migrations/0001_initial.py", None),
        ("templates/base.html", 400),
        ("requirements.lock", None),
        ("README.md", None),
    ],
)
def test_each_kind_of_file_has_its_limit(name: str, limit: int | None) -> None:
    assert size_limit(Path(name)) == limit


@pytest.mark.parametrize(("lines", "found"), [(400, 0), (401, 1)])
def test_the_limit_itself_is_allowed(tmp_path: Path, lines: int, found: int) -> None:
    path = tmp_path / "long.py"
    path.write_text("x = 1\n" * lines)
    assert len(list(findings(tmp_path, [path]))) == found


def test_lock_files_and_indexes_are_named(tmp_path: Path) -> None:
    texts = {
        "uv.lock": "",
        "requirements.lock": "--index-" + "url https://mirror.example/simple\n",
        "fine.txt": "Install it from your package index.\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    assert list(findings(tmp_path, [tmp_path / name for name in texts])) == [
        "uv.lock: a lock file that records download addresses; keep requirements.lock",
        "requirements.lock: names a package index (--index-" + "url h)",
    ]
