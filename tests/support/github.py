"""GitHub's runner, as far as a JavaScript action without packages needs one."""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from support import need

REPOSITORY = "OWNER/docker-credential-ecrx"
_TOKEN = "${{ github.token }}"
_SECONDS = 120

# gh's attestation verify: exit status 0 for what the file beside it lists, for the signer that is asked for.
_GH = """\
#!/bin/sh
folder=${0%/*}
printf '%s\n' "$@" >"$folder/asked"
[ "$1 $2" = "attestation verify" ] || exit 2
[ "$GH_TOKEN" = "the job's" ] || exit 4
read -r digest _ <<END
$(sha256sum "$3")
END
shift 3
grep -qxF "$digest $*" "$folder/attested"
"""


class Attestations:
    """What GitHub has attestations of, and a ``gh`` in ``folder`` that verifies them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "attested").touch()
        (folder / "gh").write_text(_GH)
        (folder / "gh").chmod(0o755)

    def add_release(self, archive: Path, version: str) -> None:
        """Attest that the release workflow built ``archive`` on a runner of GitHub's, from the tag of ``version``."""
        signer = f"--signer-workflow {REPOSITORY}/.github/workflows/release.yml --deny-self-hosted-runners"
        self.add(archive, f"--repo {REPOSITORY} --source-ref refs/tags/v{version} {signer}")

    def add(self, archive: Path, asked: str) -> None:
        """Attest ``archive``, for those who ask with these options."""
        with (self.folder / "attested").open("a") as file:
            file.write(f"{hashlib.sha256(archive.read_bytes()).hexdigest()} {asked}\n")


class Runner:
    """A job on a runner; ``env`` is what its steps see, and what ``GITHUB_ENV`` and ``GITHUB_PATH`` add to it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.said = ""
        self._used: list[tuple[Path, dict[str, str]]] = []
        self.env = dict(env)
        for name in ("GITHUB_ENV", "GITHUB_PATH"):
            (folder / name).touch()
            self.env[name] = str(folder / name)
        self.env["RUNNER_TEMP"] = str(folder / "temp")
        (folder / "temp").mkdir()

    def uses(self, action: Path, given: Mapping[str, str]) -> int:
        """Run the action's main script with the inputs ``given``; return its exit status.

        Each use has a state of its own: the file is the step's.
        """
        document = yaml.safe_load(action.read_text())
        inputs = {name: str(about.get("default", "")) for name, about in document["inputs"].items()} | dict(given)
        assert [] == [name for name, about in document["inputs"].items() if about["required"] and not inputs[name]]
        assert set() == inputs.keys() - document["inputs"].keys()
        known = {_TOKEN: "the job's"}
        # actions/toolkit, core.ts: getInput, saveState
        env = {f"INPUT_{name.upper()}": known.get(value, value) for name, value in inputs.items()}
        state = self.folder / f"GITHUB_STATE.{len(self._used)}"
        state.touch()
        self._used.append((action, env | {"GITHUB_ACTION_REPOSITORY": REPOSITORY, "GITHUB_STATE": str(state)}))
        return self._run_script("main", *self._used[-1])

    def ends(self) -> int:
        """Run the post script of each use, as the runner does after the job's last step: that of the last use first.

        Return the first exit status that is not 0, if any.
        """
        statuses = [self._run_script("post", *used) for used in reversed(self._used)]
        return next(filter(None, statuses), 0)

    def _run_script(self, key: str, action: Path, env: Mapping[str, str]) -> int:
        path = action.parent / yaml.safe_load(action.read_text())["runs"][key]
        state = (line.partition("=") for line in Path(env["GITHUB_STATE"]).read_text().splitlines())
        states = {f"STATE_{name}": value for name, _, value in state}
        return self.runs(f'exec "{need.command("node")}" "{path}"', dict(env) | states)

    def runs(self, script: str, env: Mapping[str, str] | None = None) -> int:
        """Run a script as ``shell: bash`` does; return its exit status."""
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            env=self.env | dict(env or {}),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        self.said += done.stdout + done.stderr
        added = (line.partition("=") for line in Path(self.env["GITHUB_ENV"]).read_text().splitlines())
        self.env |= {name: value for name, _, value in added}
        folders = Path(self.env["GITHUB_PATH"]).read_text().splitlines()
        self.env["PATH"] = os.pathsep.join([*reversed(folders), *self.env["PATH"].split(os.pathsep)])
        return done.returncode
