"""``setup`` against AWS under its own names and a real registry, from its first question to the first pull."""

import json

from fakes.clients import Client
from support import need, terminals
from support.home import HOST, Home


def test_leads_to_the_first_pull(home: Home, image: str) -> None:
    """The image is found in a compose file, and the pull then needs no call to AWS."""
    (home.folder / "work").mkdir()
    (home.folder / "work" / "compose.yaml").write_text(f"services:\n  app:\n    image: {image}\n")
    answers = [("registry (number or name) [1]: ", "\n"), ("AWS profile (number or name): ", "secondary\n")]
    answers.append(("write this? [y/N]: ", "y\n"))

    status, seen = terminals.run([home.program, "setup"], home.env | {"TERM": "dumb"}, answers, home.folder / "work")

    assert 0 == status, seen
    assert f"{HOST} accepts the token" in seen
    assert f"{image.removeprefix(f'{HOST}/')} can be pulled" in seen
    assert seen.endswith(f"next: docker pull {image}\n")
    assert {HOST: "ecrx"} == json.loads((home.folder / ".docker" / "config.json").read_text())["credHelpers"]
    home.aws.calls.clear()
    Client(home, need.command("skopeo"))("inspect", f"docker://{image}")
    assert [] == home.aws.calls
