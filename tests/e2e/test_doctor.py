"""``doctor`` against AWS under its own names and a real registry: the last checks, and a complete run."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes import engine
from fakes.clients import Client, write_json
from fakes.registry import Registry
from support import need, terminals
from support.diagnoses import PROGRAM, diagnose, fixed_by_remedy
from support.forms import in_one_form
from support.home import HOST, PRIMARY, SECONDARY, Home
from support.secrets import forms_of, places_of

_LINKS = [
    *("program", "docker's config", "identity", "profile", "caller", "role", "token"),
    *("keyring", "clock", "registry", "image", "push"),
]
_SESSION = f"arn:aws:sts::{SECONDARY}:assumed-role/puller/"
_names = itertools.count()


@pytest.fixture
def home(home: Home, ecr: Registry) -> Home:  # noqa: ARG001 - the registry is there
    """Return a home whose Docker uses this program for HOST."""
    write_json(home.folder / ".docker" / "config.json", {"credHelpers": {HOST: "ecrx-secondary"}})
    return home


@pytest.fixture
def granted(home: Home, ecr: Registry) -> str:
    """Return a repository of the primary account with the image ``v1``, and add its owner's profile to the home."""
    name = f"doctor/app{next(_names)}"
    home.add_keys("primary", home.aws.add_user(PRIMARY, "owner"))
    home.aws.add_repository(PRIMARY, name)
    ecr.publish(name, "v1", engine.layer(name))
    return name


def _grant(home: Home, repository: str, *options: str) -> None:
    """Grant access to the secondary account, as the owner."""
    to = (f"{HOST}/{repository}", "--to", SECONDARY, "--profile", "primary", "--apply")
    assert 0 == home.run("policy", "grant", *to, *options).status


@pytest.fixture
def denied(ecr: Registry) -> Iterator[Callable[[str], None]]:
    """Return what makes the registry deny every request to a repository, with the given text."""
    yield lambda words: setattr(ecr, "denial", words)
    ecr.denial = None


class TestCompleteCheck:
    def test_passes_and_leaves_no_upload_and_no_secret(
        self, home: Home, ecr: Registry, image: str, tmp_path: Path
    ) -> None:
        found = home.run("doctor", image, "--push")

        assert (0, "") == (found.status, found.stderr)
        *checks, verdict = [line for line in found.stdout.splitlines() if line[1:2] == " "]
        assert ["✓"] * len(_LINKS) == [line[0] for line in checks]
        assert sorted(_LINKS) == sorted(line[2:19].rstrip() for line in checks)
        assert verdict.startswith("✓ no check failed")
        # Requests for an upload; after a cancelled one, this registry writes only the hash of an empty file.
        assert [] == [*ecr.images.rglob("_uploads/*/data"), *ecr.images.rglob("_uploads/*/startedat")]
        (token,) = home.aws.issued
        assert [] == places_of(token, tmp_path)
        assert not [form for form in forms_of(token) if form in found.stdout.encode()]

    def test_caches_the_token_for_the_next_pull(self, home: Home, image: str) -> None:
        home.run("doctor", image)
        home.aws.calls.clear()
        write_json(home.folder / "auth.json", {"credHelpers": {HOST: "ecrx-secondary"}})

        Client(home, need.command("skopeo"))("inspect", f"docker://{image}")

        assert [] == home.aws.calls

    @in_one_form
    def test_fits_the_width_of_a_terminal(self, home: Home, image: str) -> None:
        """Only a path or an ARN is longer: a part of it could not be copied."""
        status, seen = terminals.run([home.program, "doctor", image], home.env | {"TERM": "dumb"})

        assert 0 == status
        assert len(_LINKS) == seen.count("✓")  # one check is skipped, and the verdict has one
        assert not [line for line in _shown(seen) if len(line) > terminals.COLUMNS and " " in line.strip()]

    @in_one_form
    def test_omits_an_unneeded_default_chain(self, home: Home) -> None:
        found = diagnose(home).links

        assert {"identity", "profile", "caller", "role", "clock"}.isdisjoint(found)


def _shown(seen: str) -> list[str]:
    """Return the lines that stay on the terminal, without cursor movements."""
    return [line.rpartition("\x1b[2K")[2] for line in seen.split("\n")]


@in_one_form
class TestToken:
    def test_rejected_by_registry_must_be_forgotten(self, home: Home) -> None:
        home.get()
        home.aws.issued.clear()

        found = diagnose(home, HOST)

        assert "refused the token (HTTP 401" in found.broken("registry").detail
        fixed_by_remedy(home, found, "registry")

    def test_from_docker_login_is_the_one_checked(self, home: Home) -> None:
        home.store(HOST, "AWS", "made up")

        found = diagnose(home, HOST)

        assert f"{PROGRAM} forget {HOST}" == found.broken("registry").remedy
        fixed_by_remedy(home, found, "registry")


@in_one_form
class TestImage:
    def test_tag_defaults_to_latest(self, home: Home, granted: str) -> None:
        _grant(home, granted)

        found = diagnose(home, f"{HOST}/{granted}").broken("image")

        assert f"the repository {granted} has no image latest" == found.detail
        assert found.remedy.endswith(
            f"account {PRIMARY}: aws ecr list-images --repository-name {granted} --region us-east-1 --profile OWNER"
        )

    def test_accepts_a_digest(self, home: Home) -> None:
        digest = f"sha256:{'0' * 64}"

        assert f"has no image {digest}" in diagnose(home, f"{HOST}/team/app@{digest}").broken("image").detail

    def test_missing_repository_is_distinguished(self, home: Home, granted: str) -> None:  # noqa: ARG002
        home.link(f"{PROGRAM}-primary")
        write_json(home.folder / ".docker" / "config.json", {"credHelpers": {HOST: "ecrx-primary"}})

        found = diagnose(home, f"{HOST}/nowhere:v1").broken("image")

        assert f"the repository nowhere does not exist in account {PRIMARY} in us-east-1" == found.detail
        assert "aws ecr create-repository --repository-name nowhere --region us-east-1 --profile OWNER" in found.remedy


@in_one_form
class TestAccessDenied:
    def test_by_repository_policy_names_owners_remedy(self, home: Home, granted: str) -> None:
        found = diagnose(home, f"{HOST}/{granted}:v1")

        _, _, detail, remedy, _ = found.broken("image")
        assert detail.startswith(_SESSION)
        assert detail.endswith(
            "is not authorized to perform ecr:BatchGetImage: the repository policy does not allow it"
        )
        options = f"--to {SECONDARY} --pull-only --profile OWNER --region us-east-1 --apply"
        assert f"run as the owner, account {PRIMARY}: {PROGRAM} policy grant {granted} {options}" == remedy
        fixed_by_remedy(home, found, "image", owner="primary")

    def test_of_push_only_suggests_wider_grant(self, home: Home, granted: str) -> None:
        _grant(home, granted, "--pull-only")

        found = diagnose(home, f"{HOST}/{granted}:v1", "--push")

        assert found.links["image"].ok
        assert (
            "is not authorized to perform ecr:InitiateLayerUpload: the repository policy" in found.broken("push").detail
        )
        assert "--pull-only" not in found.broken("push").remedy
        fixed_by_remedy(home, found, "push", owner="primary")

    def test_by_identity_policy_names_administrators_remedy(
        self, home: Home, image: str, denied: Callable[[str], None]
    ) -> None:
        words = f"User: {_SESSION}session is not authorized to perform: ecr:BatchGetImage on resource: *"
        denied(f"{words} because no identity-based policy allows the ecr:BatchGetImage action")

        found = diagnose(home, image).broken("image")

        assert "its own IAM policy does not allow it" in found.detail
        policy = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
        command = f"aws iam attach-role-policy --role-name puller --policy-arn {policy}"
        assert f"run as an administrator of account {SECONDARY}: {command}" == found.remedy

    def test_of_login_token_does_not_blame_the_identity(
        self, home: Home, image: str, denied: Callable[[str], None]
    ) -> None:
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        home.store(HOST, "AWS", home.get(profile="tertiary").secret)
        denied("Access denied")

        found = diagnose(home, image)

        assert "Docker gets the token stored by docker login" in found.broken("identity").detail
        assert found.broken("image").detail.startswith("the caller is not authorized to perform ecr:BatchGetImage")

    def test_without_a_reason_names_both_sides(self, home: Home, image: str, denied: Callable[[str], None]) -> None:
        denied("Access denied")

        remedy = diagnose(home, image).broken("image").remedy

        assert f"{PROGRAM} policy grant team/app --to {SECONDARY}" in remedy
        assert "aws iam attach-role-policy --role-name puller" in remedy


@in_one_form
class TestConnectionToRegistry:
    def test_unknown_host_is_reported(self, home: Home) -> None:
        host = "999999999999.dkr.ecr.us-east-1.amazonaws.com"
        home.run("configure", host, "--profile", "secondary")

        found = diagnose(home, host)

        assert found.links["token"].ok
        assert f"the name {host} cannot be resolved" == found.broken("registry").detail
        assert f"getent hosts {host}" in found.broken("registry").remedy
        assert {"image", "push"} == {*found.passed_over()}

    def test_unreachable_proxy_is_reported(self, home: Home) -> None:
        others = "sts.us-east-1.amazonaws.com,api.ecr.us-east-1.amazonaws.com"
        home.env |= {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": others}

        found = diagnose(home, HOST)

        assert f"the proxy 127.0.0.1:9 for {HOST} does not respond" == found.broken("registry").detail
        assert "HTTPS_PROXY" in found.broken("registry").remedy
