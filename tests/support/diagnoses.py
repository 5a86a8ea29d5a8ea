"""What ``doctor`` finds in a home, and its remedies, run as they stand."""

import json
import shlex
import subprocess
from typing import NamedTuple

from support.home import Home

PROGRAM = "docker-credential-ecrx"


class Found(NamedTuple):
    """What was found by one check."""

    name: str
    ok: bool | None
    detail: str
    remedy: str
    command: list[str]


class Diagnosis(NamedTuple):
    """What ``doctor`` found, by the names of the checks."""

    links: dict[str, Found]
    arguments: tuple[str, ...]

    def broken(self, name: str) -> Found:
        """Return what was found by a check, which failed."""
        found = self.links[name]
        assert found.ok is False, self
        return found

    def passed_over(self) -> list[str]:
        """Return the names of the checks that were skipped."""
        return [name for name, found in self.links.items() if found.ok is None]


def diagnose(home: Home, *arguments: str, before: str = "true") -> Diagnosis:
    """Return what ``doctor`` finds; the shell in which it runs is given the line ``before`` first."""
    # As docker's user types them: what such a line exports is there for the program, and for that shell alone.
    line = f"{before} >&2 || exit 99\nexec {shlex.quote(str(home.program))} doctor --json {shlex.join(arguments)}"
    done = subprocess.run(
        ["/bin/sh", "-c", line], env=home.env, cwd=home.folder, capture_output=True, timeout=120, check=False
    )
    assert done.returncode in {0, 1}, (before, done)
    document = json.loads(done.stdout)
    links = {link["name"]: Found(**link) for link in document["links"]}
    is_well = all(found.ok is not False for found in links.values())
    assert (document["ok"], done.returncode) == (is_well, 0 if is_well else 1)
    assert all(found.remedy for found in links.values() if found.ok is False), links
    assert all(command in found.remedy for found in links.values() for command in found.command), links
    return Diagnosis(links, arguments)


def fixed_by_remedy(home: Home, diagnosis: Diagnosis, name: str, *, owner: str = "OWNER") -> Found:
    """Return what a check finds once the command of its remedy has been run as it stands.

    OWNER, which stands for a profile of the owner's, becomes ``owner``.
    """
    command = diagnosis.broken(name).command[0].replace("OWNER", owner)
    found = diagnose(home, *diagnosis.arguments, before=command).links[name]
    assert found.ok, (command, found)
    return found
