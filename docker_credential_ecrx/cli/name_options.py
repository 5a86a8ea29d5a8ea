"""Options whose value is a name: what is empty, such as an unset variable of a shell, is misuse."""

from collections.abc import Callable
from typing import TypeVar

import click

from docker_credential_ecrx.cli import completers


class _Name(click.ParamType[str]):
    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the value; raise BadParameter, which names the option, if it is empty or not printable."""
        if not value.strip():
            self.fail("it is empty", param, ctx)
        if not value.isprintable():
            self.fail("it contains control characters", param, ctx)
        return value


NAME = _Name()
_Command = TypeVar("_Command", bound=Callable[..., int])


def of_profile(name: str, text: str, metavar: str = "PROFILE") -> Callable[[_Command], _Command]:
    """Return the option ``name`` for an AWS profile, which a shell completes; ``text`` is its help."""
    return click.option(name, type=NAME, metavar=metavar, shell_complete=completers.profiles, help=text)
