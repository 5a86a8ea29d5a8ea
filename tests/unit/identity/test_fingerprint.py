"""The fingerprint of an identity: the same for the same principal, another for another."""

import base64
import json
import os
from pathlib import Path

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.fingerprint import _encoded as encoded
from docker_credential_ecrx.identity.fingerprint import fingerprint, fingerprint_in
from docker_credential_ecrx.identity.model import Identity, chosen_profile, first_profile
from docker_credential_ecrx.system import environment

pytestmark = pytest.mark.posix("paths as POSIX has them")

Fact = tuple[str | None, ...]

CONFIG = """\
[default]
region = us-east-1

[profile base]
region = us-east-1

[profile secondary]
role_arn = arn:aws:iam::222222222222:role/puller
source_profile = base

[profile sso]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = puller

[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1

[profile pod]
role_arn = arn:aws:iam::222222222222:role/pod
web_identity_token_file = {token}

[profile container]
role_arn = arn:aws:iam::222222222222:role/puller
credential_source = Environment
"""
CREDENTIALS = """\
[base]
aws_access_key_id = AKIA1
aws_secret_access_key = secret1
"""
SECONDARY = Identity("secondary")
# What might be taken for nothing, or for a part of how facts are put together.
ODD = ["None", "-", "1:", "1:x", "3(", "900", " ", "\n", "\0", "é", "\ud800"]
texts = st.sampled_from(ODD) | st.text(min_size=1)
absent_or_text = st.none() | texts
NO_FILES = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
# Where botocore looks if a profile has no credentials.
ELSEWHERE = [
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    *("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_DISABLED"),
]
VARIABLES = [
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_ACCESS_KEY_ID"),
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_DISABLED"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_LOGIN_CACHE_DIRECTORY", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
    *("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"),
]
TAGS = "https://aws.amazon.com/tags"


class Home:
    """A user's two files of AWS's, and the environment that names them."""

    def __init__(self, folder: Path) -> None:
        self.token = folder / "token"
        self.config = folder / "config"
        self.credentials = folder / "credentials"
        self.config.write_text(CONFIG.format(token=self.token))
        self.credentials.write_text(CREDENTIALS)
        self.env = {"AWS_CONFIG_FILE": str(self.config), "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials)}

    def print(self, identity: Identity = SECONDARY, **env: str) -> str:
        return fingerprint(identity, self.env | env)

    def edit(self, old: str, new: str) -> None:
        for path in (self.config, self.credentials):
            path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def jwt(**claims: object) -> str:
    parts = ({"alg": "RS256"}, claims, {"signature": 1})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


class TestFingerprint:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("role/puller", "role/other"),
            ("source_profile = base", "source_profile = default"),
            ("source_profile = base", "source_profile: default"),
            ("source_profile = base", "source_profile = base\n  x"),
            ("source_profile = base", "source_profile =\n\n  base"),
            ("source_profile = base", "source_profile = base\nexternal_id = x"),
            ("AKIA1", "AKIA2"),
            # botocore looks for credentials elsewhere in a source profile that has one of the two keys.
            ("aws_secret_access_key = secret1\n", ""),
        ],
    )
    def test_changes_with_the_profile_or_its_source(self, home: Home, old: str, new: str) -> None:
        before = home.print()
        home.edit(old, new)

        assert before != home.print()

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("[profile sso]", "[profile unrelated]\nregion = eu-west-1\n[profile sso]"),
            ("[profile base]", "# a comment\n\n[profile base]"),
            ("source_profile = base", "; a comment\n\n  # another\nsource_profile =  base\n\n"),
            ("source_profile = base", "Source_Profile: base"),
            ("https://corp.", "https://other."),
            ("secret1", "secret2"),
            ("source_profile = base", "source_profile = base\noutput = text"),
            ("source_profile = base", "source_profile = base\nregion = eu-west-1"),
            ("source_profile = base", "source_profile = base\ncli_pager =\ncli_timestamp_format = iso8601"),
            ("source_profile = base", "source_profile = base\ns3 =\n  max_concurrent_requests = 20"),
            ("source_profile = base", "source_profile = base\nretry_mode = adaptive\nmax_attempts = 5"),
            ("[profile base]\nregion = us-east-1", "[profile base]\nregion = eu-west-1"),
        ],
    )
    def test_ignores_unrelated_changes(self, home: Home, old: str, new: str) -> None:
        before = home.print()
        home.edit(old, new)

        assert before == home.print()

    @pytest.mark.parametrize("profile", ["base", "secondary", "sso", "pod", "process"])
    @pytest.mark.parametrize("variable", ELSEWHERE)
    def test_of_a_complete_profile_ignores_what_is_asked_last(self, home: Home, profile: str, variable: str) -> None:
        """An ECS task or a pod has these variables whatever profile is used there."""
        home.config.write_text(f"{home.config.read_text()}\n[profile process]\ncredential_process = p\n")

        assert home.print(Identity(profile)) == home.print(Identity(profile), **{variable: "http://127.0.0.1/x"})

    @pytest.mark.parametrize(
        "text",
        [
            "[profile other]\nregion = us-east-1",
            "[profile other]\nrole_arn = r",
            "[profile other]\naws_secret_access_key = s",
            "[profile other]\nrole_arn = r\nsource_profile = container",
            "[profile other]\naws_access_key_id = k\n[profile 'other']\nregion = us-east-1",
            "[other]\naws_access_key_id = k\n[profile other]\nregion = us-east-1",
            "[profile other x]\naws_access_key_id = k",
            "[profile\tother]\nregion = us-east-1",
        ],
    )
    @pytest.mark.parametrize("variable", ELSEWHERE)
    def test_of_another_profile_follows_what_is_asked_last(self, home: Home, text: str, variable: str) -> None:
        home.config.write_text(f"{home.config.read_text()}\n{text}\n")

        assert home.print(Identity("other")) != home.print(Identity("other"), **{variable: "http://127.0.0.1/x"})

    def test_differs_between_profiles(self, home: Home) -> None:
        assert home.print(Identity("base")) != home.print(Identity("secondary"))

    def test_follows_the_sso_session(self, home: Home) -> None:
        before = home.print(Identity("sso"))
        home.edit("https://corp.", "https://other.")

        assert before != home.print(Identity("sso"))

    def test_of_a_chosen_profile_ignores_environment_keys(self, home: Home) -> None:
        assert home.print() == home.print(AWS_ACCESS_KEY_ID="AKIA9")

    def test_of_the_default_chain_follows_environment_keys(self, home: Home) -> None:
        one = home.print(Identity(), AWS_ACCESS_KEY_ID="AKIA8")

        assert one == home.print(Identity(), AWS_ACCESS_KEY_ID="AKIA8", AWS_PROFILE="secondary")
        assert one != home.print(Identity(), AWS_ACCESS_KEY_ID="AKIA9")

    def test_of_the_default_chain_follows_aws_profile(self, home: Home) -> None:
        assert home.print(Identity()) != home.print(Identity(), AWS_PROFILE="secondary")

    @pytest.mark.parametrize("aws_profile", [None, "", "base", "secondary"])
    @pytest.mark.parametrize("aws_default_profile", [None, "", "base", "secondary"])
    def test_of_the_default_chain_starts_as_botocore_does(
        self, aws_default_profile: str | None, aws_profile: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in (("AWS_DEFAULT_PROFILE", aws_default_profile), ("AWS_PROFILE", aws_profile)):
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)
        environment.unset_empty()

        assert Session().get_config_variable("profile") == chosen_profile(Identity(), os.environ)
        assert (chosen_profile(Identity(), os.environ) or "default") == first_profile(Identity(), os.environ)

    @pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
    def test_empty_file_variable_means_the_default_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        (tmp_path / ".aws").mkdir()
        home = Home(tmp_path / ".aws")
        monkeypatch.setenv("HOME", str(tmp_path))
        there = home.print()
        del home.env[variable]

        assert there == home.print() == home.print(SECONDARY, **{variable: ""})
        assert there != home.print(SECONDARY, **{variable: str(tmp_path / "none")})

    @pytest.mark.parametrize(
        ("identity", "env"),
        [
            (Identity(), {"AWS_ACCESS_KEY_ID": "AKIA8"}),
            (Identity(role_arn="r", web_identity="e30.e30.e30"), {}),
        ],
        ids=["keys", "web identity"],
    )
    def test_without_a_profile_still_follows_its_endpoints(
        self, home: Home, identity: Identity, env: dict[str, str]
    ) -> None:
        prints = [home.print(identity, **env), home.print(identity, AWS_PROFILE="pod", **env)]
        for said in (
            "endpoint_url = http://one",
            "ENDPOINT_URL: http://two",
            "services = s\n[services s]\necr =\n  endpoint_url = http://three",
            "endpoint_url = http://one\nignore_configured_endpoint_urls = true",
            "use_fips_endpoint = true",
            "use_dualstack_endpoint = true",
            "sts_regional_endpoints = legacy",
        ):
            home.config.write_text(f"{CONFIG}[profile private]\n{said}\n")
            prints.append(home.print(identity, AWS_PROFILE="private", **env))

        assert prints[0] == prints[1]
        assert 8 == len(set(prints))

    def test_distinguishes_config_from_credentials_file(self, home: Home) -> None:
        # In botocore a process goes before the keys beside it in the config file, and after those in the other.
        section = "[default]\ncredential_process = p\naws_access_key_id = AKIA1\naws_secret_access_key = s\n"
        home.config.write_text(section)
        home.credentials.write_text("")
        before = home.print(Identity())
        home.credentials.write_text(section)
        home.config.write_text("")

        assert before != home.print(Identity())

    def test_reads_past_a_key_that_starts_with_a_bracket(self, home: Home) -> None:
        home.edit("[profile pod]", "[profile pod]\n[x = 1")
        before = home.print(Identity("pod"))
        home.edit("role/pod", "role/other")

        assert before != home.print(Identity("pod"))

    @pytest.mark.parametrize(
        "name",
        [
            *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PROFILE"),
            *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_IMDS_USE_IPV6"),
            *("AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_SIGNIN"),
        ],
    )
    @pytest.mark.parametrize("identity", [Identity(), Identity("container"), Identity(role_arn="r")])
    def test_empty_variable_counts_as_unset(self, home: Home, identity: Identity, name: str) -> None:
        assert home.print(identity) == home.print(identity, **{name: ""})
        assert home.print(Identity()) != home.print(Identity(), **{name: "http://one.example"})

    @pytest.mark.parametrize("name", ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"])
    def test_records_that_a_profile_was_chosen(self, home: Home, name: str) -> None:
        """Botocore needs a profile to be there only if it was chosen."""
        by_nobody = home.print(Identity())

        assert by_nobody != home.print(Identity(), **{name: "default"})
        assert by_nobody != home.print(Identity("default"))
        assert by_nobody == home.print(Identity(), **{name: ""})

    @pytest.mark.parametrize(
        ("identity", "env"),
        [
            (Identity(), {"AWS_ACCESS_KEY_ID": "AKIA8"}),
            (Identity(role_arn="r", web_identity="e30.e30.e30"), {}),
        ],
        ids=["keys", "web identity"],
    )
    def test_records_that_the_chosen_profile_is_missing(
        self, home: Home, identity: Identity, env: dict[str, str]
    ) -> None:
        """Botocore then fails, whatever the profile would have been needed for."""
        found = home.print(identity, **env)

        assert found == home.print(identity, AWS_PROFILE="pod", **env)
        assert found != home.print(identity, AWS_PROFILE="nobody", **env)

    @given(st.tuples(*[absent_or_text] * 4), st.integers(0, 3), absent_or_text)
    def test_distinguishes_any_text_from_an_absent_value(
        self, values: tuple[str | None, ...], at: int, other: str | None
    ) -> None:
        """Whatever one optional value of an identity is, another value or none gives another fingerprint."""
        changed = (*values[:at], other, *values[at + 1 :])
        prints = [
            fingerprint(Identity(profile, role_arn=arn, external_id=external_id, role_session_name=name), NO_FILES)
            for profile, arn, external_id, name in (values, changed)
        ]

        assert (values == changed) == (prints[0] == prints[1])

    @given(st.none() | st.integers(900, 43200), st.none() | st.integers(900, 43200))
    def test_differs_by_the_session_duration(self, one: int | None, other: int | None) -> None:
        prints = [fingerprint(Identity(role_arn="r", duration_seconds=length), NO_FILES) for length in (one, other)]

        assert (one == other) == (prints[0] == prints[1])

    @given(st.sampled_from(VARIABLES), absent_or_text, absent_or_text)
    def test_distinguishes_set_from_unset_variables(self, name: str, one: str | None, other: str | None) -> None:
        prints = [
            fingerprint(Identity(), NO_FILES | ({} if value is None else {name: value})) for value in (one, other)
        ]

        assert (one == other) == (prints[0] == prints[1])

    @given(st.lists(st.lists(absent_or_text).map(tuple)), st.lists(st.lists(absent_or_text).map(tuple)))
    def test_encodes_facts_unambiguously(self, one: list[Fact], other: list[Fact]) -> None:
        """Neither the fields of a fact nor the facts can be divided otherwise, and absent is no text."""
        assert (one == other) == (encoded(one) == encoded(other))

    @given(st.lists(st.sampled_from([None, *ODD, "a", ""]), max_size=6), st.lists(st.integers(0, 6), max_size=2))
    def test_distinguishes_same_fields_in_other_facts(self, fields: list[str | None], cuts: list[int]) -> None:
        one = [tuple(fields)]
        ends = sorted({min(cut, len(fields)) for cut in cuts} | {len(fields)})
        other = [tuple(fields[start:end]) for start, end in zip([0, *ends], ends, strict=False)]

        assert (one == other) == (encoded(one) == encoded(other))

    def test_distinguishes_missing_from_empty_token(self, home: Home) -> None:
        missing = home.print(Identity("pod"))
        home.token.write_text("")

        assert missing != home.print(Identity("pod"))

    def test_distinguishes_claims_from_similar_text(self, home: Home) -> None:
        home.token.write_text(jwt(iss="i", sub="s", aud="a"))
        claims = home.print(Identity("pod"))
        home.token.write_text("['i', 's', 'a']")

        assert claims != home.print(Identity("pod"))

    def test_differs_by_session_folder_of_aws_login(self, home: Home) -> None:
        assert home.print(Identity()) != home.print(Identity(), AWS_LOGIN_CACHE_DIRECTORY="/elsewhere")

    @pytest.mark.parametrize("kind", ["sso-session", "services"])
    def test_reads_a_section_with_an_empty_name(self, home: Home, kind: str) -> None:
        key = kind.replace("-", "_")
        home.edit("[profile pod]", f'[{kind} ""]\nx = 1\n[profile pod]\n{key} =')
        before = home.print(Identity("pod"))
        home.edit("x = 1", "x = 2")

        assert before != home.print(Identity("pod"))

    def test_of_environment_keys_follows_configparser_defaults(self, home: Home) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": "pod"}
        home.edit("[profile pod]", "[DEFAULT]\necr =\n  endpoint_url = http://one\n[profile pod]\nservices = s")
        before = home.print(Identity(), **keys)
        home.edit("http://one", "http://two")

        assert before != home.print(Identity(), **keys)

    def test_differs_if_instance_metadata_is_disabled(self, home: Home) -> None:
        assert home.print(Identity()) != home.print(Identity(), AWS_EC2_METADATA_DISABLED="true")

    def test_does_not_expand_web_identity_path(
        self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # botocore expands variables in the paths of AWS's two files alone.
        token = tmp_path / "$HOME"
        token.write_text(jwt(iss="i", sub="repo:a", aud="sts"))
        monkeypatch.chdir(tmp_path)
        variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": "$HOME", "AWS_ROLE_ARN": "r"}
        before = home.print(Identity(), **variables)
        token.write_text(jwt(iss="i", sub="repo:b", aud="sts"))

        assert before != home.print(Identity(), **variables)

    def test_of_credential_source_environment_follows_keys(self, home: Home) -> None:
        one = home.print(Identity("container"), AWS_ACCESS_KEY_ID="AKIA8")

        assert one != home.print(Identity("container"), AWS_ACCESS_KEY_ID="AKIA9")

    def test_of_a_web_identity_ignores_token_renewal(self, home: Home) -> None:
        home.token.write_text(jwt(iss="i", sub="repo:a", aud="sts", exp=1))
        before = home.print(Identity("pod"))
        home.token.write_text(jwt(iss="i", sub="repo:a", aud="sts", exp=2))

        assert before == home.print(Identity("pod"))

    def test_of_a_web_identity_changes_with_the_subject(self, home: Home) -> None:
        home.token.write_text(jwt(iss="i", sub="repo:a", aud="sts"))
        before = home.print(Identity("pod"))
        home.token.write_text(jwt(iss="i", sub="repo:b", aud="sts"))

        assert before != home.print(Identity("pod"))

    @pytest.mark.parametrize(
        "claims",
        [
            {TAGS: {"principal_tags": {"team": ["red"]}}},
            {TAGS: {"principal_tags": {"team": ["blue"]}}},
            {TAGS: {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]}},
            {f"{TAGS}/principal_tags/team": ["red"]},
            {f"{TAGS}/principal_tags/group": ["red"]},
            {f"{TAGS}/transitive_tag_keys": ["red"]},
            {"https://aws.amazon.com/source_identity": "alice"},
            {"azp": "client"},
            {"amr": ["authenticated"]},
        ],
    )
    def test_of_a_web_identity_changes_with_its_session(self, home: Home, claims: dict[str, object]) -> None:
        """AWS makes tags, the source identity and condition keys of the role session of these claims."""
        home.token.write_text(jwt(iss="i", sub="repo:a", aud="sts"))
        prints = [home.print(Identity("pod"))]
        for said in (claims, {f"{TAGS}/principal_tags/size": ["s"]}, {"azp": "other"}):
            home.token.write_text(jwt(iss="i", sub="repo:a", aud="sts", **said))
            prints.append(home.print(Identity("pod")))
        token = jwt(iss="i", sub="repo:a", aud="sts", exp=1, jti="other", **claims)
        home.token.write_text(token)

        assert 4 == len(set(prints))
        assert prints[1] == home.print(Identity("pod"))
        by_kubelet = {
            home.print(Identity(role_arn="r", web_identity=one))
            for one in (token, jwt(iss="i", sub="repo:a", aud="sts"))
        }
        assert 2 == len(by_kubelet)

    def test_of_a_container_changes_with_its_pod(self, home: Home) -> None:
        """EKS Pod Identity makes session tags of the pod's name and UID; STS makes none of a web identity's pod."""
        prints: dict[str, list[str]] = {}
        for kind, env in (
            ("file", {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(home.token)}),
            ("web identity", {"AWS_WEB_IDENTITY_TOKEN_FILE": str(home.token), "AWS_ROLE_ARN": "r"}),
        ):
            for pod in ("a", "a", "b"):
                said = {"pod": {"name": pod}, "warnafter": len(prints)}
                home.token.write_text(jwt(iss="i", sub="s", aud="a", **{"kubernetes.io": said}))
                prints.setdefault(kind, []).append(home.print(Identity(), **env))

        assert prints["file"][0] == prints["file"][1] != prints["file"][2]
        assert 1 == len(set(prints["web identity"]))

    @pytest.mark.parametrize(
        ("identity", "env", "digits"),
        [
            (Identity("p"), {}, "26de114f4f8eddd6655b12501821fd6a"),
            (
                Identity(role_arn="r", web_identity=jwt(iss="i", sub="s", aud="a", exp=1)),
                {},
                "ba728aa9c3245dd43dba62f0d60f5c7a",
            ),
            (Identity(), {"AWS_STS_REGIONAL_ENDPOINTS": "regional"}, "ae25732ac3246e21194450c4073d04fb"),
            (
                Identity(),
                {"AWS_CONTAINER_AUTHORIZATION_TOKEN": jwt(iss="i", sub="s", aud="a")},
                "d1fcca7fa1a0e39b8ffdd7af8cd971d4",
            ),
        ],
        ids=["profile", "kubelet", "EKS", "container"],
    )
    def test_is_the_same_as_in_version_1_1(self, identity: Identity, env: dict[str, str], digits: str) -> None:
        """An upgrade makes nobody ask AWS again who has none of the settings that came later."""
        assert digits == fingerprint(identity, NO_FILES | env)

    @pytest.mark.parametrize("said", ["sts_regional_endpoints = legacy", "STS_REGIONAL_ENDPOINTS: regional"])
    def test_follows_the_kind_of_sts_endpoint(self, home: Home, said: str) -> None:
        """EKS sets the variable to botocore's default, which matters only beside a profile that says otherwise."""
        env = [{}, {"AWS_STS_REGIONAL_ENDPOINTS": "regional"}, {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}]
        plain, regional, legacy = (home.print(SECONDARY, **each) for each in env)
        assert plain == regional != legacy
        home.edit("[profile secondary]", f"[profile secondary]\n{said}")

        assert 3 == len({home.print(SECONDARY, **each) for each in env})

    def test_of_a_role_differs_by_each_setting(self, home: Home) -> None:
        prints = {
            home.print(Identity(role_arn="r")),
            home.print(Identity(role_arn="s")),
            home.print(Identity(role_arn="r", external_id="x")),
            home.print(Identity(role_arn="r", role_session_name="x")),
            home.print(Identity("base", role_arn="r")),
        }

        assert len(prints) == 5

    def test_follows_the_default_section_of_configparser(self, home: Home) -> None:
        before = home.print()
        home.edit("[default]", "[DEFAULT]\nexternal_id = x\n[default]")

        assert before != home.print()

    @pytest.mark.parametrize("name", ["pod", '"pod"', "'pod'", 'p"o"d', "p\\od", "  pod "])
    def test_finds_the_profile_with_any_quoting(self, home: Home, name: str) -> None:
        home.edit("[profile pod]", f"[profile {name}]")
        before = home.print(Identity("pod"))
        home.edit("role/pod", "role/other")

        assert before != home.print(Identity("pod"))

    @pytest.mark.parametrize("kind", ["profiles", "profile-x", "profile\t", 'profile" x"'])
    def test_finds_the_profile_by_every_keyword_of_botocore(self, home: Home, kind: str) -> None:
        home.edit("[profile pod]", f"[{kind} pod]")
        before = home.print(Identity("pod"))
        home.edit("role/pod", "role/other")

        assert before != home.print(Identity("pod"))

    def test_expands_variables_in_file_paths(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PLACE", str(home.config.parent))
        by_variable = {name: path.replace(str(home.config.parent), "$PLACE") for name, path in home.env.items()}

        assert home.print() == fingerprint(SECONDARY, by_variable)

    def test_differs_by_the_endpoint_of_aws(self, home: Home) -> None:
        assert home.print() != home.print(AWS_ENDPOINT_URL="http://127.0.0.1:1")

    def test_terminates_for_circular_profiles(self, home: Home) -> None:
        home.edit("[profile base]", "[profile base]\nsource_profile = secondary")

        assert home.print()

    def test_needs_no_files(self, tmp_path: Path) -> None:
        assert fingerprint(Identity("p"), {"AWS_CONFIG_FILE": str(tmp_path / "x"), "AWS_SHARED_CREDENTIALS_FILE": ""})

    @given(st.text(), st.text())
    def test_reads_any_file_and_any_profile_name(
        self, tmp_path_factory: pytest.TempPathFactory, text: str, profile: str
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any"
        path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        env = {"AWS_CONFIG_FILE": str(path), "AWS_SHARED_CREDENTIALS_FILE": str(path)}

        assert fingerprint(Identity(profile), env) == fingerprint(Identity(profile), env)


class TestSnapshot:
    def test_reads_each_file_once(self, home: Home) -> None:
        snapshot = Snapshot(home.env)
        before = fingerprint_in(snapshot, SECONDARY)
        home.edit("role/puller", "role/other")

        assert before == fingerprint_in(snapshot, SECONDARY)
        assert before != home.print()

    def test_keeps_a_file_missing_that_is_written_later(self, home: Home) -> None:
        home.credentials.unlink()
        snapshot = Snapshot(home.env)
        before = fingerprint_in(snapshot, SECONDARY)
        home.credentials.write_text(CREDENTIALS)

        assert before == fingerprint_in(snapshot, SECONDARY)

    def test_ignores_what_is_no_regular_file_as_botocore_does(self, home: Home) -> None:
        nothing = home.print(SECONDARY, AWS_SHARED_CREDENTIALS_FILE="/nonexistent")

        assert nothing == home.print(SECONDARY, AWS_SHARED_CREDENTIALS_FILE="/dev/zero")
        assert nothing == home.print(SECONDARY, AWS_SHARED_CREDENTIALS_FILE=str(home.credentials.parent))
