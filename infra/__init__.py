"""Dataset download and seeding, the page's build, the local stack and the command line."""
