"""Whose credentials are asked for a token, and a fingerprint of them that needs no network.

The fingerprint is part of a cached token's name, so it must change whenever another principal could answer, and stay
the same while AssumeRole hands out new access keys.
It therefore reads what AWS's configuration *says*, not what comes out of it.
It runs at every cached ``get``, so it scans AWS's files by hand: configparser and hashlib cost more than all the rest.

A variable that is set and empty counts as unset.
"""

import os
import stat
import sys

from docker_credential_ecrx.system.fast_stdlib import hexdigest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    # What the fingerprint stands on: what it is, and what that says; None is what is not there.
    Fact = tuple[str | None, ...]

# Where AWS's default chain finds credentials outside profiles; an address says whose they are.
_ELSEWHERE = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_IMDS_USE_IPV6",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_LOGIN_CACHE_DIRECTORY",
)
_FILES = (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
# What a section of the config file is, by what its name begins with: botocore/configloader.py, build_profile_map.
_KINDS = (("profile", ""), ("sso-session", "sso-session "), ("services", "services "))
_CONTAINER_TOKENS = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
_WEB_IDENTITY = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME")
# Who AWS is: a token from another endpoint is another AWS's.
_ENDPOINTS = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_ECR",
    "AWS_ENDPOINT_URL_ECR_PUBLIC",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_SIGNIN",
)
_ENDPOINT_KEYS = ("endpoint_url", "services", "ignore_configured_endpoint_urls")
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# A secret is not needed to tell principals apart, and is better left out of anything derived.
_SECRET_KEYS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")


class Identity:
    """Whose identity answers: a profile, a role from a source profile or the default chain, or the default chain."""

    __slots__ = ("duration_seconds", "external_id", "profile", "role_arn", "role_session_name", "web_identity")

    def __init__(  # noqa: PLR0913 - the ways that lead to a role
        self,
        profile: "str | None" = None,
        *,
        role_arn: "str | None" = None,
        external_id: "str | None" = None,
        role_session_name: "str | None" = None,
        duration_seconds: "int | None" = None,
        web_identity: "str | None" = None,
    ) -> None:
        self.profile = profile  # with a role_arn: the role's source profile
        self.role_arn = role_arn
        self.external_id = external_id
        self.role_session_name = role_session_name
        self.duration_seconds = duration_seconds
        self.web_identity = web_identity  # a JSON web token, which opens the role; a secret

    def __str__(self) -> str:
        """Say who it is as a message would."""
        if self.web_identity is not None:
            return f"role {self.role_arn} for {subject_of(self.web_identity)}"
        profile = f"profile {self.profile}" if self.profile is not None else ""
        if self.role_arn is not None:
            return f"role {self.role_arn} from {profile or 'the default credentials'}"
        return profile or "the default credentials"


class Snapshot:
    """What the environment and AWS's files say, each file as it was when it was first read.

    What is hashed and what is used are then the same, whoever writes the files meanwhile.
    """

    __slots__ = ("_contents", "env")

    def __init__(self, env: "Mapping[str, str]") -> None:
        self.env = env
        self._contents: dict[str, bytes | None] = {}

    def read(self, path: str) -> "bytes | None":
        """Return what the file holds, or None if it cannot be read or is no regular file, which botocore ignores."""
        if path not in self._contents:
            try:
                self._contents[path] = read_file(path, _require_regular)
            except (OSError, ValueError):
                self._contents[path] = None
        return self._contents[path]

    def files(self) -> "Iterator[tuple[str, str, bytes | None]]":
        """Yield the kind, the path and the content of AWS's two files."""
        for variable, kind in _FILES:
            path = self.env.get(variable) or os.path.join("~", ".aws", kind)
            path = os.path.expanduser(os.path.expandvars(path))  # botocore/configloader.py, raw_config_parse
            yield kind, path, self.read(path)

    def fingerprint(self, identity: Identity) -> str:
        """Return 32 hexadecimal digits that stand for ``identity`` as the snapshot defines it.

        A Python without BLAKE2b has other digits for the same identity, and so caches a token of its own.
        A missing or unreadable file counts as empty: minting will say what is wrong with it.
        """
        return hexdigest(_encoded(_facts(identity, self)))

    def chain(self, identity: Identity) -> "Iterator[tuple[str, str, str]]":
        """Yield section, key and value of the profile and of all the sections that it names, each section once.

        There may be more sections than botocore reads, but none fewer.
        Keys are in lower case, and secrets have no value; what has no key says where a section stands, and its name
        there.
        """
        sections = _sections(self)
        # configparser takes what stands in [DEFAULT] for a part of every section.
        wanted = ["DEFAULT", _plain(profile_of(identity, self.env))]
        seen: set[str] = set()
        while wanted:
            section = wanted.pop()
            if section in seen:
                continue
            seen.add(section)
            for settings in sections.get(section, ()):
                for key, value in settings:
                    yield section, key, value
                    if key == "source_profile":
                        wanted.append(_plain(value))
                    elif key in ("sso_session", "services"):
                        wanted.append(_plain(f"{key.replace('_', '-')} {value}"))


def fingerprint(identity: Identity, env: "Mapping[str, str]") -> str:
    """Return what stands for ``identity`` as ``env`` and AWS's files define it now."""
    return Snapshot(env).fingerprint(identity)


def chain(identity: Identity, env: "Mapping[str, str]") -> "Iterator[tuple[str, str, str]]":
    """Return what ``Snapshot.chain`` does, for the files as they are now."""
    return Snapshot(env).chain(identity)


def _encoded(facts: "Iterable[Fact]") -> bytes:
    """Return what no other list of facts gives: each with its number of fields, and each field with its length."""
    parts = []
    for fact in facts:
        parts.append(f"{len(fact)}(")
        parts += ["-" if field is None else f"{len(field)}:{field}" for field in fact]
    return "".join(parts).encode("utf-8", "surrogatepass")


def _facts(identity: Identity, snapshot: Snapshot) -> "Iterator[Fact]":
    env = snapshot.env
    duration = identity.duration_seconds
    yield (
        "role",
        identity.role_arn,
        identity.external_id,
        identity.role_session_name,
        None if duration is None else str(duration),
    )
    yield from _variables((*_ENDPOINTS, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), env)
    if identity.web_identity is not None:
        yield "web identity", *claims_of(identity.web_identity)
        yield from _endpoints(identity, snapshot)
        return
    if identity.profile is None:
        # AWS_PROFILE, unlike a chosen profile, gives way to keys in the environment, but for the endpoints in it.
        if env.get("AWS_ACCESS_KEY_ID"):
            yield from _variables(("AWS_ACCESS_KEY_ID",), env)
            yield from _endpoints(identity, snapshot)
            return
        yield from _variables(_WEB_IDENTITY, env)
        if env.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
            yield "token", *subject_in(env["AWS_WEB_IDENTITY_TOKEN_FILE"], snapshot)
    # Only a profile that was chosen has to be there.
    yield "profile", chosen(identity, env)
    for section, key, value in snapshot.chain(identity):
        yield "section", section, key, value
        if key == "web_identity_token_file":
            yield "token", *subject_in(value, snapshot)
        elif key == "credential_source" and value == "Environment":
            yield "key", env.get("AWS_ACCESS_KEY_ID") or None
    # The last resort of every chain.
    yield from _variables(_ELSEWHERE, env)
    for name in _CONTAINER_TOKENS:
        if env.get(name):
            yield name, *(subject_in(env[name], snapshot) if name.endswith("_FILE") else claims_of(env[name]))


def _variables(names: "tuple[str, ...]", env: "Mapping[str, str]") -> "Iterator[Fact]":
    for name in names:
        if env.get(name):
            yield name, env[name]


def _endpoints(identity: Identity, snapshot: Snapshot) -> "Iterator[Fact]":
    """Yield what AWS's files say of endpoints, where they say nothing else of the identity.

    botocore reads these in the profile, which has to be there if one is chosen.
    """
    name = chosen(identity, snapshot.env)
    # Few name an endpoint anywhere, and looking for that takes a tenth of the time.
    is_any = any("endpoint_url" in _text(content or b"").lower() for _, _, content in snapshot.files())
    if not is_any and name is None:
        return
    is_there = name is None
    for section, key, value in snapshot.chain(identity):
        is_there = is_there or section == _plain(name or "")
        # What stands in [DEFAULT] may be a service.
        if is_any and (not key or key in _ENDPOINT_KEYS or section == "DEFAULT" or section.startswith("services")):
            yield "section", section, key, value
    if not is_there:
        yield "missing profile", name


def profile_of(identity: Identity, env: "Mapping[str, str]") -> str:
    """Return the profile that the identity, or AWS's default chain for it, begins with."""
    return chosen(identity, env) or "default"


def chosen(identity: Identity, env: "Mapping[str, str]") -> "str | None":
    """Return the profile that is chosen by the identity or a variable, or None."""
    # In the order of botocore/configprovider.py, BOTOCORE_DEFAUT_SESSION_VARIABLES: the first that is set counts.
    return identity.profile or env.get("AWS_DEFAULT_PROFILE") or env.get("AWS_PROFILE") or None


def _sections(snapshot: Snapshot) -> "dict[str, list[list[tuple[str, str]]]]":
    """Return keys and values of each section of AWS's two files, by the plain names that it may be asked for by."""
    sections: dict[str, list[list[tuple[str, str]]]] = {}
    for kind, _, content in snapshot.files():
        settings: list[tuple[str, str]] = []
        option, indent, blank = "", 0, 0
        for line in _text(content or b"").split("\n"):
            text = line.strip()
            if not text or text[0] in "#;":
                blank += not text
                continue
            # As configparser has it: what is indented more than the last key belongs to its value.
            at = len(line) - len(line.lstrip())
            if option and at > indent:
                if option not in _SECRET_KEYS:
                    settings[-1] = (option, settings[-1][1] + "\n" * (blank + 1) + text)
                blank = 0
                continue
            indent, option, blank = at, "", 0
            if text[0] == "[" and (end := text.rfind("]")) > 1:
                # Where a profile has several sections, their files and their order say which goes first.
                settings = [("", f"{kind} {text[:end]}")]
                for name in _names(text[1:end], kind):
                    sections.setdefault(name, []).append(settings)
            else:
                option, equals, value = text.partition("=")
                if not equals or ":" in option:
                    option, _, value = text.partition(":")
                option = option.rstrip().lower()
                # That there is a secret says where botocore looks for credentials.
                settings.append((option, "" if option in _SECRET_KEYS else value.lstrip()))
    return sections


def _names(head: str, kind: str) -> "list[str]":
    """Return the plain names that a section with this head has, of which one is botocore's, if it has any."""
    plain = _plain(head)
    if kind == "credentials" or head in ("default", "DEFAULT"):
        return [plain]
    words = plain.split(" ")
    for start, prefix in _KINDS:
        if head.startswith(start):
            # The name is the second of two words, and shlex says where it begins.
            return [_plain(prefix + " ".join(words[at:])) for at in range(1, max(2, len(words)))]
    return []


def _plain(name: str) -> str:
    """Return a section's name without quotes, escapes and double blanks: two names may become one, never one two."""
    return " ".join(name.replace('"', "").replace("'", "").replace("\\", "").split())


def subject_in(path: str, snapshot: Snapshot) -> "Fact":
    """Return whom the web identity token in the file ``path`` speaks of: the file is rewritten every hour."""
    content = snapshot.read(path)
    return ("no file",) if content is None else claims_of(_text(content))


def claims_of(token: str) -> "Fact":
    """Return a JSON web token's issuer, subject and audience; anything else as it stands."""
    try:
        claims = _body(token)
        return "claims", *(repr(claims[name]) for name in ("iss", "sub", "aud"))
    except (ValueError, LookupError, TypeError):
        return "text", token


def subject_of(token: str) -> "str | None":
    """Return whom a JSON web token speaks of, or None where it is no such token."""
    try:
        subject = _body(token)["sub"]
    except (ValueError, LookupError, TypeError):
        return None
    return subject if isinstance(subject, str) and subject.isprintable() and token.isascii() else None


def _body(token: str) -> "dict[str, Any]":
    """Return the claims in a JSON web token; raise ValueError, LookupError or TypeError where there are none."""
    # Only web identities come here, so only they pay for these imports.
    import binascii

    from docker_credential_ecrx.system import json_subset

    body = token.strip().split(".")[1].replace("-", "+").replace("_", "/")
    claims: Any = json_subset.parse(binascii.a2b_base64(body + "==").decode("utf-8"))
    return dict(claims)


def read_file(path: str, check: "Callable[[os.stat_result], None] | None" = None) -> bytes:
    """Return what a file holds; raise OSError where it cannot be read, and for a pipe: its end may never come.

    ``check`` is called with the status of the open file, and raises where it is not to be read.
    """
    # open() waits for whoever writes to a pipe, and takes longer.
    fd = os.open(path, os.O_RDONLY | _AT_ONCE)
    try:
        status = os.fstat(fd)
        if stat.S_ISFIFO(status.st_mode):
            raise OSError(0, "it is a pipe, whose end may never come")
        if check is not None:
            check(status)
        parts = []
        while part := os.read(fd, 1 << 16):
            parts.append(part)
    finally:
        os.close(fd)
    return b"".join(parts)


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is not a regular file")


def _text(content: bytes) -> str:
    # As botocore and the environment are read: a profile's name may have letters that another encoding has not.
    text = content.decode(sys.getfilesystemencoding(), "surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
