"""What `app.py` calls when Chalice's command line imports it: adds to Chalice's settings what is not committed.

`chalice deploy` gets the stage's bucket and token, or is refused before it has made anything. `chalice local` gets a
store of its own. All other commands go on as they are.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import click
from chalice.config import Config

from infra.deploy.aws_errors import DeployError
from infra.package.dependencies import PackageError
from infra.plain import checks, local_store, policies, stage_settings
from infra.plain.stage_settings import StageSettings


def prepare() -> None:
    """Prepare for the command that Chalice's command line is carrying out.

    Raises:
        click.ClickException: when a deployment would not work; nothing has been made yet.
    """
    context = click.get_current_context(silent=True)
    if context is None:  # `chalice local` loads the application in a thread, to which click tells nothing
        if "CHALICE_WORKER" in os.environ:
            local_store.start_or_end()
    elif context.info_name == "local":
        local_store.start_or_end()
    elif context.info_name in ("deploy", "package", "plan") and not context.params.get("merge_template"):
        _complete(context)


def _complete(context: click.Context) -> None:
    stage, project = context.params["stage"], Path(context.obj["project_dir"])
    try:
        checks.check_stage(stage, project)
        settings = stage_settings.read(stage, os.environ)
        if settings.region:
            os.environ.setdefault("AWS_DEFAULT_REGION", settings.region)
        if context.info_name == "deploy":
            checks.check(stage, settings, context.params["profile"])
    except (DeployError, PackageError) as error:
        raise click.ClickException(str(error)) from error
    if missing := settings.missing():
        click.echo(f"NOTICE: what is packed here has no {missing}: `scrawl bootstrap --stage {stage}`", err=True)
        return
    region = boto3.Session(profile_name=context.params.get("profile")).region_name
    _tell_chalice(settings, policies.write(project, stage, str(settings.bucket), region or ""))


def _tell_chalice(settings: StageSettings, folder: Path) -> None:
    """Add to Chalice's configuration, which reads nothing but config.json, what that file cannot say."""
    added = {"SCRAWL_BUCKET": settings.bucket, "SCRAWL_WRITE_TOKEN": settings.token}
    _change("environment_variables", lambda found: {**found, **added})
    _change("iam_policy_file", lambda found: str(folder / found))


def _change(name: str, change: Callable[[Any], Any]) -> None:
    """Change what every configuration of Chalice answers for a setting; it makes a new one for each function."""
    plain = vars(Config)[name].fget
    setattr(Config, name, property(lambda config: change(plain(config))))
