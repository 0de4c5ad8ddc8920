"""What the commands do with errors: those that say what to do are printed as they are, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the errors that a user can do something about into plain lines; end quietly on Ctrl-C."""
    from functions.errors import FormatError, InvalidValueError, NotFoundError, UnavailableError
    from functions.settings import SettingsError
    from infra.client import ApiError
    from infra.dataset.sources import DataError
    from infra.deploy.aws_errors import DeployError
    from infra.local.local_stack import StackError
    from infra.package.lambda_package import PackageError

    known = (FormatError, InvalidValueError, NotFoundError, UnavailableError)
    try:
        yield
    except BrokenPipeError:  # `| head`: click knows what to do
        raise
    except (*known, ApiError, DataError, DeployError, PackageError, SettingsError, StackError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise click.exceptions.Exit(130) from None
