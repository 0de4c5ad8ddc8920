"""The address of the gRPC server: parsed, and tried before gRPC gets it, whose own errors say little."""

import errno
import re
import socket

from infra.output import Say

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<name>[^\[\]:/\s]+)):(?P<port>[0-9]{1,5})")
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}


class AddressError(OSError):
    """The server cannot listen there; the message says why and what to do."""


def usable(address: str, say: Say) -> str:
    """Return the address if it is free; 127.0.0.1 instead of [::1] where there is no IPv6.

    Raises:
        AddressError: when it is not an address, in use, or not this machine's.
    """
    host, port = _parse(address)
    try:
        _try(host, port)
        return address
    except OSError as error:
        if host != "::1" or error.errno not in _NO_IPV6:
            raise _refused(address, port, error) from error
    instead = f"127.0.0.1:{port}"
    say(f"This machine has no IPv6: listening on {instead} instead of {address}")
    return usable(instead, say)


def _parse(address: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"]) > 65535:
        raise AddressError(f"expected an address like [::1]:50051 or 0.0.0.0:50051, got {address!r}")
    return found["six"] or found["name"], int(found["port"])


def _try(host: str, port: int) -> None:
    """Listen there for a moment."""
    for family, kind, protocol, _, place in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
            trial.listen(1)


def _refused(address: str, port: int, error: OSError) -> AddressError:
    if error.errno == errno.EADDRINUSE:
        host = address.rpartition(":")[0]
        return AddressError(f"{address} is in use. Stop what uses it, or take another: --address {host}:{port + 1}")
    return AddressError(f"cannot listen on {address}: {error.strerror}")
