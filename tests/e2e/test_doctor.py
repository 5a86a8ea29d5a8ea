"""``doctor`` against AWS at its own names and a real registry: the far end of the chain, and a whole one."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from standin import engine
from standin.clients import Client, write_json
from standin.registry import Registry
from support import need, terminals
from support.diagnoses import PROGRAM, diagnose, mended
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
    """Return a home whose docker asks this program for HOST."""
    write_json(home.folder / ".docker" / "config.json", {"credHelpers": {HOST: "ecrx-secondary"}})
    return home


@pytest.fixture
def granted(home: Home, ecr: Registry) -> str:
    """Return a repository of the primary account's with the image ``v1``, and give the home its owner's profile."""
    name = f"doctor/app{next(_names)}"
    home.add_keys("primary", home.aws.add_user(PRIMARY, "owner"))
    home.aws.add_repository(PRIMARY, name)
    ecr.publish(name, "v1", engine.layer(name))
    return name


def _grant(home: Home, repository: str, *options: str) -> None:
    """Let the secondary account in, as the owner."""
    to = (f"{HOST}/{repository}", "--to", SECONDARY, "--profile", "primary", "--apply")
    assert 0 == home.run("policy", "grant", *to, *options).status


@pytest.fixture
def denied(ecr: Registry) -> Iterator[Callable[[str], None]]:
    """Return what has the registry deny everything in a repository, in the words that it is given."""
    yield lambda words: setattr(ecr, "denial", words)
    ecr.denial = None


class TestWholeChain:
    def test_holds_link_by_link_and_leaves_no_upload_and_no_secret(
        self, home: Home, ecr: Registry, image: str, tmp_path: Path
    ) -> None:
        found = home.run("doctor", image, "--push")

        assert (0, "") == (found.status, found.stderr)
        lines = found.stdout.splitlines()
        assert ["✓"] * len(_LINKS) == [line[0] for line in lines]
        assert _LINKS == [line[2:19].rstrip() for line in lines]
        # What makes an upload; once it has cancelled one, this registry writes the hash of nothing beside where it was.
        assert [] == [*ecr.images.rglob("_uploads/*/data"), *ecr.images.rglob("_uploads/*/startedat")]
        (token,) = home.aws.issued
        assert [] == places_of(token, tmp_path)
        assert not [form for form in forms_of(token) if form in found.stdout.encode()]

    def test_ends_in_a_pull(self, home: Home, image: str) -> None:
        home.run("doctor", image)
        home.aws.calls.clear()
        write_json(home.folder / "auth.json", {"credHelpers": {HOST: "ecrx-secondary"}})

        Client(home, need.command("skopeo"))("inspect", f"docker://{image}")

        assert [] == home.aws.calls

    @in_one_form
    def test_is_shown_on_a_terminal_without_a_line_that_is_too_long(self, home: Home, image: str) -> None:
        status, seen = terminals.run([home.program, "doctor", image], home.env | {"TERM": "dumb"})

        assert 0 == status
        assert len(_LINKS) - 1 == seen.count("✓")
        assert [] == [line for line in _shown(seen) if len(line) > terminals.COLUMNS]

    @in_one_form
    def test_shows_where_the_default_chain_is_not_needed(self, home: Home) -> None:
        found = diagnose(home)

        assert ["profile", "caller", "role"] == found.passed_over()
        assert "no configured registry needs them" in found.links["caller"].detail


def _shown(seen: str) -> list[str]:
    """Return the lines that stay on the terminal, without what moves its cursor."""
    return [line.rpartition("\x1b[2K")[2] for line in seen.split("\n")]


@in_one_form
class TestToken:
    def test_that_the_registry_does_not_take_is_to_be_forgotten(self, home: Home) -> None:
        home.get()
        home.aws.issued.clear()

        found = diagnose(home, HOST)

        assert "refused the token (HTTP 401" in found.broken("registry").detail
        mended(home, found, "registry")

    def test_that_docker_login_stored_is_the_one_that_is_shown(self, home: Home) -> None:
        home.store(HOST, "AWS", "made up")

        found = diagnose(home, HOST)

        assert f"{PROGRAM} forget {HOST}" == found.broken("registry").remedy
        mended(home, found, "registry")


@in_one_form
class TestImage:
    def test_is_latest_where_no_tag_is_named(self, home: Home, granted: str) -> None:
        _grant(home, granted)

        found = diagnose(home, f"{HOST}/{granted}").broken("image")

        assert f"the repository {granted} has no image latest" == found.detail
        assert found.remedy.endswith(
            f"aws ecr list-images --registry-id {PRIMARY} --repository-name {granted} --region us-east-1"
        )

    def test_may_be_named_by_its_digest(self, home: Home) -> None:
        digest = f"sha256:{'0' * 64}"

        assert f"has no image {digest}" in diagnose(home, f"{HOST}/team/app@{digest}").broken("image").detail

    def test_of_a_repository_that_is_not_there_is_told_apart(self, home: Home, granted: str) -> None:  # noqa: ARG002
        home.link(f"{PROGRAM}-primary")
        write_json(home.folder / ".docker" / "config.json", {"credHelpers": {HOST: "ecrx-primary"}})

        found = diagnose(home, f"{HOST}/nowhere:v1").broken("image")

        assert f"the repository nowhere does not exist in account {PRIMARY} in us-east-1" == found.detail
        assert "aws ecr create-repository --repository-name nowhere --region us-east-1 --profile OWNER" in found.remedy


@in_one_form
class TestRefusal:
    def test_by_the_repository_policy_is_mended_by_its_owner(self, home: Home, granted: str) -> None:
        found = diagnose(home, f"{HOST}/{granted}:v1")

        _, _, detail, remedy, _ = found.broken("image")
        assert detail.startswith(_SESSION)
        assert detail.endswith(
            "is not authorized to perform ecr:BatchGetImage: the repository policy does not allow it"
        )
        options = f"--to {SECONDARY} --pull-only --profile OWNER --region us-east-1 --apply"
        assert f"run as the owner, account {PRIMARY}: {PROGRAM} policy grant {granted} {options}" == remedy
        mended(home, found, "image", owner="primary")

    def test_of_a_push_alone_is_mended_by_a_wider_grant(self, home: Home, granted: str) -> None:
        _grant(home, granted, "--pull-only")

        found = diagnose(home, f"{HOST}/{granted}:v1", "--push")

        assert found.links["image"].ok
        assert (
            "is not authorized to perform ecr:InitiateLayerUpload: the repository policy" in found.broken("push").detail
        )
        assert "--pull-only" not in found.broken("push").remedy
        mended(home, found, "push", owner="primary")

    def test_by_the_callers_own_rights_is_mended_by_its_administrator(
        self, home: Home, image: str, denied: Callable[[str], None]
    ) -> None:
        words = f"User: {_SESSION}session is not authorized to perform: ecr:BatchGetImage on resource: *"
        denied(f"{words} because no identity-based policy allows the ecr:BatchGetImage action")

        found = diagnose(home, image).broken("image")

        assert "its own IAM policy does not allow it" in found.detail
        policy = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
        command = f"aws iam attach-role-policy --role-name puller --policy-arn {policy}"
        assert f"run as an administrator of account {SECONDARY}: {command}" == found.remedy

    def test_of_what_docker_login_stored_is_not_put_down_to_the_identity(
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
class TestWayToTheRegistry:
    def test_that_no_name_server_knows_is_told(self, home: Home) -> None:
        host = "999999999999.dkr.ecr.us-east-1.amazonaws.com"
        home.run("configure", host, "--profile", "secondary")

        found = diagnose(home, host)

        assert found.links["token"].ok
        assert f"the name {host} cannot be resolved" == found.broken("registry").detail
        assert f"getent hosts {host}" in found.broken("registry").remedy
        assert {"image", "push"} == {*found.passed_over()}

    def test_through_a_proxy_that_is_not_there_is_told(self, home: Home) -> None:
        others = "sts.us-east-1.amazonaws.com,api.ecr.us-east-1.amazonaws.com"
        home.env |= {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": others}

        found = diagnose(home, HOST)

        assert f"the proxy for {HOST} does not respond" == found.broken("registry").detail
        assert "HTTPS_PROXY" in found.broken("registry").remedy
