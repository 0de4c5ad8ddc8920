"""The command line, `scrawl`. Read `main` first; each other module holds the commands of one subject."""
