"""A container's health check: asks a server whether it can serve, at `http://…` or `grpc://host:port`.

If it cannot, or does not answer, the program ends with status 1 and one line that says why.
"""

import sys
import urllib.request

TIMEOUT = 5  # seconds


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
        urllib.request.urlopen(address, timeout=TIMEOUT).close()


def _check_grpc(address: str) -> None:
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        try:
            ask = health_pb2_grpc.HealthStub(channel).Check
            status = ask(health_pb2.HealthCheckRequest(), timeout=TIMEOUT).status
        except grpc.RpcError as error:
            raise UnhealthyError(f"{address}: {error.code().name}") from error
    if status != health_pb2.HealthCheckResponse.SERVING:
        raise UnhealthyError(f"{address}: {health_pb2.HealthCheckResponse.ServingStatus.Name(status)}")


if __name__ == "__main__":
    try:
        check(sys.argv[1])
    except (UnhealthyError, OSError) as problem:
        sys.exit(str(problem))
