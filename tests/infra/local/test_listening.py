"""Where the local stack listens: on this machine, or for a class, then only with a token unless that is allowed."""

import socket
from pathlib import Path

import pytest

from infra.dataset.sources import Sources
from infra.local import listening, local_stack
from infra.local.listening import StackError


@pytest.fixture
def names_of_sockets() -> list[str]:
    sockets = listening.listen("localhost", 0)
    names = [each.getsockname()[0] for each in sockets]
    for each in sockets:
        each.close()
    return names


def test_without_a_host_nobody_else_can_come_in(names_of_sockets: list[str]) -> None:
    assert set(names_of_sockets) <= {"127.0.0.1", "::1"}
    assert "127.0.0.1" in names_of_sockets
    assert listening.addresses("localhost") == []


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.2"])
def test_host_is_listened_on_beside_localhost(host: str) -> None:
    sockets = listening.listen(host, 0)
    port = sockets[0].getsockname()[1]
    for address in ("127.0.0.1", "127.0.0.2"):
        with socket.create_connection((address, port), 5):
            pass
    for each in sockets:
        each.close()


def test_addresses_are_ones_that_others_can_open() -> None:
    found = listening.addresses("0.0.0.0")
    assert not [address for address in found if address.startswith(("127.", "0."))]
    assert len(set(found)) == len(found)
    assert listening.addresses("192.0.2.7") == ["192.0.2.7"]
    assert listening.addresses("fd00::7") == ["[fd00::7]"]


@pytest.mark.parametrize("host", ["203.0.113.9", "no address"])
def test_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(StackError, match=r"0\.0\.0\.0 or an address of this machine, got"):
        listening.listen(host, 0)


def test_open_to_the_network_needs_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCRAWL_WRITE_TOKEN", raising=False)
    with pytest.raises(StackError, match=r"Set SCRAWL_WRITE_TOKEN, .* or allow it with --anyone"):
        local_stack.serve(0, tmp_path, Sources(), print, host="0.0.0.0")
    assert list(tmp_path.iterdir()) == []
