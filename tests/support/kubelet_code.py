"""kubelet's own code, which tests/clients/kubelet runs: it decides about a configuration, calls it, and caches."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from support import need

_PROGRAM = Path(__file__).parents[2] / ".work" / "clients" / "kubelet" / "kubelet"


class Found(NamedTuple):
    """What kubelet gives to the container runtime: a password for each provider, and after how many seconds."""

    passwords: list[str]
    service_accounts: list[str]
    seconds: float


def program() -> Path:
    """Return the program, which ``tests/clients/build.sh`` builds."""
    return _PROGRAM if _PROGRAM.exists() else need.missing("kubelet's code, for which Go is needed,")


def check(*paths: Path) -> list[str]:
    """Return the kinds of the documents in manifests; assert that Kubernetes' types have all their fields."""
    done = subprocess.run([program(), "check", *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


class KubeletCode:
    """kubelet's credential providers by the configuration ``config``, while its context is entered.

    ``folder`` has the providers; ``accounts`` are the service accounts, by NAMESPACE/NAME, with uid, annotations, token
    and audience. ``said`` is what kubelet has logged, when the context is left.
    """

    def __init__(self, config: Path, folder: Path, env: Mapping[str, str], accounts: Mapping[str, Any]) -> None:
        self.said = ""
        file = config.with_suffix(".accounts")
        file.write_text(json.dumps(accounts))
        self._command: list[str | Path] = [program(), "provide", config, folder, file]
        self._env = dict(env)
        self._log = config.with_suffix(".log")

    def __enter__(self) -> Self:
        """Start; assert that kubelet accepts the configuration."""
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._command, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        if self._read() != {}:
            self._process.wait()
            self.said = self._log.read_text()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._process.communicate()
        self.said = self._log.read_text()

    def ask(self, image: str, account: str = "", token: str = "") -> Found:
        """Return what kubelet finds for the image of a pod with a service account, whose new token is ``token``."""
        found = self._request(image, account, token=token)
        credentials = found["credentials"]
        assert all(one["username"] == "AWS" for one in credentials)
        accounts = [one.get("serviceAccount", "") for one in credentials]
        return Found([one["password"] for one in credentials], accounts, found["seconds"])

    def pull(self, image: str, runtime: Path) -> str:
        """Let the container runtime at that socket pull the image with what kubelet finds; return why it has not."""
        return str(self._request(image, "", runtime=str(runtime)).get("failure", ""))

    def _request(self, image: str, account: str, **more: str) -> Any:  # noqa: ANN401 - JSON
        namespace, _, name = (account or "kube-system/").partition("/")
        request = {"image": image, "namespace": namespace, "pod": "pod-1", "serviceAccount": name, **more}
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:  # noqa: ANN401 - JSON
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None
