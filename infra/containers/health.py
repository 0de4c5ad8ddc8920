"""Asks a server whether it can serve, for a container's health check: `health http://…` or `health grpc://host:port`.

It ends with status 1, and one line saying why, when the answer is no, or none comes.
"""

import sys
import urllib.request

PATIENCE = 5  # seconds


class UnhealthyError(RuntimeError):
    """The server cannot serve; the message is what it said."""


def check(address: str) -> None:
    """Return when the server can serve.

    Raises:
        UnhealthyError: when it says that it cannot.
        OSError: when it does not answer.
    """
    if address.startswith("grpc://"):
        _check_grpc(address.removeprefix("grpc://"))
    else:
        urllib.request.urlopen(address, timeout=PATIENCE).close()


def _check_grpc(address: str) -> None:
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        try:
            ask = health_pb2_grpc.HealthStub(channel).Check
            status = ask(health_pb2.HealthCheckRequest(), timeout=PATIENCE).status
        except grpc.RpcError as error:
            raise UnhealthyError(f"{address}: {error.code().name}") from error
    if status != health_pb2.HealthCheckResponse.SERVING:
        raise UnhealthyError(f"{address}: {health_pb2.HealthCheckResponse.ServingStatus.Name(status)}")


if __name__ == "__main__":
    try:
        check(sys.argv[1])
    except (UnhealthyError, OSError) as problem:
        sys.exit(str(problem))
