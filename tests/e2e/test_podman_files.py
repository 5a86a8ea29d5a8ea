"""``doctor`` says of each arrangement of podman's files what skopeo, and its library of today, do with it."""

import json
from pathlib import Path

import pytest

from fakes.clients import Client, go_client
from fakes.registry import Registry
from support import need
from support.diagnoses import diagnose
from support.docker_shapes import AUTH
from support.forms import in_one_form
from support.home import HOST, Home

pytestmark = in_one_form

OURS = json.dumps({"credHelpers": {HOST: "ecrx"}})
STALE = json.dumps({"auths": {HOST: {"auth": AUTH}}})
# The texts of the files, and whether skopeo has credentials for the registry.
FILES: dict[str, tuple[dict[str, str], bool]] = {
    "own": ({"own": OURS}, True),
    "Docker's": ({"docker": OURS}, True),
    "password first": ({"login": STALE, "own": OURS}, False),
    "password before Docker's": ({"own": STALE, "docker": OURS}, False),
    "password after": ({"own": OURS, "docker": STALE}, True),
    "password beside": ({"own": json.dumps({**json.loads(OURS), **json.loads(STALE)})}, True),
    "password with scheme": ({"login": json.dumps({"auths": {f"https://{HOST}": {"auth": AUTH}}}), "own": OURS}, False),
    "password of namespace": ({"login": json.dumps({"auths": {f"{HOST}/team": {"auth": AUTH}}}), "own": OURS}, False),
    "empty login": ({"login": json.dumps({"auths": {HOST: {}}}), "own": OURS}, True),
    "0 bytes": ({"login": "", "own": OURS}, False),
    "text after": ({"login": "{} x", "own": OURS}, False),
    "empty helper": ({"login": json.dumps({"credHelpers": {HOST: ""}}), "own": OURS}, False),
    "missing helper": ({"login": json.dumps({"credHelpers": {HOST: "gone"}}), "own": OURS}, False),
    "registries.conf": ({"registries": 'credential-helpers = ["ecrx"]', "own": STALE}, True),
    "registries.conf last": ({"registries": 'credential-helpers = ["containers-auth.json", "ecrx"]'}, True),
    "registries.conf after": (
        {"registries": 'credential-helpers = ["containers-auth.json", "ecrx"]', "own": STALE},
        False,
    ),
    "credsStore": ({"own": '{"credsStore": "ecrx"}'}, False),
}


@pytest.fixture(params=["skopeo", "containers-image"])
def skopeo(request: pytest.FixtureRequest, home: Home, ecr: Registry) -> Client:  # noqa: ARG001 - it has to be there
    """Return skopeo, or a program of today's library of it, which reads the files in the home."""
    home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n')
    del home.env["REGISTRY_AUTH_FILE"]
    return go_client(home, request.param) if request.param != "skopeo" else Client(home, need.command("skopeo"))


@pytest.mark.parametrize(("files", "is_used"), FILES.values(), ids=FILES)
def test_files_are_judged_as_skopeo_uses_them(
    skopeo: Client, image: str, files: dict[str, str], *, is_used: bool
) -> None:
    judge(skopeo, image, files, is_used=is_used)


def judge(skopeo: Client, image: str, files: dict[str, str], *, is_used: bool) -> None:
    """Assert that skopeo and ``doctor`` both find credentials with these files, or both do not."""
    home = skopeo.home
    paths = {
        "login": Path(home.env["XDG_RUNTIME_DIR"]) / "containers" / "auth.json",
        "own": home.folder / ".config" / "containers" / "auth.json",
        "docker": home.folder / ".docker" / "config.json",
        "registries": home.folder / ".config" / "containers" / "registries.conf",
    }
    for name, text in files.items():
        paths[name].parent.mkdir(parents=True, exist_ok=True)
        paths[name].write_text(text)

    can_read = '"Name"' in skopeo.tries("inspect", f"docker://{image}")

    links = diagnose(home, image).links
    found = links.get("podman's config", links["docker's config"])  # Docker's, if podman has no file of its own
    assert (is_used, is_used) == (can_read, found.ok is True)
