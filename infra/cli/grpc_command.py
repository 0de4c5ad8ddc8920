"""`scrawl grpc`: which model is served, where the server listens and how it logs. The server is in `infra.rpc`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.cli.shared import plain_errors

if TYPE_CHECKING:
    from infra.rpc.mnist_service import Recognisers

# The earlier gRPC server's names.
_ALIASES = {"mlp": "mlp-128-64", "conv": "conv-32-64"}
_ADDRESS = "[::1]:50051"


@click.command()
@click.option(
    "--model-architecture",
    "model",
    metavar="MODEL",
    default="mlp",
    show_default=True,
    help="mlp (which is mlp-128-64), conv (conv-32-64), or a model's id.",
)
@click.option(
    "--model-weights",
    "weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its weights: safetensors, as PyTorch or `scrawl train` writes it, ONNX, or the API's JSON. "
    "[default: those that Scrawl ships]",
)
@click.option(
    "--bucket",
    envvar="SCRAWL_BUCKET",
    show_envvar=True,
    help="Serve every model in this S3 bucket instead, imported ones too, always with its current weights; MODEL is "
    "the one of mnist.Mnist. Ignored with --model-weights.",
)
@click.option("--address", default=_ADDRESS, show_default=True, help="Where to listen; port 0 takes any free one.")
@click.option(
    "--log-level",
    type=click.Choice(("debug", "info", "warning", "error")),
    default="info",
    show_default=True,
    help="The lowest level that is logged; health checks are debug.",
)
@click.option(
    "--log-format",
    type=click.Choice(("pretty", "json", "compact")),
    default="pretty",
    show_default=True,
    help="pretty: a line for each detail; compact: one line for each call; json: an object for each.",
)
def grpc(model: str, weights: Path | None, bucket: str | None, address: str, log_level: str, log_format: str) -> None:
    """Serve predictions over gRPC.

    Two services: mnist.Mnist (an image or pen strokes in, a digit out) and the Open Inference Protocol's
    inference.GRPCInferenceService; reflection and health, too. Log lines go to standard error.
    """
    if bucket and not weights:
        with plain_errors():
            _check_credentials()
    try:
        from infra.rpc import log_formats, server
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is not installed: pip install 'scrawl[grpc]'") from error
    log_formats.configure(log_level, log_format)
    with plain_errors():
        name = _ALIASES.get(model, model)
        models = _stored(bucket, name) if bucket and not weights else _fixed(name, weights)
        server.serve(models, name, address, click.echo)


def _check_credentials() -> None:
    from infra.deploy.account import require_credentials

    require_credentials()


def _fixed(name: str, weights: Path | None) -> "Recognisers":
    """Return one model with weights from a file, or with the shipped ones."""
    from infra.rpc.fixed_weights import FixedWeightsModel
    from model_export import pretrained

    return FixedWeightsModel(name, *(pretrained.read(name, weights) if weights else pretrained.load(name)))


def _stored(bucket: str, name: str) -> "Recognisers":
    """Return the models of a bucket, after checking that the one of that name can serve."""
    from functions import aws
    from functions.jobs.launchers import ThreadLauncher
    from functions.service import Service
    from functions.settings import Settings
    from functions.storage.s3 import S3Store

    service = Service(Settings(bucket), S3Store(aws.client("s3"), bucket), ThreadLauncher())
    service.predictor(name).serving()
    return service
