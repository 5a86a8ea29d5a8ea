"""podman's files: which of them there are."""

import os
import tempfile
from pathlib import Path

import pytest

from docker_credential_ecrx.config_files import podman_config
from support import need

pytestmark = pytest.mark.posix("users, and /run")

_USER = 4_200_051


@pytest.mark.parametrize("mode", [0o700, 0o711])
def test_runtime_file_in_a_closed_folder_is_not_read(monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    """Rootful podman closes /run/containers; rootless podman then uses another folder."""
    if os.geteuid() != 0:
        need.missing("root, to be another user,")
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        closed = Path(place, "containers")
        closed.mkdir()
        closed.chmod(mode)
        Path(place).chmod(0o755)
        monkeypatch.setattr(podman_config, "_RUN", str(closed))
        monkeypatch.setattr(os, "getuid", lambda: _USER)
        skopeo = Path(place, "skopeo")
        skopeo.touch(0o755)
        env = {"HOME": "/home/me", "PATH": place}
        os.seteuid(_USER)
        try:
            found, failing = podman_config.paths(env), podman_config.closed(env)
        finally:
            os.seteuid(0)

    runtime = [f"{closed}/{_USER}/auth.json"]
    assert [*([] if mode == 0o700 else runtime), "/home/me/.config/containers/auth.json"] == found
    assert failing == ([] if mode == 0o711 else runtime)


def test_runtime_file_of_the_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podman_config, "_RUN", "/nowhere")

    found = podman_config.paths({"HOME": "/home/me", "XDG_RUNTIME_DIR": "/run/user/1"})

    assert ["/run/user/1/containers/auth.json", "/home/me/.config/containers/auth.json"] == found
