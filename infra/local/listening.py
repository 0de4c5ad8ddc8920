"""Where the local stack listens, and at which addresses the others in its network open it."""

import errno
import socket

LOCALHOST = "localhost"
EVERYWHERE = ("0.0.0.0", "::")
_LOOPBACK = (LOCALHOST, "127.0.0.1", "::1")
# Private networks' addresses and one that all routers reach. Connecting a UDP socket sends nothing: it only tells
# from which address this machine would send.
_ELSEWHERE = ("192.168.255.254", "10.255.255.254", "172.31.255.254", "192.0.2.254")


class StackError(RuntimeError):
    """The stack cannot start; the message says why and what to do."""


def is_open(host: str) -> bool:
    """Return whether others than this machine reach a host's address."""
    return host not in _LOOPBACK


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on both loopback addresses, since `localhost` may mean either, and on `host`; port 0 takes any free one.

    Raises:
        StackError: when the address is not this machine's, or the port is in use.
    """
    everywhere = host in EVERYWHERE
    sockets: list[socket.socket] = []
    try:
        sockets.append(_listening("0.0.0.0" if everywhere else "127.0.0.1", port))
        own_port = sockets[0].getsockname()[1]
        try:
            sockets.append(_listening("::" if host == "::" else "::1", own_port))
        except OSError as error:
            if (error.errno == errno.EADDRINUSE and port) or host == "::":
                raise  # otherwise there is no IPv6 here
        if is_open(host) and not everywhere:
            sockets.append(_listening(host, own_port))
    except OSError as error:
        for each in sockets:
            each.close()
        raise _refusal(host, port, error) from error
    return sockets


def addresses(host: str) -> list[str]:
    """Return at which addresses others reach what listens on a host, those in use by this machine; perhaps none."""
    if host not in EVERYWHERE:
        return [_in_url(host)] if is_open(host) else []
    found: dict[str, None] = {}  # in order, each once
    for elsewhere in _ELSEWHERE:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            try:
                asking.connect((elsewhere, 9))
                found[asking.getsockname()[0]] = None
            except OSError:  # this machine has no way there
                continue
    return [address for address in found if not address.startswith("127.") and address not in EVERYWHERE]


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listening(address: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in address:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((address, port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening


def _refusal(host: str, port: int, error: OSError) -> StackError:
    if error.errno == errno.EADDRINUSE:
        return StackError(f"Port {port} is in use. Stop what uses it, or take another: make serve PORT={port + 1}")
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return StackError(f"--host is localhost, 0.0.0.0 or an address of this machine, got {host!r}")
    return StackError(f"Port {port} cannot be used: {error.strerror}. Take another: make serve PORT=8000")
