"""Browsers other than Chromium: how they are started, told what to do, and used. Read `driver` first."""
