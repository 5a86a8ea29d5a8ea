"""A registry's host name: only Amazon's own names get a token."""

import re

from fuzz.helpers import fuzzed, joined
from hypothesis import strategies as st

from docker_credential_ecrx.ecr.registry import Registry, host_of
from docker_credential_ecrx.identity import rules, settings

# The names that Amazon documents, written again independently of the parser.
ECR = re.compile(
    r"""
    (?:https?://)?
    (?P<host>
        (?P<account>[0-9]{12}) \.dkr\.ecr (?P<fips>-fips)? \. (?:
            (?P<aws> (?!cn) [a-z]{2} -[a-z]+-[0-9]+ | us-gov -[a-z]+-[0-9]+ ) \.amazonaws\.com
          | (?P<cn> cn -[a-z]+-[0-9]+ ) \.amazonaws\.com\.cn
          | (?P<eusc> eusc-de -[a-z]+-[0-9]+ ) \.amazonaws\.eu
          | (?P<iso> us-iso -[a-z]+-[0-9]+ ) \.c2s\.ic\.gov
          | (?P<isob> us-isob -[a-z]+-[0-9]+ ) \.sc2s\.sgov\.gov
          | (?P<isoe> eu-isoe -[a-z]+-[0-9]+ ) \.cloud\.adc-e\.uk
          | (?P<isof> us-isof -[a-z]+-[0-9]+ ) \.csp\.hci\.ic\.gov
        )
      | [0-9]{12} \.dkr-ecr (?:-fips)? \. (?: (?!cn) [a-z]{2} | us-gov ) -[a-z]+-[0-9]+ \.on\.aws
      | [0-9]{12} \.dkr-ecr \. cn -[a-z]+-[0-9]+ \.on\.amazonwebservices\.com\.cn
      | public\.ecr\.aws | ecr-public\.aws\.com
    )
    (?::443)? (?:/.*)?
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE | re.DOTALL,
)
ACCOUNTS = ["111111111111", "11111111111", "1111111111111", "11111111111\u0661", "", "a11111111111"]
REGIONS = ["us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us--1"]
REGIONS += ["us-isof-south-1", "eusc-de-east-1", "usa-east-1", "us-east-", "us-east-1a", "US-EAST-12", "us-east", ""]
SUFFIXES = ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk"]
SUFFIXES += ["csp.hci.ic.gov", "on.aws", "on.amazonwebservices.com.cn", "amazonaws.com.", "evil.example", ""]
INFIXES = [".dkr.ecr.", ".dkr.ecr-fips.", ".dkr-ecr.", ".dkr-ecr-fips.", ".dkr.ecr-.", ".d\u212ar.ecr.", ".ecr.", "."]
SCHEMES = ["", "", "https://", "http://", "HTTPS://", "ftp://", "//", "https://user@", "https://https://"]
ENDS = ["", "", ":443", "/", ":443/", "/v2/", ":5000", ":", "@evil.example", "#", "?x", "\\", "%2e", "\n", ":443:443"]

_named = joined(
    st.sampled_from(SCHEMES),
    st.sampled_from(ACCOUNTS) | st.text("0123456789", min_size=11, max_size=13),
    st.sampled_from(INFIXES),
    st.sampled_from(REGIONS) | st.from_regex(r"[a-z]{1,3}(-[a-z]*){1,2}-?[0-9]*", fullmatch=True),
    st.just("."),
    st.sampled_from(SUFFIXES),
    st.sampled_from(ENDS) | st.text(max_size=3),
)
_public = joined(
    st.sampled_from(SCHEMES),
    st.sampled_from(["public.ecr.aws", "ecr-public.aws.com", "public.ecr", ".aws"]),
    st.sampled_from(ENDS),
)
_all = [*ACCOUNTS, *REGIONS, *SUFFIXES, *INFIXES, *SCHEMES, *ENDS, "public.ecr.aws", "."]
_pieces = st.lists(st.sampled_from(_all) | st.text(max_size=2), max_size=9).map("".join)
servers = st.one_of(_named, _public, _pieces, st.text())


@fuzzed(servers)
def test_accepts_exactly_the_documented_ecr_hosts(server: str) -> None:
    found, documented = Registry.parse(server), ECR.fullmatch(server)

    assert (found is not None) == (documented is not None)
    if found is not None and documented is not None:
        host = documented["host"].lower()
        assert host == found.host
        if found.service == "ecr":
            account, _, place = host.partition(".")
            assert (account, account) == (found.account, place and found.account)
            assert f".{found.region}." in host
            assert ("-fips." in host, ".dkr-ecr" in host) == (found.fips, found.dual_stack)


@fuzzed(servers)
def test_host_is_what_a_client_connects_to(server: str) -> None:
    found = host_of(server)

    if found is not None:
        bare = server.lower().removeprefix("https://" if server.lower().startswith("https://") else "http://")
        assert found.isascii()
        assert bare.partition("/")[0] in (found, f"{found}:443")


OWN = "images.example.com"
_OWN = re.compile(r"(?:https?://)?images\.example\.com(?::443)?(?:/.*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
_rule = {"match": OWN, "registry": "111111111111.dkr.ecr.us-east-1.amazonaws.com"}
_own_pieces = st.sampled_from([OWN, OWN.upper(), "images", ".example.com", "\u0131mages.example.com", "a.", "x"])
_own_servers = st.lists(_own_pieces | st.sampled_from([*SCHEMES, *ENDS]), max_size=4).map("".join)


@fuzzed(servers | _own_servers)
def test_rule_adds_exactly_its_own_host(server: str) -> None:
    """A rule for a host of the user's own gives its registry to that host, and changes nothing for any other."""
    loaded = settings.Settings(None, "auto", rules.read({"registry": [_rule]}, "config.toml"))

    found, parsed = loaded.registry_of(server), Registry.parse(server)

    if _OWN.fullmatch(server):
        assert found is not None
        assert (OWN, _rule["registry"]) == (found.host, found.ecr_host)
    else:
        assert (parsed and parsed.host) == (found and found.host)
        assert not found or found.host == found.ecr_host
