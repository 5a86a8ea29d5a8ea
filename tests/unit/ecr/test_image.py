"""An image name: a registry, a repository in it, a tag or a digest."""

import pytest

from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.errors import ArgumentError

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = f"sha256:{'0' * 64}"


class TestImage:
    @pytest.mark.parametrize(
        ("text", "repository", "reference"),
        [
            (HOST, "", "latest"),
            (f"https://{HOST}/", "", "latest"),
            (f"{HOST}/app", "app", "latest"),
            (f"{HOST}/app:v1.0", "app", "v1.0"),
            (f"{HOST}:443/team/app_one/b-2:x", "team/app_one/b-2", "x"),
            (f"{HOST}/app@{DIGEST}", "app", DIGEST),
            (f"{HOST}/app:v1@{DIGEST}", "app", DIGEST),
        ],
    )
    def test_has_a_repository_and_a_reference(self, text: str, repository: str, reference: str) -> None:
        found = image.parse(text)

        assert (HOST, repository, reference) == (found.registry.host, found.repository, found.reference)

    @pytest.mark.parametrize(
        "text",
        [
            "app",
            "ghcr.io/org/app",
            f"{HOST}.example.com/app",
            f"{HOST}/App",
            f"{HOST}/app:",
            f"{HOST}/app:-x",
            f"{HOST}/app:{'x' * 129}",
            f"{HOST}/app@sha256:xyz",
            f"{HOST}/app/",
            f"{HOST}//app",
            f"{HOST}/../app",
            f"{HOST}/app?x=1",
            f"{HOST}/app\n",
        ],
    )
    def test_that_docker_rejects_is_rejected(self, text: str) -> None:
        with pytest.raises(ArgumentError):
            image.parse(text)

    @pytest.mark.parametrize("text", [HOST, f"{HOST}/app:latest", f"{HOST}/app@{DIGEST}"])
    def test_is_shown_as_it_was_given(self, text: str) -> None:
        assert text == str(image.parse(text))
