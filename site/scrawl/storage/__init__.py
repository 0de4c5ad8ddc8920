"""What this browser stores of a visit, and how the next one continues. Read `saved_visit` first, then `autosave`."""
