"""Where the installation is, and its environment, read with types."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

STATE_DIR = Path(env.str("GOVAPP_STATE_DIR", default=str(BASE_DIR / ".state")))
BASE_URL = env.str("GOVAPP_BASE_URL", default="http://127.0.0.1:8000")
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
