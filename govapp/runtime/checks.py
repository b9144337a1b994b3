"""House rules that no linter has: sizes of files, and nothing that names a package index.

``python -m govapp.runtime.checks`` prints one line per finding and ends with 1 if any.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from govapp.runtime.console import say
from govapp.runtime.state import ROOT

CODE_LINES, TEST_LINES = 400, 600
CODE_ENDINGS = {".py", ".js", ".html", ".sh"}  # the one stylesheet is read as a whole
# Lock files that record where packages were downloaded from.
LOCK_FILES = re.compile(
    r"(uv|poetry|pdm|Pipfile)\.lock|pylock.*\.toml|package-lock\.json|yarn\.lock|pnpm-lock\.yaml"
)
# Split, so that this file does not find itself.
INDEX = re.compile(
    "|".join(
        [
            r"files\." + r"pythonhosted\.org",
            r"pypi\.org/" + "simple",
            r"registry\." + r"(npmjs|yarnpkg)\.",
            "--(extra-)?" + r"index-url[ =]\S",
            "--find-" + r"links[ =]\S",
        ]
    )
)


def tracked_files(root: Path) -> list[Path]:
    """Return the files of the project as git sees them: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    result = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    paths = (root / name for name in result.stdout.split("\0") if name)
    return sorted({path for path in paths if path.is_file() and not path.is_symlink()})


def size_limit(path: Path) -> int | None:
    """Return how many lines a file may have, None for what is not written by hand."""
    if path.suffix not in CODE_ENDINGS or "migrations" in path.parts or "vendor" in path.parts:
        return None
    return TEST_LINES if path.parts[0] == "tests" else CODE_LINES


def findings(root: Path, files: Iterable[Path]) -> Iterator[str]:
    """Yield a sentence for each broken rule."""
    for path in files:
        name = path.relative_to(root)
        if LOCK_FILES.fullmatch(path.name):
            yield f"{name}: a lock file that records download addresses; keep requirements.lock"
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.count("\n")
        limit = size_limit(name)
        if limit and lines > limit:
            yield f"{name}: {lines} lines, {limit} are the limit; split it by what it does"
        if found := INDEX.search(text):
            yield f"{name}: names a package index ({found.group()})"


def main() -> int:
    """Check this checkout."""
    found = list(findings(ROOT, tracked_files(ROOT)))
    for finding in found:
        say(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
