"""Looks things up in a stack's template."""

from typing import Any

from infra.cloudformation.template import Json


def properties(document: Json, name: str) -> Json:
    found: Json = document["Resources"][name]["Properties"]
    return found


def mentions(value: Any, name: str) -> bool:
    """Return whether an intrinsic function somewhere inside refers to a name."""
    if isinstance(value, dict):
        own = value.get("Ref") == name or (value.get("Fn::GetAtt") or [None])[0] == name
        return own or f"${{{name}" in str(value.get("Fn::Sub")) or any(mentions(v, name) for v in value.values())
    return isinstance(value, list) and any(mentions(v, name) for v in value)
