"""What can differ in the frozen program alone: its path, its name, its environment, and its part of botocore's data."""

import hashlib
import itertools
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

import docker_credential_ecrx
from docker_credential_ecrx.aws.session import SERVICES
from support import need

_MB = 1_000_000
_HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
_SERVICES = ("api.ecr", "api.ecr-public", "sts", "portal.sso", "oidc", "signin")


@pytest.fixture(scope="module")
def frozen() -> Path:
    """Return the frozen program."""
    path = Path(os.environ.get("ECRX_TEST_FROZEN", "dist/docker-credential-ecrx/docker-credential-ecrx")).absolute()
    return path if path.exists() else need.missing(f"the frozen program, {path},")


def _run(program: Path, verb: str, env: dict[str, str], stdin: str = "", cwd: Path | None = None) -> tuple[int, str]:
    """Return the exit status and stdout."""
    done = subprocess.run(
        [program, verb], input=stdin, env=env, cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout


class TestStart:
    def test_needs_no_environment(self, frozen: Path) -> None:
        assert 0 == _run(frozen, "version", {})[0]

    @pytest.mark.parametrize(
        "variable", ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTHONUTF8", "PYTHONMALLOC"]
    )
    def test_ignores_python_variables(self, frozen: Path, variable: str) -> None:
        assert _run(frozen, "version", {}) == _run(frozen, "version", {variable: "/nowhere"})

    def test_knows_the_link_name_that_called_it(self, frozen: Path, tmp_path: Path) -> None:
        (tmp_path / "my links").mkdir()
        link = tmp_path / "my links" / "docker-credential-ecrx-nobody"
        link.symlink_to(frozen)

        status, said = _run(link, "get", {"HOME": str(tmp_path)}, _HOST, tmp_path)

        assert 1 == status
        assert "nobody" in said

    def test_credential_process_gets_the_callers_environment(self, frozen: Path, tmp_path: Path) -> None:
        (tmp_path / ".aws").mkdir()
        (tmp_path / "process").write_text(f"#!/bin/sh\nenv >'{tmp_path}/env'\nexit 1\n")
        (tmp_path / "process").chmod(0o755)
        (tmp_path / ".aws" / "config").write_text(f"[default]\ncredential_process = {tmp_path}/process\n")
        env = {"HOME": str(tmp_path), "LD_LIBRARY_PATH": "/nowhere", "ECRX_KEYRING": "none"}

        _run(frozen, "get", env, _HOST)

        names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
        assert set(env) == names - {"PWD", "OLDPWD", "SHLVL", "_"}
        assert "LD_LIBRARY_PATH=/nowhere\n" in (tmp_path / "env").read_text()


class TestBundle:
    def test_is_small(self, frozen: Path) -> None:
        assert 35 * _MB >= sum(path.stat().st_size for path in frozen.parent.rglob("*") if path.is_file())

    def test_resolves_every_endpoint_that_botocore_does(self, frozen: Path) -> None:
        data = "botocore/data/endpoints.json"
        whole = _json(Path(botocore.__file__).parents[1] / data)
        part = _json(frozen.parent / "_internal" / data)
        regions = {region for partition in whole["partitions"] for region in partition["regions"]}

        for case in itertools.product(_SERVICES, regions | {"us-east-9", "aws-global"}, (False, True), (False, True)):
            assert _endpoint(whole, *case) == _endpoint(part, *case)

    def test_has_only_the_ecr_operations_that_it_calls(self, frozen: Path) -> None:
        data = frozen.parent / "_internal/botocore/data"
        of_ecr, of_sts = (
            {
                xform_name(name)
                for path in (data / service).glob("*/service-2.json")
                for name in _json(path)["operations"]
            }
            for service in ("ecr", "sts")
        )
        called = {
            name
            for path in Path(docker_credential_ecrx.__file__).parent.glob("aws/*.py")
            for name in re.findall(r"\bclient\.([a-z_]+)\(", path.read_text().replace("_client", "client"))
        }

        assert of_ecr == called - of_sts

    def test_has_botocore_models_without_documentation(self, frozen: Path) -> None:
        whole = Loader()
        part = Loader([str(frozen.parent / "_internal/botocore/data")], include_default_search_paths=False)
        for service in SERVICES:
            ours, theirs = (loader.load_service_model(service, "service-2") for loader in (part, whole))
            for kind in ("operations", "shapes"):
                theirs[kind] = {name: theirs[kind][name] for name in ours[kind]}

            assert _undocumented(theirs) == _undocumented(ours)

    def test_has_all_shapes_of_its_operations(self, frozen: Path) -> None:
        part = Loader([str(frozen.parent / "_internal/botocore/data")], include_default_search_paths=False)
        for service in SERVICES:
            model = part.load_service_model(service, "service-2")
            named = set(re.findall(r'"shape": "(\w+)"', json.dumps(model)))

            assert named <= set(model["shapes"])


class TestArchive:
    def test_is_small_and_has_a_sha_256_file(self, frozen: Path) -> None:
        (archive,) = frozen.parents[1].glob("docker-credential-ecrx-*.tar.gz")

        assert 14 * _MB >= archive.stat().st_size
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert f"{digest}  {archive.name}\n" == archive.with_name(f"{archive.name}.sha256").read_text()


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON
    return json.loads(path.read_text())


def _undocumented(part: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a part of a model without its documentation."""
    if isinstance(part, dict):
        kept = {name: value for name, value in part.items() if name != "documentation" or isinstance(value, dict)}
        return {name: _undocumented(value) for name, value in kept.items()}
    return [_undocumented(value) for value in part] if isinstance(part, list) else part


def _endpoint(document: dict[str, object], service: str, region: str, dual_stack: bool, fips: bool) -> object:  # noqa: FBT001
    resolver = EndpointResolver(document)
    try:
        return resolver.construct_endpoint(service, region, use_dualstack_endpoint=dual_stack, use_fips_endpoint=fips)
    except BotoCoreError as error:
        return str(error)
