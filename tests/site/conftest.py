"""Lets modules of the page that import Brython's `browser` be imported in CPython."""

from tests.support import fake_browser

fake_browser.install()
