"""Rules that name the registry of a host of the user's own, or the endpoint of ECR's API."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity import own_hosts, rule_checks, rules, settings
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.store.item_names import host_in, login_names, token_name

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
OTHER = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"
OWN = "images.example.com"
ENDPOINT = "https://vpce-0abc-xyz.api.ecr.us-east-1.vpce.amazonaws.com"
# Every form of a private registry's host, with its region.
REGISTRIES = {
    HOST: "us-east-1",
    "111111111111.dkr.ecr-fips.us-west-2.amazonaws.com": "us-west-2",
    "111111111111.dkr-ecr.eu-west-1.on.aws": "eu-west-1",
    "111111111111.dkr-ecr-fips.us-east-2.on.aws": "us-east-2",
    "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn": "cn-north-1",
    "111111111111.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn": "cn-north-1",
    "111111111111.dkr.ecr.us-gov-west-1.amazonaws.com": "us-gov-west-1",
    "111111111111.dkr.ecr.eusc-de-east-1.amazonaws.eu": "eusc-de-east-1",
    "111111111111.DKR.ecr.us-east-1.amazonaws.com": "us-east-1",
}
OWN_HOSTS = [
    OWN,
    "localhost:4566",
    "000000000000.dkr.ecr.us-east-1.localhost.localstack.cloud:4566",
    "127.0.0.1:5000",
    "vpce-0abc-xyz.dkr.ecr.us-east-1.vpce.amazonaws.com",
    "registry",
    OTHER,
    f"{OTHER}:8443",
]


def rule(match: str = OWN, registry: str = HOST, **more: str) -> str:
    keys = {"match": match, "registry": registry, **more}
    return "[[registry]]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items() if value)


def load(tmp_path: Path, text: str, argv0: str = "docker-credential-ecrx") -> settings.Settings:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return settings.load(argv0, {"ECRX_CONFIG": str(path)})


class TestOwnHost:
    @pytest.mark.parametrize(("registry", "region"), REGISTRIES.items())
    @pytest.mark.parametrize("host", OWN_HOSTS)
    def test_stands_for_the_registry(self, tmp_path: Path, host: str, registry: str, region: str) -> None:
        """The host stands for the registry that its rule names, with its account, region and kind of endpoint."""
        named = Registry.parse(registry)

        found = load(tmp_path, rule(host, registry, profile="secondary")).registry_of(host)

        assert found is not None
        assert named is not None
        assert (host, named.host, "111111111111", region) == (found.host, found.ecr_host, found.account, found.region)
        assert (named.fips, named.dual_stack, named.partition) == (found.fips, found.dual_stack, found.partition)

    @pytest.mark.parametrize(
        "server",
        [OWN, f"{OWN}:443", f"https://{OWN}", f"http://{OWN}/", f"https://{OWN}:443/v2/", "Images.EXAMPLE.com"],
    )
    def test_is_found_in_every_form_of_a_server(self, tmp_path: Path, server: str) -> None:
        """Clients send the forms in which they also send ECR's hosts."""
        found = load(tmp_path, rule()).registry_of(server)

        assert found is not None
        assert OWN == found.host

    @pytest.mark.parametrize("match", ["IMAGES.example.com", f"{OWN}:443"])
    def test_may_be_written_in_capitals_or_with_443(self, tmp_path: Path, match: str) -> None:
        assert load(tmp_path, rule(match)).registry_of(OWN) is not None

    @pytest.mark.parametrize(
        "server",
        [
            *("example.com", f"a.{OWN}", f"{OWN}.evil.test", f"{OWN}@evil.test", f"{OWN}:80", f"{OWN}:4566", f"{OWN}."),
            *(f"https://{OWN}@evil.test/", f"https://evil.test/{OWN}", f"evil.test/{OWN}", f"x://{OWN}"),
            *(
                "images-example.com",
                "\u0131mages.example.com",
                "imagesxexample.com",
                f"{OWN}\\evil.test",
                f"{OWN}?a",
                f"{OWN}#a",
                "",
                "/",
            ),
        ],
    )
    def test_is_no_look_alike(self, tmp_path: Path, server: str) -> None:
        assert load(tmp_path, rule()).registry_of(server) is None

    def test_leaves_ecr_hosts_to_their_own_rules(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, rule(profile="own") + '[[registry]]\nmatch = "*"\nprofile = "all"\n')

        registries = [loaded.registry_of(server) for server in (HOST, OTHER, "public.ecr.aws")]

        assert [HOST, OTHER, "public.ecr.aws"] == [found.ecr_host for found in registries if found]
        assert ["all", "all", "own"] == [loaded.identity_for(host).profile for host in (HOST, "public.ecr.aws", OWN)]

    def test_has_the_identity_of_its_rule(self, tmp_path: Path) -> None:
        arn = "arn:aws:iam::444444444444:role/puller"
        texts = (rule(profile="secondary"), rule(role_arn=arn, source_profile="base"), rule())

        found = [load(tmp_path, text).identity_for(OWN) for text in texts]

        assert ["secondary", "base", None] == [identity.profile for identity in found]
        assert [None, arn, None] == [identity.role_arn for identity in found]

    def test_keeps_its_registry_when_called_by_a_link(self, tmp_path: Path) -> None:
        """The program's name says whose token it is; the rule says of which registry, at which endpoint."""
        text = rule(profile="other", endpoint_url=ENDPOINT)
        loaded = load(tmp_path, text, "/usr/bin/docker-credential-ecrx-secondary")

        found = loaded.registry_of(OWN)

        assert found is not None
        assert (HOST, ENDPOINT, "secondary") == (found.ecr_host, found.endpoint_url, loaded.identity_for(OWN).profile)

    def test_shares_the_token_of_the_ecr_host(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, rule() + rule("localhost:4566"))
        registries = [loaded.registry_of(host) for host in (HOST, OWN, "localhost:4566")]

        assert 1 == len({token_name(registry, Identity("p"), {}) for registry in registries if registry})

    def test_of_ecr_is_in_the_order_of_rules(self, tmp_path: Path) -> None:
        pattern = '[[registry]]\nmatch = "222222222222.*"\nprofile = "first"\n'

        found = load(tmp_path, pattern + rule(OTHER, profile="own")).registry_of(OTHER)

        assert found is not None
        assert OTHER == found.ecr_host

    def test_is_listed_with_its_registry(self, tmp_path: Path) -> None:
        found = own_hosts.listed(load(tmp_path, rule(profile="p") + rule("localhost:4566", OTHER)))

        assert [(OWN, HOST, "p"), ("localhost:4566", OTHER, None)] == [
            (registry.host, registry.ecr_host, identity.profile) for registry, identity in found
        ]


class TestAllowedAccounts:
    def test_apply_to_the_named_registry(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, rule() + rule("o.example.com", OTHER) + '[security]\naccounts = ["111111111111"]\n')
        own, other = loaded.registry_of(OWN), loaded.registry_of("o.example.com")

        assert own is not None
        assert other is not None
        assert loaded.allows(own)
        with pytest.raises(SettingsError, match=r"o\.example\.com is not allowed: .* does not list 222222222222"):
            loaded.require(other)

    def test_also_apply_to_the_account_in_the_host(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, rule(OTHER) + '[security]\naccounts = ["111111111111"]\n')
        found = loaded.registry_of(OTHER)

        assert found is not None
        with pytest.raises(SettingsError, match="does not list 222222222222"):
            loaded.require(found)


class TestEndpoint:
    @pytest.mark.parametrize(
        "url",
        [
            *(ENDPOINT, f"{ENDPOINT}/", "HTTPS://ECR.example.com", "https://10.0.0.1:8443", "http://localhost:4566"),
            *("http://127.0.0.2:80", "http://[::1]:4566", "https://[::1]"),
        ],
    )
    def test_is_part_of_the_tokens_name(self, tmp_path: Path, url: str) -> None:
        text = f'[[registry]]\nmatch = "{HOST}"\nendpoint_url = "{url}"\n'
        with_endpoint, without = load(tmp_path, text).registry_of(HOST), Registry.parse(HOST)

        assert with_endpoint is not None
        assert without is not None
        assert url.lower().rstrip("/") == with_endpoint.endpoint_url
        assert token_name(with_endpoint, Identity("p"), {}) != token_name(without, Identity("p"), {})

    @pytest.mark.parametrize(
        "url",
        [
            *("http://ecr.example.com", "http://localhost.evil.test", "http://127.0.0.1.evil.test", "ecr.example.com"),
            *("https://user:secret@ecr.example.com", "https://ecr.example.com/path", "https://ecr.example.com?a=b"),
            *("https://", "https://a b", "https://ecr.example.com:0", "https://ecr.example.com:99999"),
            *("http://127.evil.test", "https://ecr.example.com#a", "https://e\\\\vil.test", "http://[::2]"),
            *("https://é.test", "ftp://localhost", "http://127.0.0.1.5", "http://127.0.0.1.5:4566", "http://127.0.1"),
            *("http://127.1", "http://127.0.0.256", "http://127.0.0.01", "http://127.0.0.0x1", "http://127."),
        ],
    )
    def test_must_be_https_or_on_this_machine(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(SettingsError, match="entry 1: endpoint_url is not") as caught:
            load(tmp_path, f'[[registry]]\nmatch = "{HOST}"\nendpoint_url = "{url}"\n')
        assert "secret" not in str(caught.value)

    def test_is_not_for_ecr_public(self, tmp_path: Path) -> None:
        text = f'[[registry]]\nmatch = "*"\nendpoint_url = "{ENDPOINT}"\n'

        found = load(tmp_path, text).registry_of("public.ecr.aws")

        assert found is not None
        assert "" == found.endpoint_url

    def test_is_kept_for_fips_hosts_of_a_pattern(self, tmp_path: Path) -> None:
        host = "111111111111.dkr.ecr-fips.us-east-1.amazonaws.com"
        text = f'[[registry]]\naccount = "111111111111"\nendpoint_url = "{ENDPOINT}"\nprofile = "p"\n'

        found = load(tmp_path, text).registry_of(host)

        assert found is not None
        assert (host, host, ENDPOINT) == (found.host, found.ecr_host, found.endpoint_url)


class TestInvalid:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (rule("*.example.com"), "entry 1: match is a pattern, and registry requires an exact host"),
            (rule("image[sz].example.com"), "match is a pattern"),
            (rule("image?.example.com"), "match is a pattern"),
            (rule("https://images.example.com"), "match is not a host"),
            (rule("images.example.com/"), "match is not a host"),
            (rule("images.example.com/app"), "match is not a host"),
            (rule("images.example.com."), "match is not a host"),
            (rule("images..example.com"), "match is not a host"),
            (rule("-images.example.com"), "match is not a host"),
            (rule("images.example.com:"), "match is not a host"),
            (rule("images.example.com:0"), "match is not a host"),
            (rule("images.example.com:65536"), "match is not a host"),
            (rule("images.example.com:x"), "match is not a host"),
            (rule("user@images.example.com"), "match is not a host"),
            (rule("\u0131mages.example.com"), "match is not a host"),
            (rule("public.ecr.aws"), "match is a host of ECR Public or Docker Hub"),
            (rule("docker.io"), "match is a host of ECR Public or Docker Hub"),
            (rule("index.docker.io"), "match is a host of ECR Public or Docker Hub"),
            (rule(registry="images.example.org"), "registry is not the host of a private ECR registry"),
            (rule(registry="public.ecr.aws"), "registry is not the host of a private ECR registry"),
            (rule(registry=f"https://{HOST}"), "registry is not the host of a private ECR registry"),
            (rule(registry=f"{HOST}/app"), "registry is not the host of a private ECR registry"),
            (rule(registry=f"{HOST}."), "registry is not the host of a private ECR registry"),
            (rule(registry=f"{HOST}:443"), "registry is not the host of a private ECR registry"),
            (rule(""), "match is missing"),
            (rule("", account="111111111111"), "registry requires match, and cannot be combined with account"),
            (rule(region="us-east-1"), "region requires account"),
            (rule(profile="p", role_arn="arn:aws:iam::444444444444:role/p"), "exactly one of profile and role_arn"),
            (rule(external_id="x"), "external_id requires role_arn"),
            (rule(hosts="x"), "unknown key hosts"),
            (f'[[registry]]\nmatch = "{OWN}"\nregistry = 5\n', "registry is not a string, or is empty"),
            (f'[[registry]]\nmatch = "{OWN}"\nregistry = ""\n', "registry is not a string, or is empty"),
        ],
    )
    def test_error_names_entry_and_key(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(SettingsError) as caught:
            load(tmp_path, text)
        assert said in caught.value.message
        assert f"{tmp_path / 'config.toml'}: [[registry]] entry 1: " in caught.value.message


values = st.sampled_from(
    [
        *(*OWN_HOSTS, HOST, "*", "a*.example.com", "public.ecr.aws", "docker.io", ENDPOINT, "p", "", "a b", "é", 5),
        *("111111111111", "us-east-1", "us-east", "cn-north-1", "arn:aws:iam::111111111111:role/r", 900, 43201, True),
    ]
) | st.text("ab.-:1/*[]", max_size=8)
keys = st.sampled_from(
    [
        *("match", "registry", "endpoint_url", "profile", "role_arn", "source_profile", "account", "x"),
        *("region", "duration_seconds"),
    ]
)
parts = st.text("aimges.x-:/@443", max_size=6) | st.sampled_from([OWN, "https://", "http://", ":443", "/", "evil.test"])


class TestAnyInput:
    @given(st.dictionaries(keys, values))
    def test_plain_entry_is_valid(self, entry: dict[str, object]) -> None:
        """What the fast check of a cached get accepts, the full one accepts too."""
        if rules.is_plain(entry):
            rule_checks.check([entry], "config.toml")

    @hypothesis_settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    @given(server=st.lists(parts, max_size=5).map("".join))
    def test_no_other_host_gets_the_token(self, tmp_path: Path, server: str) -> None:
        """A registry is found for exactly the forms in which a client names the own host."""
        bare = server.lower().removeprefix("https://") if server.lower().startswith("https://") else server.lower()
        bare = bare.removeprefix("http://") if bare == server.lower() else bare

        found = load(tmp_path, rule()).registry_of(server)

        assert (bare.split("/")[0] in (OWN, f"{OWN}:443")) == (found is not None)


@pytest.mark.parametrize("host", [OWN, "localhost:4566", HOST])
@pytest.mark.parametrize("profile", [None, "4566", "a:b"])
def test_login_name_keeps_port_and_profile_apart(host: str, profile: str | None) -> None:
    names = login_names(host, profile)

    assert {host} == {host_in(name) for name in names}
    assert not {*names} & {*login_names("localhost", "4566")} - {*login_names("localhost", None)}


def test_endpoint_in_capitals_is_the_same() -> None:
    assert ENDPOINT == own_hosts.ascii_lower_url(ENDPOINT.upper() + "/")
