"""The template that Chalice merges into its own, put together. What is in it is said by the modules beside this one.

Rules of checkov and cfn-lint that a resource does not follow are named in its metadata, from `exceptions`.
"""

import json
from pathlib import Path

from infra.cloudformation import api, edge, storage, watch
from infra.cloudformation.exceptions import CFN_LINT, CHECKOV
from infra.cloudformation.parameters import CONDITIONS, OUTPUTS, PARAMETERS, RULES, Json


def stack(stage: str) -> Json:
    """Return what is merged into the template that Chalice makes for a stage."""
    resources = storage.resources() | api.resources(stage) | edge.resources() | watch.resources(stage)
    for name in CHECKOV.keys() | CFN_LINT.keys():
        resources[name]["Metadata"] = _metadata(name)
    return {
        "Description": f"Scrawl, a handwritten-digit lab: stage {stage}",
        "Parameters": PARAMETERS,
        "Conditions": CONDITIONS,
        "Rules": RULES,
        "Resources": resources,
        "Outputs": OUTPUTS,
    }


def write(path: Path, stage: str) -> None:
    """Write it to a file, as `chalice package --merge-template` wants it."""
    path.write_text(json.dumps(stack(stage), indent=2, sort_keys=True) + "\n", "utf-8")


def _metadata(name: str) -> Json:
    """Return what tells the tools which of their rules a resource does not follow, and the reader why."""
    metadata: Json = {}
    if skipped := CHECKOV.get(name):
        metadata["checkov"] = {"skip": [{"id": rule, "comment": reason} for rule, reason in skipped.items()]}
    if ignored := CFN_LINT.get(name):
        metadata["cfn-lint"] = {"config": {"ignore_checks": list(ignored)}}
    return metadata
