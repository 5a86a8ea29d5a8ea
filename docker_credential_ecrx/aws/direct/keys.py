"""AWS access keys, and where the first keys of an identity come from."""

from docker_credential_ecrx import log
from docker_credential_ecrx.aws.direct.declined import DeclinedError


class Keys:
    """An access key with its secret; ``token`` is empty unless they are a session's."""

    __slots__ = ("access_key_id", "secret", "token")

    def __init__(self, access_key_id: str, secret: str, token: str = "") -> None:
        self.access_key_id = access_key_id
        self.secret = secret
        self.token = token

    def require_plain(self) -> None:
        """Raise DeclinedError if a part is missing, is not a text, or contains a character that no key has."""
        parts = (self.access_key_id, self.secret, self.token)
        if not all(isinstance(part, str) for part in parts) or not self.access_key_id or not self.secret:
            raise DeclinedError("an access key or its secret is missing")
        if not all("!" <= character <= "~" for character in "".join(parts)):
            raise DeclinedError("a key contains a character that no key has")

    def add_secrets(self) -> None:
        """Register the secrets, so that no line contains them."""
        log.add_secret(self.secret)
        log.add_secret(self.token)

    def __repr__(self) -> str:
        """Leave the secrets out."""
        return f"Keys({self.access_key_id!r})"


class WebIdentity:
    """The keys are those of the role session that STS opens for a JSON web token."""

    __slots__ = ("parameters", "token")

    def __init__(self, token: str, parameters: dict[str, str]) -> None:
        self.token = token
        self.parameters = parameters  # of AssumeRoleWithWebIdentity, but for the token

    def __repr__(self) -> str:
        """Leave the token out."""
        return f"WebIdentity({self.parameters!r})"


class ContainerEndpoint:
    """The keys are what the endpoint of an ECS task or an EKS pod returns."""

    __slots__ = ("authorization", "url")

    def __init__(self, url: str, authorization: "str | None") -> None:
        self.url = url
        self.authorization = authorization

    def __repr__(self) -> str:
        """Leave the authorization out."""
        return f"ContainerEndpoint({self.url!r})"


class InstanceEndpoint:
    """The keys are what the instance's metadata service returns."""

    __slots__ = ("url",)

    def __init__(self, url: str) -> None:
        self.url = url
