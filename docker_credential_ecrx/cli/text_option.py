"""The type of an option whose value is a name: what is empty, such as an unset variable of a shell, is misuse."""

import click


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
