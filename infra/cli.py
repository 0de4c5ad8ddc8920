"""The command line, `scrawl`. Each command unpacks its options, calls one function and prints what came of it."""

from pathlib import Path

import click

from infra.paths import SITE_BUILD


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scrawl")
def main() -> None:
    """Scrawl: draw digits, have them recognised, train networks in the browser."""


@main.command("build-site")
@click.option("--out", type=click.Path(path_type=Path), default=SITE_BUILD, help="Where to [default: build/site].")
def build_site_command(out: Path) -> None:
    """Build the page with its kernel, ready to be served."""
    from infra.site import build_site

    build_site(out, click.echo)


if __name__ == "__main__":
    main()
