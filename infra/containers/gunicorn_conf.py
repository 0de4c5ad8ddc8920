"""How gunicorn runs the API in its container. WEB_CONCURRENCY and PORT set what differs between machines.

There are several processes, because Python runs one thread at a time, and several threads in each, because a request
mostly waits for the store.
"""

import os
import sys
from typing import Any

from functions.settings import Settings, SettingsError

wsgi_app = "infra.containers.wsgi:application()"
bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY", 2))  # about 140 MB each
worker_class = "gthread"
threads = 8
worker_tmp_dir = "/dev/shm"  # a heartbeat must not wait for a disk
keepalive = 75  # seconds; longer than proxies keep a connection, so that none sends into one that is closing
timeout = 60  # seconds without a heartbeat until a worker is replaced
graceful_timeout = 25  # seconds that requests may take to end; Docker gives a container 30, see compose.yaml
errorlog = "-"
control_socket_disable = True  # nobody asks, and the file system is read-only
# There is no max_requests: a worker replaced in between would take a retraining with it.


def on_starting(_server: Any) -> None:
    """End at once if a setting is missing, and say which, instead of letting every worker fail."""
    try:
        Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(f"The API cannot start: {error}")
