"""Where things are in a checkout. The modules that read and write there say what is in them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
BUILD = ROOT / "build"
SITE_BUILD = BUILD / "site"
STATE = ROOT / ".scrawl"
