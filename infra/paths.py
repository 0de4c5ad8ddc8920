"""Where things are in a checkout. What is in those places is left to the modules that read and write them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
BUILD = ROOT / "build"
SITE_BUILD = BUILD / "site"
STATE = ROOT / ".scrawl"
