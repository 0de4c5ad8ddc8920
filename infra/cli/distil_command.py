"""The command that trains the shipped weights with PyTorch; `model_export.distillation` does the work."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from infra.cli.shared import plain_errors
from infra.paths import BUILD
from model_export.distillation.settings import DistillationSettings

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_folder = click.Path(exists=True, file_okay=False, path_type=Path)


def _settings[F: Any](command: F) -> F:
    """Add an option for each setting, with the default and the help text of its declaration."""
    for setting in reversed(fields(DistillationSettings)):
        option = click.option(
            f"--{setting.name.replace('_', '-')}",
            type=type(setting.default),
            default=setting.default,
            show_default=True,
            help=setting.metadata["help"],
        )
        command = option(command)
    return command


@click.command()
@_settings
@click.option("--start", type=_folder, help="Weights to go on from: a folder that `scrawl distil` wrote.")
@click.option(
    "--learn-from",
    type=_file,
    multiple=True,
    help="Weights of conv-32-64 to learn from instead of large networks; several are averaged.",
)
@click.option("--out", type=click.Path(path_type=Path), help="A folder. [default: build/distilled]")
def distil(start: Path | None, learn_from: tuple[Path, ...], out: Path | None, **settings: Any) -> None:
    """Train the shipped networks with PyTorch, on a GPU where there is one.

    They learn MNIST, digits that people wrote on a tablet, and synthetic ones from larger networks, which learn them
    first. MNIST comes from MNIST_DIR or a download, the written digits from STROKES_DIR or a download.
    """
    from infra.dataset.sources import Sources, load_files
    from infra.dataset.written_digits import CREDIT, StrokeSources, load_written_digits
    from model_export import pretrained
    from model_export.architectures import ARCHITECTURES
    from model_export.distillation.pictures import Written

    with plain_errors():
        chosen = DistillationSettings(**settings)
        run = _distillation()
        digits = load_files(Sources.from_environment(), click.echo)
        written = [
            Written(digit.label, digit.writer, digit.strokes)
            for digit in load_written_digits(StrokeSources.from_environment(), click.echo)
        ]
        first = (
            {model: pretrained.read(model, start / f"{model}.safetensors")[0] for model in ARCHITECTURES}
            if start
            else {}
        )
        large = [pretrained.read("conv-32-64", file)[0] for file in learn_from]
        train, test = digits.splits["train"], digits.splits["test"]
        distilled = run(train, test, written, chosen, click.echo, first, large)
        out = out or BUILD / "distilled"
        out.mkdir(parents=True, exist_ok=True)
        for model in distilled.weights:
            described = distilled.metadata(model, chosen) | {"strokes": CREDIT}
            pretrained.write(out / f"{model}.safetensors", distilled.weights[model], described)
    click.echo(f"Written to {out}: {', '.join(f'{model}.safetensors' for model in distilled.weights)}")


def _distillation() -> Any:
    """Return the training program, or say how to install what it needs."""
    try:
        from model_export.distillation.distil import distil as run
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"Distilling needs PyTorch ({error}). Install it: pip install 'scrawl[distillation]'"
        ) from None
    return run
