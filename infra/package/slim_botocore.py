"""Shortens what botocore imports, and what it reads when it makes a client, to what Scrawl's Lambdas need of it.

As it comes, it describes every AWS service, with documentation, imports a generator of documentation: 25 ms, and
trusts more than a hundred certificate authorities, which it parses again for each connection: 24 ms.
`infra.package.slim` decides which of its files stay.
"""

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

SERVICES = ("kinesis", "lambda", "s3")  # that Scrawl calls; botocore describes hundreds
# Those that Amazon Trust Services wants every trust store to have, and those that issued AWS's certificates before;
# they still do in China.
AUTHORITIES = ("Amazon Root CA", "Starfield", "DigiCert", "Baltimore CyberTrust")
# What clients take from `botocore.docs`: texts that write themselves for help(). Here they stay empty.
_DOCSTRINGS = """
class _Empty(str):
    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)
    def __init__(self, *args, **kwargs):
        super().__init__()
ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = _Empty
"""


def shorten(botocore: Path) -> None:
    """Rewrite the descriptions, the certificates and the documentation's generator in an installed botocore."""
    for path in sorted((botocore / "data").rglob("*.json*")):
        _shorten_description(path)
    _shorten_trust(botocore / "cacert.pem")
    _shorten_docs(botocore / "docs")


def _shorten_description(path: Path) -> None:
    """Remove documentation and other services' endpoints; do not compress it again, since the Lambda package is."""
    packed = path.suffix == ".gz"
    content = path.read_bytes()
    path.unlink()
    described = _undocumented(json.loads(gzip.decompress(content) if packed else content))
    if path.name == "endpoints.json":
        for partition in described["partitions"]:
            partition["services"] = {name: known for name, known in partition["services"].items() if name in SERVICES}
    (path.with_suffix("") if packed else path).write_text(json.dumps(described, separators=(",", ":")))


def _undocumented(value: Any, name: str = "") -> Any:
    """Return a description with every `documentation` text empty: botocore needs some of the keys to be there."""
    if isinstance(value, dict):
        return {key: _undocumented(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_undocumented(part) for part in value]
    return "" if name == "documentation" and isinstance(value, str) else value


def _shorten_trust(bundle: Path) -> None:
    certificates = re.split("^(?=# Issuer:)", bundle.read_text(), flags=re.MULTILINE)
    trusted = re.compile(rf'^# Label: "({"|".join(AUTHORITIES)})', re.MULTILINE)
    bundle.write_text("".join(certificate for certificate in certificates if trusted.search(certificate)))


def _shorten_docs(docs: Path) -> None:
    utils = (docs / "utils.py").read_bytes()  # botocore's handlers refer to it
    shutil.rmtree(docs)
    docs.mkdir()
    (docs / "__init__.py").touch()
    (docs / "utils.py").write_bytes(utils)
    (docs / "docstring.py").write_text(_DOCSTRINGS)
