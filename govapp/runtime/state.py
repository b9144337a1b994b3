"""The state directory: its place, its lock, and the secrets made once into it."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from govapp.runtime.console import StartError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Secrets:
    """What this installation alone knows."""

    secret_key: str
    sealing_key: str
    app_password: str
    owner_password: str


def state_dir() -> Path:
    """Return where this installation keeps its data, made if new.

    Raises StartError when it is not ours to write.
    """
    given = os.environ.get("GOVAPP_STATE_DIR")
    # Relative to the checkout, where ``run`` has already gone.
    directory = (ROOT / given if given else ROOT / ".state").resolve()
    if directory.exists() and directory.stat().st_uid != os.geteuid():
        raise foreign(directory)
    try:
        # As root the servers run as another user, who has to walk through here.
        directory.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        (directory / "logs").mkdir(mode=0o700, exist_ok=True)
        # The mails of development hold links that work.
        (directory / "mail").mkdir(mode=0o700, exist_ok=True)
        (directory / "mail").chmod(0o700)
    except OSError as error:
        raise StartError(f"Cannot make {directory}: {error.strerror}.") from error
    return directory


def foreign(directory: Path) -> StartError:
    """Return the refusal of somebody else's state."""
    return StartError(
        f"{directory} belongs to another user. Run this as that user, or give another "
        "place: GOVAPP_STATE_DIR=/some/where ./run"
    )


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def load_secrets(directory: Path) -> Secrets:
    """Return the secrets of this installation, made on the first call."""
    path = directory / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        "secret_key": secrets.token_urlsafe(50),
        # What cryptography.fernet.Fernet.generate_key returns.
        "sealing_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "app_password": secrets.token_urlsafe(24),
        "owner_password": secrets.token_urlsafe(24),
    }
    current = Secrets(**{name: known.get(name, value) for name, value in made.items()})
    if asdict(current) != known:
        write_private(path, json.dumps(asdict(current), indent=2) + "\n")
    return current


@contextmanager
def holding(directory: Path) -> Iterator[bool]:
    """Try to be the one run of this state directory; yield whether we are.

    A kernel lock: it ends with the process, so a kill leaves nothing behind.
    """
    with (directory / "lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def read_running(directory: Path) -> dict[str, str] | None:
    """Return what the run which holds the lock has published: `Services.note`."""
    path = directory / "running.json"
    return json.loads(path.read_text()) if path.exists() else None


def read_demo(directory: Path) -> dict[str, Any] | None:
    """Return the logins and the key that load_demo left, if it ran."""
    path = directory / "demo.json"
    return json.loads(path.read_text()) if path.exists() else None
