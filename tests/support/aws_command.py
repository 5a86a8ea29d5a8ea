"""What ``aws configure`` does to AWS's files, for tests that type it; the keys that a person would are in a file."""

import json
import sys
from pathlib import Path

from docker_credential_ecrx.demo.fake_aws import Keys

_SCRIPT = """\
#!{python}
import json, os, sys
from configparser import RawConfigParser
words = sys.argv[1:]
profile = words.pop(words.index("--profile") + 1) if "--profile" in words else os.environ.get("AWS_PROFILE", "default")
with open(os.path.expanduser("~/keys-typed")) as typed:
    settings = json.load(typed)
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


def install(home: Path, keys: Keys) -> None:
    """Put an ``aws`` into the home that knows ``configure set``, and ``configure``, which is told these keys."""
    typed = {"aws_access_key_id": keys.access_key_id, "aws_secret_access_key": keys.secret_access_key}
    (home / "keys-typed").write_text(json.dumps(typed))
    path = home / "bin" / "aws"
    path.write_text(_SCRIPT.format(python=sys.executable))
    path.chmod(0o700)
