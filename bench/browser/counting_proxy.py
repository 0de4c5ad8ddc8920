"""Counts the bytes that a browser is sent, on the wire, headers included."""

import contextlib
import socket
import threading


class CountingProxy:
    """Passes bytes between a browser and a stack; counts those for the browser until it asks for `until`."""

    def __init__(self, target: int, until: bytes) -> None:
        self._target = target
        self._until = until
        self._listener = socket.create_server(("localhost", 0))
        self.port = self._listener.getsockname()[1]
        self._count = 0
        self._counting = True
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> int:
        """Stop listening, and return the count."""
        self._listener.close()
        return self._count

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                stack = socket.create_connection(("localhost", self._target))
                for source, target, counts in ((browser, stack, False), (stack, browser, True)):
                    threading.Thread(target=self._pass_on, args=(source, target, counts), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                with self._lock:
                    if self._until in data:
                        self._counting = False
                    if counts and self._counting:
                        self._count += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
