"""The commands about networks: train one, export it, see how good it is. All they do is done by `model_export`."""

from pathlib import Path
from typing import Any

import click

from infra.cli_errors import plain_errors
from infra.paths import BUILD

_model = click.argument("model", metavar="MODEL")
_weights = click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A safetensors file, as PyTorch or `scrawl train` writes it. [default: the weights that Scrawl ships]",
)


@click.command()
@_model
@click.option("--epochs", type=int, default=20, show_default=True, help="How often to go through the digits.")
@click.option("--batch", type=int, default=128, show_default=True, help="Digits per step.")
@click.option("--learning-rate", type=float, default=0.05, show_default=True, help="At its highest.")
@click.option(
    "--schedule", default="cosine", show_default=True, help="Its course: constant, linear, cosine, warm-cosine."
)
@click.option("--momentum", type=float, default=0.9, show_default=True, help="Of SGD.")
@click.option("--weight-decay", type=float, default=1e-4, show_default=True, help="Of SGD, on every parameter.")
@click.option(
    "--augmentation",
    default="light",
    show_default=True,
    help="How much to vary the digits: none, light, full.",
)
@click.option("--strokes", type=int, default=0, show_default=True, help="Synthetic digits to add.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same weights.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads to use.")
@click.option("--start", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Weights to go on from.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to. [default: build/MODEL.safetensors]")
def train(model: str, threads: int, start: Path | None, out: Path | None, **plan: Any) -> None:
    """Train a network and write its weights.

    The digits are those that `scrawl serve` would use. Ctrl-C ends early and keeps the best.
    """
    from infra.data import Sources, load_dataset
    from model_export import pretrained
    from model_export.plan import Plan
    from model_export.train import train as run

    with plain_errors():
        settings = Plan(**plan)
        first = pretrained.read(model, start)[0] if start else None
        digits = load_dataset(Sources.from_environment(), click.echo)
        training, test = digits.splits["train"], digits.splits["test"]
        trained = run(model, settings, training, test, start=first, threads=threads)
        out = out or BUILD / f"{model}.safetensors"
        out.parent.mkdir(parents=True, exist_ok=True)
        pretrained.write(out, trained.weights, trained.metadata(model, settings, len(training)))
    click.echo(f"{trained.message}: {trained.accuracy:.2%} of {len(test):,} test digits, written to {out}")


@click.command()
@_model
@_weights
@click.option("--out", type=click.Path(path_type=Path), help="A folder. [default: build/export/MODEL]")
def export(model: str, weights: Path | None, out: Path | None) -> None:
    """Write a network as ONNX files.

    inference.onnx, train_step.onnx, and manifest.json, which is about both.
    """
    from model_export import pretrained
    from model_export.export import export as run

    with plain_errors():
        tensors = (pretrained.read(model, weights) if weights else pretrained.load(model))[0]
        out = out or BUILD / "export" / model
        out.mkdir(parents=True, exist_ok=True)
        for name, body in run(model, tensors).items():
            (out / name).write_bytes(body)
            click.echo(f"{out / name}: {len(body):,} bytes")


@click.command()
@_model
@_weights
@click.option("--out", type=click.Path(path_type=Path), help="A folder for pictures of the confusions and mistakes.")
def evaluate(model: str, weights: Path | None, out: Path | None) -> None:
    """Show how good a network is.

    On the test digits: accuracy, loss, and what it takes for what.
    """
    from infra.data import Sources, load_dataset
    from model_export import assess, pretrained

    with plain_errors():
        tensors = (pretrained.read(model, weights) if weights else pretrained.load(model))[0]
        digits = load_dataset(Sources.from_environment(), click.echo).splits["test"]
        result = assess.assess(model, tensors, digits.images(), digits.labels)
        click.echo(f"{result.accuracy:.2%} of {result.count:,} test digits right, loss {result.loss:.4f}")
        click.echo(assess.confusion_text(result))
        if out:
            out.mkdir(parents=True, exist_ok=True)
            assess.confusion_picture(result).save(out / "confusion.png")
            assess.mistakes_picture(result, digits.images()).save(out / "mistakes.png")
            click.echo(f"Pictures: {out / 'confusion.png'}, {out / 'mistakes.png'}")
