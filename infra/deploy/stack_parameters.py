"""Values for the template's parameters: those given now, else those the stack has, else the template's defaults."""

import secrets
from collections.abc import Mapping

from infra.deploy.aws_errors import DeployError
from infra.deploy.cloudformation_stack import Json
from infra.output import Say
from infra.paths import STATE

TOKEN = "WriteToken"
TOKEN_VARIABLE = "SCRAWL_WRITE_TOKEN"
ORIGIN_SECRET = "OriginSecret"
_IN_ENVIRONMENT = {TOKEN: TOKEN_VARIABLE, ORIGIN_SECRET: "SCRAWL_ORIGIN_SECRET"}


def read(texts: tuple[str, ...]) -> dict[str, str]:
    """Return what NAME=VALUE texts say.

    Raises:
        DeployError: naming the first text that is not of that form.
    """
    chosen = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise DeployError(f"--parameter takes NAME=VALUE, as in --parameter XRay=on; got {text!r}")
        chosen[name.strip()] = value
    for name, variable in _IN_ENVIRONMENT.items():
        if name in chosen:
            raise DeployError(f"{name} would be seen by others in the list of processes: set {variable} instead")
    return chosen


def values(template: Json, chosen: Mapping[str, str], stack: Json | None) -> list[Json]:
    """Return each parameter as CloudFormation takes it. Secret values of an existing stack stay as they are.

    Raises:
        DeployError: when the template lacks a chosen parameter, or a parameter has no value.
    """
    known = template.get("Parameters", {})
    if unknown := sorted(chosen.keys() - known.keys()):
        raise DeployError(f"the stack has no parameter {unknown[0]!r}; it has: {', '.join(sorted(known))}")
    previous = {entry["ParameterKey"]: entry["ParameterValue"] for entry in (stack or {}).get("Parameters", ())}
    return [_value(name, entry, chosen, previous) for name, entry in sorted(known.items())]


def token(stack: str, new: bool, environment: Mapping[str, str], say: Say) -> dict[str, str]:
    """Return the write token to set, if any: the environment's, or for a new stack a random one kept in a file."""
    if given := environment.get(TOKEN_VARIABLE):
        return {TOKEN: given}
    if not new:
        return {}
    path = STATE / f"{stack}.token"
    if not path.exists():
        STATE.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(32))
    say(f"The token for changing shared weights is in {path}; {TOKEN_VARIABLE} sets another")
    return {TOKEN: path.read_text().strip()}


def origin_secret(template: Json, stack: Json | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the secret between CloudFront and the API to set, if any: the environment's, or a random one.

    Nobody needs to know it, so it is kept nowhere but in the stack.
    """
    if ORIGIN_SECRET not in template.get("Parameters", {}):
        return {}
    if given := environment.get(_IN_ENVIRONMENT[ORIGIN_SECRET]):
        return {ORIGIN_SECRET: given}
    has = {entry["ParameterKey"] for entry in (stack or {}).get("Parameters", ())}
    return {} if ORIGIN_SECRET in has else {ORIGIN_SECRET: secrets.token_urlsafe(32)}


def _value(name: str, entry: Json, chosen: Mapping[str, str], previous: Mapping[str, str]) -> Json:
    if name in chosen:
        return {"ParameterKey": name, "ParameterValue": chosen[name]}
    if name in previous:
        if entry.get("NoEcho"):
            return {"ParameterKey": name, "UsePreviousValue": True}
        return {"ParameterKey": name, "ParameterValue": previous[name]}
    if "Default" in entry:
        return {"ParameterKey": name, "ParameterValue": str(entry["Default"])}
    raise DeployError(f"the parameter {name} needs a value: {entry.get('Description', '')} Set it with --parameter")
