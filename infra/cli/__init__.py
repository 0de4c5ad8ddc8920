"""The command line, `scrawl`. Read `main` first; each other module holds the commands for one subject."""
