"""AWS profiles that need a person: one whose role requires an MFA code, and one of SSO whose session has expired."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from docker_credential_ecrx.demo.fake_aws import HttpResponse, Refusal, refused
from support import aws_parts
from support.aws_parts import EARLIER, Server, Sessions
from support.home import BASE_USER, ROLE, SECONDARY, Home

CODE, WRONG_CODE = "123456", "654321"
_SERIAL = f"arn:aws:iam::{SECONDARY}:mfa/me"


class OneTimeCodes(Sessions):
    """An AWS that accepts an MFA code once, and rejects any other code as AWS does."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()
        self.before_answer: Callable[[HttpResponse], HttpResponse] = lambda answer: answer

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Answer one request."""
        answer = super().handle(method, path, headers, body)
        code = self.assumed[-1].get("TokenCode", "") if b"AssumeRole" in body and self.assumed else ""
        if code and (code != CODE or code in self.used):
            words = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
            answer = refused("sts", Refusal("AccessDenied", words, 403))
        self.used.add(code)
        return self.before_answer(answer)


def add_mfa_profile(home: Home, name: str = "secondary") -> None:
    """Add a profile whose role requires an MFA code."""
    home.add_keys("base", home.aws.add_user(SECONDARY, "base"))
    home.aws.add_role(ROLE, trusts=[BASE_USER], mfa=True)
    home.add_profile(name, role_arn=ROLE, source_profile="base", mfa_serial=_SERIAL)


@contextmanager
def expired_sso(home: Home, aws: OneTimeCodes, name: str = "secondary") -> Iterator[None]:
    """Add an SSO profile with an expired session; ``aws sso login`` renews it, and writes its arguments to ``ran``."""
    home.add_profile(name, sso_session="corp", sso_account_id=SECONDARY, sso_role_name="puller")
    with (home.folder / ".aws" / "config").open("a") as file:
        file.write("[sso-session corp]\nsso_start_url = https://corp\nsso_region = eu-west-1\n")
    aws_parts.sign_in_to_sso(home.folder, "corp", "bearer")
    (cached,) = (home.folder / ".aws" / "sso" / "cache").iterdir()
    cached.rename(home.folder / "renewed")
    aws_parts.sign_in_to_sso(home.folder, "corp", "bearer", EARLIER)
    script = home.bin / "aws"
    script.write_text(f'#!/bin/sh\necho "$@" >"$HOME/ran"\n/bin/cp "$HOME/renewed" {cached}\n')
    script.chmod(0o700)
    home.env["PATH"] = str(home.bin)
    with Server(aws_parts.sso_portal(aws, "bearer")) as server:
        home.env["AWS_ENDPOINT_URL_SSO"] = server.url
        yield
