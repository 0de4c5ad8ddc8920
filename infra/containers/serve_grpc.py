"""The gRPC server in its container: it serves every model of the bucket, with the same settings as the API.

`scrawl grpc` is the same server with options; `infra.rpc` answers the calls.
"""

import os
import sys

from functions import wiring
from functions.errors import NotFoundError, UnavailableError
from functions.settings import SettingsError
from infra.rpc import log_formats, server

_MNIST = "mlp-128-64"  # what mnist.Mnist answers with, unless SCRAWL_GRPC_MODEL names another


def main() -> None:
    """Serve until SIGTERM."""
    model = os.environ.get("SCRAWL_GRPC_MODEL") or _MNIST
    address = f"0.0.0.0:{os.environ.get('PORT') or 50051}"
    try:
        service = wiring.from_environment()
        service.predictor(model).serving()
        log_formats.configure(service.settings.log_level, service.settings.log_format)
        server.serve(service, model, address, lambda line: print(line, flush=True))
    except (SettingsError, NotFoundError, UnavailableError, OSError) as error:
        sys.exit(f"The gRPC server cannot start: {error}")


if __name__ == "__main__":
    main()
