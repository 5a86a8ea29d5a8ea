"""What to write instead of a name that is not a registry of ECR."""

import pytest

from docker_credential_ecrx.ecr import wrong_host

HOST = "444444444444.dkr.ecr.eu-west-1.amazonaws.com"
FIPS = "444444444444.dkr.ecr-fips.us-east-1.amazonaws.com"
CHINA = "444444444444.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn"
FORM = "ACCOUNT.dkr.ecr.REGION.amazonaws.com"
_ANY = f"write {FORM} or public.ecr.aws, the only registries that need this program"
_CONSOLE = "eu-west-1.console.aws.amazon.com/ecr/repositories/private/444444444444/team/app"


class TestCorrection:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("444444444444.dkr.ecr.amazonaws.com", f"it has no region: write {HOST.replace('eu-west-1', 'REGION')}"),
            (f"{HOST[1:]}/app:1", f"an account has 12 digits, and this has 11: write ACCOUNT{HOST[12:]}"),
            (f"x{HOST[1:]}", f"an account has 12 digits: write ACCOUNT{HOST[12:]}"),
            (
                "4.dkr.ecr.amazonaws.com",
                f"an account has 12 digits, and this has 1, and it has no region: write {FORM}",
            ),
            (
                HOST.replace("eu-west-1", "ireland"),
                f"ireland is not a region of amazonaws.com: write {HOST.replace('eu-west-1', 'REGION')}",
            ),
            (
                f"{HOST}.cn",
                f"eu-west-1 is not a region of amazonaws.com.cn: write {HOST}",
            ),
            ("444444444444", "that has no region: write 444444444444.dkr.ecr.REGION.amazonaws.com"),
            (f"{HOST} ", f"write it without the white space: {HOST}"),
            (f"{HOST}.", f"write it without the dot at its end: {HOST}"),
            (f"https://{HOST.upper()}./app", f"write it without the dot at its end: {HOST}"),
            (f"{HOST}:8443", f"write it without the port: {HOST}"),
            (f"user:letmein@{HOST}", f"write it without what precedes the host: {HOST}"),
            ("team/app", f"that names no registry: write {FORM}/team/app"),
            ("arn:aws:ecr:eu-west-1:444444444444:repository/team/app", f"that is an ARN: write {HOST}/team/app"),
            (
                "arn:aws-cn:ecr:cn-north-1:444444444444:repository/app",
                "that is an ARN: write 444444444444.dkr.ecr.cn-north-1.amazonaws.com.cn/app",
            ),
            ("aws://444444444444/eu-west-1", f"write {HOST}"),
            (f"https://{_CONSOLE}?region=eu-west-1", f"write {HOST}/team/app"),
            (f"https://444444444444-ab3d.{_CONSOLE}", f"write {HOST}/team/app"),
            (f"docker pull {HOST}/app:1.0", f"write {HOST}/app:1.0"),
            (f'"https://{HOST}"', f"write {HOST}"),
            (f"{HOST}:1.0", f"that names no repository: write {HOST}/REPOSITORY:1.0"),
            (HOST.replace("eu-west-1", "eu-west1"), f"eu-west1 is not a region of amazonaws.com: write {HOST}"),
            (HOST.replace("eu-west-1", "euwest-1"), f"euwest-1 is not a region of amazonaws.com: write {HOST}"),
            (
                "444444444444.dkr.ecr.us-east-1.on.aws",
                "a host in on.aws has dkr-ecr, not dkr.ecr: write 444444444444.dkr-ecr.us-east-1.on.aws",
            ),
            (
                "444444444444.dkr-ecr-fips.us-east-1.amazonaws.com",
                f"a host in amazonaws.com has dkr.ecr-fips, not dkr-ecr-fips: write {FIPS}",
            ),
            (
                "444444444444.dkr.ecr.cn-north-1.amazonaws.com/app",
                "cn-north-1 is not a region of amazonaws.com: write 444444444444.dkr.ecr.cn-north-1.amazonaws.com.cn",
            ),
            (
                "444444444444.dkr-ecr.cn-north-1.on.aws",
                f"cn-north-1 is not a region of on.aws: write {CHINA}",
            ),
            *(
                (
                    f"444444444444.{infix}.{region}.on.aws",
                    f"{region} is not a region of on.aws: write 444444444444.dkr.ecr.{region}.{suffix}",
                )
                for infix in ("dkr.ecr", "dkr-ecr")
                for region, suffix in (
                    ("eusc-de-east-1", "amazonaws.eu"),
                    ("us-iso-east-1", "c2s.ic.gov"),
                    ("us-isob-east-1", "sc2s.sgov.gov"),
                    ("eu-isoe-west-1", "cloud.adc-e.uk"),
                )
            ),
            (
                "444444444444.dkr-ecr-fips.eusc-de-east-1.on.aws",
                (
                    "eusc-de-east-1 is not a region of on.aws: "
                    "write 444444444444.dkr.ecr-fips.eusc-de-east-1.amazonaws.eu"
                ),
            ),
            (
                CHINA.replace("ecr", "ecr-fips"),
                f"cn-north-1 has no FIPS host in on.amazonwebservices.com.cn: write {CHINA}",
            ),
            (f"{HOST} or {HOST.replace('4', '5')}", _ANY),
            ("aws://444444444444/ireland", "that has no region: write 444444444444.dkr.ecr.REGION.amazonaws.com"),
            ("ghcr.io/app", _ANY),
            (f"{HOST}.evil.example", _ANY),
            ("", _ANY),
            ("ä/ö", _ANY),
        ],
    )
    def test_is_made_of_what_was_typed(self, name: str, said: str) -> None:
        assert said == wrong_host.correction(name)


class TestIsLikeEcr:
    @pytest.mark.parametrize(
        "name", [HOST[1:], "dkr.ecr.example", "api.ecr.us-east-1.amazonaws.com/app", "x.dkr-ecr.on.aws"]
    )
    def test_by_a_word(self, name: str) -> None:
        assert wrong_host.is_like_ecr(name)

    @pytest.mark.parametrize("name", ["images.secret.example", "ghcr.io/ecr", "", "ä"])
    def test_not_by_a_part_of_one(self, name: str) -> None:
        assert not wrong_host.is_like_ecr(name)
