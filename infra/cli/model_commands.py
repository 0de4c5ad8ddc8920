"""The commands about networks: train one, export it, see how good it is, import one that others made.

`model_export` does the work, and `infra.dataset.imported_models` what needs a store.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.cli.shared import bucket_option, data_dir_option, open_store, plain_errors
from infra.files import write_atomically
from infra.paths import BUILD
from model_export.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from infra.dataset.labelled_images import LabelledImages

_MISTAKES_LISTED = 10

_model = click.argument("model", metavar="MODEL")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_weights = click.option(
    "--weights",
    type=_file,
    help="Safetensors, as PyTorch or `scrawl train` writes it, ONNX, or JSON as the API and the page write it. "
    "[default: those that Scrawl ships]",
)


def _hyperparameters[F: Callable[..., Any]](command: F) -> F:
    """Add an option for each hyperparameter, with the default and the help text of its declaration."""
    for field in reversed(fields(Hyperparameters)):
        option = click.option(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=field.default,
            show_default=True,
            help=field.metadata["help"],
        )
        command = option(command)
    return command


@click.command()
@_model
@_hyperparameters
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads to use.")
@click.option("--start", type=_file, help="Weights to go on from.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to. [default: build/MODEL.safetensors]")
def train(model: str, threads: int, start: Path | None, out: Path | None, **hyperparameters: Any) -> None:
    """Train a network and write its weights.

    The digits are those that `scrawl serve` would use. Ctrl-C stops early and keeps the best weights. A loss that
    diverges does the same, and counts as a failure.
    """
    from infra.dataset.sources import Sources, load_dataset
    from model_export import pretrained
    from model_export.train import train as run

    with plain_errors():
        settings = Hyperparameters(**hyperparameters)
        out = out or BUILD / f"{model}.safetensors"
        pretrained.check_place(out, model)  # what cannot be written is refused before the training
        first = pretrained.read(model, start)[0] if start else None
        digits = load_dataset(Sources.from_environment(), click.echo)
        training, test = digits.splits["train"], digits.splits["test"]
        trained = run(model, settings, training, test, start=first, threads=threads)
        pretrained.write(out, trained.weights, trained.metadata(model, settings, len(training)))
    measured = f"{trained.accuracy:.2%} of {len(test):,} test digits" if trained.measured else "not measured"
    message = f"{trained.message}: {measured}, written to {out}"
    if trained.reason == "diverged":
        raise click.ClickException(message)
    click.echo(message)


@click.command()
@_model
@_weights
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A folder for all of it, or one file: NAME.safetensors, NAME.onnx. [default: build/export/MODEL]",
)
def export(model: str, weights: Path | None, out: Path | None) -> None:
    """Write a network as ONNX or as safetensors.

    A folder gets inference.onnx, train_step.onnx, and manifest.json, which describes both. With --weights NAME.onnx
    and --out NAME.safetensors the weights in an ONNX file become a checkpoint that PyTorch loads.
    """
    from model_export import pretrained
    from model_export.export import export as run

    with plain_errors():
        tensors, metadata = pretrained.read(model, weights) if weights else pretrained.load(model)
        out = out or BUILD / "export" / model
        if out.suffix == ".safetensors":
            out.parent.mkdir(parents=True, exist_ok=True)
            pretrained.write(out, tensors, metadata | {"model": model})
            files = [out]
        elif out.suffix == ".onnx":
            files = _write({out: run(model, tensors)["inference.onnx"]})
        else:
            files = _write({out / name: body for name, body in run(model, tensors).items()})
    for path in files:
        click.echo(f"{path}: {path.stat().st_size:,} bytes")


@click.command()
@_model
@_weights
@click.option("--images", type=_file, help="An IDX file of images, instead of the test digits.")
@click.option("--labels", type=_file, help="The IDX file of their labels.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Pictures instead of the test digits: subfolders 0 to 9 with images of any size.",
)
@click.option(
    "--strokes",
    type=click.Path(exists=True, path_type=Path),
    help="A UNIPEN file instead, or a folder of them: digits written on a tablet.",
)
@click.option("--pen", type=float, help="That strokes are drawn with, in parts of the longer side. [default: 0.1]")
@click.option(
    "--out", type=click.Path(path_type=Path), help="A folder for the pictures. [default: build/evaluate/MODEL]"
)
def evaluate(
    model: str,
    weights: Path | None,
    images: Path | None,
    labels: Path | None,
    folder: Path | None,
    strokes: Path | None,
    pen: float | None,
    out: Path | None,
) -> None:
    """Show how good a network is.

    Accuracy, loss and confusion matrix, on the test digits or on yours; it also draws the confusion matrix and the
    worst mistakes.
    """
    from model_export import evaluation, pretrained

    if (images is None) != (labels is None):
        raise click.UsageError("--images and --labels belong together: name both")
    if len([source for source in (images, folder, strokes) if source]) > 1:
        raise click.UsageError("name one of --images (with --labels), --folder and --strokes")
    if pen is not None and not strokes:
        raise click.UsageError("--pen draws --strokes: name both")
    with plain_errors():
        tensors = (pretrained.read(model, weights) if weights else pretrained.load(model))[0]
        digits = _labelled(images, labels, folder, strokes, pen)
        out = out or BUILD / "evaluate" / model
        out.mkdir(parents=True, exist_ok=True)  # what cannot be written is refused before the work
        result = evaluation.evaluate_weights(model, tensors, digits.images, digits.labels)
        click.echo(f"{result.accuracy:.2%} of {result.count:,} {digits.title} right, loss {result.loss:.4f}")
        click.echo(evaluation.confusion_text(result))
        for mistake in result.mistakes[: _MISTAKES_LISTED if digits.names else 0]:
            shown = f"{digits.names[mistake.index]}: taken for {mistake.answer} ({mistake.answer_probability:.0%})"
            click.echo(shown if digits.files else f"a {mistake.label}, {shown}")
        evaluation.confusion_picture(result).save(out / "confusion.png")
        evaluation.mistakes_picture(result, digits.images).save(out / "mistakes.png")
        click.echo(f"Pictures: {out / 'confusion.png'}, {out / 'mistakes.png'}")


@click.command("import-onnx")
@click.argument("file", type=_file)
@click.option("--name", required=True, help="What to call it in /predict?model=NAME: a-z, 0-9 and -.")
@click.option("--mean", type=float, default=0.0, show_default=True, help="It is fed (pixels - mean) / std …")
@click.option("--std", type=float, default=1.0, show_default=True, help="… where pixels are 0 (paper) to 1 (ink) …")
@click.option("--scale", type=float, default=1.0, show_default=True, help="… times this, such as 255 …")
@click.option("--invert", is_flag=True, help="… and 1 minus that where ink is dark.")
@click.option("--fit", is_flag=True, help="Find these four by trying what is common on the stored test digits.")
@bucket_option
@data_dir_option
def import_onnx(
    file: Path,
    name: str,
    mean: float,
    std: float,
    scale: float,
    invert: bool,
    fit: bool,
    bucket: str | None,
    data_dir: Path,
) -> None:
    """Have the API recognise digits with another ONNX file.

    Any classifier of 28×28 images into the digits 0 to 9 will do. An imported model of the same name is replaced;
    where the API runs already, it serves the new one after its next start.
    """
    from infra.dataset import imported_models
    from model_export.importing import import_onnx as run

    if not scale:
        raise click.UsageError("--scale must not be 0")
    pixels = imported_models.Pixels(mean, std, scale, invert)
    with plain_errors():
        files = run(file, name, mean=pixels.normalisation[0], std=pixels.normalisation[1])
        with open_store(bucket, data_dir) as store:
            replaced = imported_models.register(store, name, files)
            measured = imported_models.fit(store, name) if fit else imported_models.measure(store, name)
    click.echo(f"{'Replaced' if replaced else 'Imported'}: POST /predict?model={name}")
    for line in imported_models.report(measured):
        click.echo(line)


def _labelled(
    images: Path | None, labels: Path | None, folder: Path | None, strokes: Path | None, pen: float | None
) -> "LabelledImages":
    """Return the digits that the options of `evaluate` name."""
    from infra.dataset import labelled_images

    if strokes:
        return (
            labelled_images.from_strokes(strokes, pen) if pen is not None else labelled_images.from_strokes(strokes)
        )
    if folder:
        return labelled_images.from_folder(folder)
    if images and labels:
        return labelled_images.from_idx(images, labels)
    return labelled_images.from_test_split(click.echo)


def _write(files: Mapping[Path, bytes]) -> list[Path]:
    for path, body in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, body)
    return list(files)
