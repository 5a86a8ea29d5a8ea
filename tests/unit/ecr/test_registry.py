"""Which hosts are registries of Amazon ECR, and which only look like one."""

import pytest

from docker_credential_ecrx.ecr.registry import Registry

A = "111111111111"

# host, account, region, partition, service, fips, dual stack
ECR = [
    (f"{A}.dkr.ecr.us-east-1.amazonaws.com", A, "us-east-1", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.us-west-2.amazonaws.com", A, "us-west-2", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.eu-central-1.amazonaws.com", A, "eu-central-1", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.ap-southeast-7.amazonaws.com", A, "ap-southeast-7", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.me-central-1.amazonaws.com", A, "me-central-1", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.af-south-1.amazonaws.com", A, "af-south-1", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.il-central-1.amazonaws.com", A, "il-central-1", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.mx-central-1.amazonaws.com", A, "mx-central-1", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.ca-west-1.amazonaws.com", A, "ca-west-1", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.sa-east-12.amazonaws.com", A, "sa-east-12", "aws", "ecr", False, False),
    # regions newer than every list
    (f"{A}.dkr.ecr.nz-north-1.amazonaws.com", A, "nz-north-1", "aws", "ecr", False, False),
    (f"{A}.dkr.ecr.us-gov-south-1.amazonaws.com", A, "us-gov-south-1", "aws-us-gov", "ecr", False, False),
    (f"{A}.dkr.ecr.cn-south-2.amazonaws.com.cn", A, "cn-south-2", "aws-cn", "ecr", False, False),
    (f"{A}.dkr.ecr.us-gov-west-1.amazonaws.com", A, "us-gov-west-1", "aws-us-gov", "ecr", False, False),
    (f"{A}.dkr.ecr.us-gov-east-1.amazonaws.com", A, "us-gov-east-1", "aws-us-gov", "ecr", False, False),
    (f"{A}.dkr.ecr.cn-north-1.amazonaws.com.cn", A, "cn-north-1", "aws-cn", "ecr", False, False),
    (f"{A}.dkr.ecr.cn-northwest-1.amazonaws.com.cn", A, "cn-northwest-1", "aws-cn", "ecr", False, False),
    (f"{A}.dkr.ecr.eusc-de-east-1.amazonaws.eu", A, "eusc-de-east-1", "aws-eusc", "ecr", False, False),
    (f"{A}.dkr.ecr.us-iso-east-1.c2s.ic.gov", A, "us-iso-east-1", "aws-iso", "ecr", False, False),
    (f"{A}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", A, "us-isob-east-1", "aws-iso-b", "ecr", False, False),
    (f"{A}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", A, "eu-isoe-west-1", "aws-iso-e", "ecr", False, False),
    (f"{A}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", A, "us-isof-south-1", "aws-iso-f", "ecr", False, False),
    (f"{A}.dkr.ecr-fips.us-east-1.amazonaws.com", A, "us-east-1", "aws", "ecr", True, False),
    (f"{A}.dkr.ecr-fips.us-gov-west-1.amazonaws.com", A, "us-gov-west-1", "aws-us-gov", "ecr", True, False),
    (f"{A}.dkr-ecr.us-east-1.on.aws", A, "us-east-1", "aws", "ecr", False, True),
    (f"{A}.dkr-ecr.us-gov-west-1.on.aws", A, "us-gov-west-1", "aws-us-gov", "ecr", False, True),
    (f"{A}.dkr-ecr-fips.us-west-1.on.aws", A, "us-west-1", "aws", "ecr", True, True),
    (f"{A}.dkr-ecr-fips.us-gov-east-1.on.aws", A, "us-gov-east-1", "aws-us-gov", "ecr", True, True),
    (f"{A}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", A, "cn-north-1", "aws-cn", "ecr", False, True),
    ("public.ecr.aws", "", "us-east-1", "aws", "ecr-public", False, False),
    ("ecr-public.aws.com", "", "us-east-1", "aws", "ecr-public", False, True),
]

# Forms that clients send for one host (nerdctl, docker logout, crane, Jib).
HOST = f"{A}.dkr.ecr.us-east-1.amazonaws.com"
FORMS = [
    HOST,
    f"{HOST}:443",
    f"https://{HOST}",
    f"http://{HOST}",
    f"https://{HOST}/",
    f"https://{HOST}:443",
    f"https://{HOST}:443/",
    f"http://{HOST}:443/",
    f"{HOST}/",
    f"{HOST}/repository/path",
    f"https://{HOST}/v2/",
    HOST.upper(),
]

NOT_ECR = [
    "",
    "/",
    ".",
    "https://",
    "docker.io",
    "https://index.docker.io/v1/",
    "localhost:5000",
    "ghcr.io",
    "quay.io",
    "amazonaws.com",
    "ecr.us-east-1.amazonaws.com",
    "dkr.ecr.us-east-1.amazonaws.com",
    # a lookalike host does not belong to AWS
    f"{HOST}.evil.example",
    f"{HOST}.",
    f"evil.example/{HOST}",
    f"https://evil.example/{HOST}",
    f"https://evil.example#{HOST}",
    f"https://evil.example?{HOST}",
    f"{HOST}@evil.example",
    f"https://{HOST}@evil.example",
    f"https://user:word@{HOST}",
    f"{HOST}\\.evil.example",
    f"{HOST}#x",
    f"{HOST}?x",
    f"{HOST}%2eevil.example",
    f"{HOST}:5000",
    f"{HOST}:443:443",
    f"{HOST}:",
    f"ftp://{HOST}",
    f"//{HOST}",
    f"https://https://{HOST}",
    f"evil.{HOST}",
    f"{A}.dkr.ecr.us-east-1.amazonaws.com.cn",
    f"{A}.dkr.ecr.us-east-1.amazonaws.org",
    f"{A}.dkr.ecr.us-east-1.amazonaws.eu",
    f"{A}.dkr.ecr.us-east-1.amazonaws.co",
    f"{A}.dkr.ecr.us-east-1.amazonaws-com",
    f"{A}.dkr.ecr.us-east-1.amazonawsXcom",
    f"{A}.dkr.ecr.us-east-1.xamazonaws.com",
    f"{A}.dkr.ecr.us-east-1.evil.amazonaws.com",
    f"{A}.dkr.ecr.us-east-1.on.aws",
    f"{A}.dkr-ecr.us-east-1.amazonaws.com",
    f"{A}.dkr-ecr-fips.cn-north-1.on.amazonwebservices.com.cn",
    f"{A}.dkr-ecr.us-east-1.on.amazonwebservices.com.cn",
    # suffix and region do not belong together
    f"{A}.dkr.ecr.cn-north-1.amazonaws.com",
    f"{A}.dkr.ecr.us-iso-east-1.amazonaws.com",
    f"{A}.dkr.ecr.us-isob-east-1.amazonaws.com",
    f"{A}.dkr.ecr.us-isob-east-1.c2s.ic.gov",
    f"{A}.dkr.ecr.us-gov-west-1.amazonaws.com.cn",
    f"{A}.dkr.ecr.eusc-de-east-1.amazonaws.com",
    # malformed accounts and regions
    "11111111111.dkr.ecr.us-east-1.amazonaws.com",
    "1111111111111.dkr.ecr.us-east-1.amazonaws.com",
    "11111111111a.dkr.ecr.us-east-1.amazonaws.com",
    "11111111111\u0661.dkr.ecr.us-east-1.amazonaws.com",  # an Arabic digit
    f"{A}.d\u212ar.ecr.us-east-1.amazonaws.com",  # the Kelvin sign, a k in lower case
    f"{A}.dkr.ecr.us-east-\u0661.amazonaws.com",
    f"{A}.dkr.ecr.us-east.amazonaws.com",
    f"{A}.dkr.ecr.us-east-.amazonaws.com",
    f"{A}.dkr.ecr.-east-1.amazonaws.com",
    f"{A}.dkr.ecr.us--1.amazonaws.com",
    f"{A}.dkr.ecr.us-east-1a.amazonaws.com",
    f"{A}.dkr.ecr.usa-east-1.amazonaws.com",
    f"{A}.dkr.ecr..amazonaws.com",
    f"{A}.dkr.ecr.amazonaws.com",
    f"{A}.dkr.ecr-.us-east-1.amazonaws.com",
    f"{A}.dkr.ecr-fip.us-east-1.amazonaws.com",
    f"{A}.dkr.ecr-fips-fips.us-east-1.amazonaws.com",
    f"{A}.dkr.ecrx.us-east-1.amazonaws.com",
    f"{A}.dkr.s3.us-east-1.amazonaws.com",
    f"{A}.api.ecr.us-east-1.amazonaws.com",
    f"{A} .dkr.ecr.us-east-1.amazonaws.com",
    "public.ecr.aws.evil.example",
    "xpublic.ecr.aws",
    "public-ecr.aws",
    "private.ecr.aws",
    "public.ecr.aws:8080",
    "ecr-public.aws.com.evil.example",
]


class TestParse:
    @pytest.mark.parametrize(("host", "account", "region", "partition", "service", "fips", "dual_stack"), ECR)
    def test_reads_every_part_of_an_ecr_host(  # noqa: PLR0913, PLR0917 - a row of the table
        self,
        host: str,
        account: str,
        region: str,
        partition: str,
        service: str,
        fips: bool,  # noqa: FBT001
        dual_stack: bool,  # noqa: FBT001
    ) -> None:
        found = Registry.parse(host)

        assert found is not None
        assert (host, account, region, partition, service, fips, dual_stack) == (
            found.host,
            found.account,
            found.region,
            found.partition,
            found.service,
            found.fips,
            found.dual_stack,
        )

    @pytest.mark.parametrize("server", FORMS)
    def test_accepts_every_form_that_clients_send(self, server: str) -> None:
        found = Registry.parse(server)

        assert found is not None
        assert HOST == found.host

    @pytest.mark.parametrize("server", NOT_ECR)
    def test_rejects_lookalike_hosts(self, server: str) -> None:
        assert Registry.parse(server) is None
