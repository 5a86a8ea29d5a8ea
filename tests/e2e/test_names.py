"""The AWS endpoint that is called for each registry, by their real names."""

import pytest

from fakes.endpoints import Endpoints
from support.home import Home


@pytest.mark.parametrize(
    ("registry", "endpoint"),
    [
        ("111111111111.dkr.ecr.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com"),
        ("111111111111.dkr.ecr.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com"),
        ("111111111111.dkr.ecr-fips.us-east-1.amazonaws.com", "api.ecr-fips.us-east-1.amazonaws.com"),
        ("111111111111.dkr-ecr.us-east-1.on.aws", "ecr.us-east-1.api.aws"),
        ("111111111111.dkr-ecr-fips.us-east-1.on.aws", "ecr-fips.us-east-1.api.aws"),
        ("111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn"),
        ("public.ecr.aws", "api.ecr-public.us-east-1.amazonaws.com"),
        (
            "111111111111.dkr.ecr.us-east-9.amazonaws.com",
            "api.ecr.us-east-9.amazonaws.com",
        ),  # newer than botocore's data
    ],
)
def test_registry_is_served_by_its_own_endpoint(home: Home, endpoints: Endpoints, registry: str, endpoint: str) -> None:
    assert home.get(registry).secret

    sts, asked = endpoints.asked
    assert sts.startswith("sts")
    assert endpoint == asked
