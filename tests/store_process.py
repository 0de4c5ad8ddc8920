"""An S3 in a process of its own, without a bucket of ours: it keeps its objects in a folder and prints its address.

In the tests' own process moto would share its buckets with every other test.
"""

import sys
import threading
from pathlib import Path

from infra.storage import LocalS3

if __name__ == "__main__":
    print(LocalS3(Path(sys.argv[1]), "another").endpoint, flush=True)
    threading.Event().wait()
