"""``completion``: print the script with which a shell completes commands, options and arguments."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from docker_credential_ecrx.cli import console
from docker_credential_ecrx.identity.settings import PROGRAM

_HELP = "Print the completion script of a shell, for the names docker-credential-ecrx and ecrx."
_EPILOG = """\
\b
Examples:
  echo 'source <(ecrx completion bash)' >> ~/.bashrc
  echo 'source <(ecrx completion zsh)' >> ~/.zshrc
  ecrx completion fish > ~/.config/fish/conf.d/ecrx.fish
"""
# click's scripts call the program without arguments, which is an error here, so the call gets the command's own name.
# click reads only the variable.
_VARIABLE = "_DOCKER_CREDENTIAL_ECRX_COMPLETE"
_SHELLS: dict[str, tuple[type[ShellComplete], str]] = {
    "bash": (BashComplete, f"{_VARIABLE}=bash_complete $1"),
    "zsh": (ZshComplete, f"{_VARIABLE}=zsh_complete {{name}}"),
    "fish": (FishComplete, "COMP_CWORD=(commandline -t) {name}"),
}


@click.command("completion", short_help="Print a completion script for bash, zsh or fish.", help=_HELP, epilog=_EPILOG)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    kind, call = _SHELLS[shell]
    for name in (PROGRAM, "ecrx"):
        script = kind(ctx.find_root().command, {}, name, _VARIABLE)
        text = script.source_template % script.source_vars()
        call_by_name = call.format(name=name)
        text = text.replace('string split ","', 'string split --max 1 ","')  # fish: a description may have a comma
        console.out.print(text.replace(call_by_name, f"{call_by_name} completion {shell}"))
    return 0
