"""What ``aws configure`` does to AWS's files, for tests that type it; the keys that a person would are in variables."""

import sys
from pathlib import Path

from docker_credential_ecrx.demo.standin import Keys

_SCRIPT = """\
#!{python}
import os, sys
from configparser import RawConfigParser
words = sys.argv[1:]
profile = words.pop(words.index("--profile") + 1) if "--profile" in words else os.environ.get("AWS_PROFILE", "default")
settings = {{"aws_access_key_id": os.environ["TYPED_ID"], "aws_secret_access_key": os.environ["TYPED_SECRET"]}}
match [word for word in words if word != "--profile"]:
    case ["configure"]:
        name, section = "credentials", profile
    case ["configure", "set", key, value]:
        name, section, settings = "config", profile if profile == "default" else "profile " + profile, {{key: value}}
    case _:
        sys.exit("aws: " + repr(words))
path = os.path.expanduser("~/.aws/" + name)
file = RawConfigParser()
file.read(path)
if section not in file.sections():
    file.add_section(section)
for key, value in settings.items():
    file.set(section, key, value)
with open(path, "w") as out:
    file.write(out)
"""


def install(folder: Path) -> None:
    """Put an ``aws`` into ``folder`` that knows ``configure`` and ``configure set``."""
    path = folder / "aws"
    path.write_text(_SCRIPT.format(python=sys.executable))
    path.chmod(0o700)


def typing(keys: Keys) -> dict[str, str]:
    """Return the environment in which ``aws configure`` is told these keys."""
    return {"TYPED_ID": keys.access_key_id, "TYPED_SECRET": keys.secret_access_key}
