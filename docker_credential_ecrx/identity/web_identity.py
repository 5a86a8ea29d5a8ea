"""Web identity tokens: the claims by which a JSON web token names its principal.

A cached get imports this only if the identity uses a web identity token or a container's authorization token.
"""

import binascii

from docker_credential_ecrx.system import fast_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# What else of a token STS puts into the role's session: tags and the source identity, whose claims may be nested or
# flattened, and two condition keys.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
_IN_SESSION, _OF_AWS = ("amr", "azp"), "https://aws.amazon.com/"


def claims_of(token: str, *, of_pod: bool = False) -> "tuple[str, ...]":
    """Return the claims of a JSON web token that determine the role session; the text itself if it is not one.

    With ``of_pod`` it is for EKS Pod Identity, which makes session tags of the pod's name and UID.
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    """
    try:
        claims = _payload(token)
        facts = ["claims", *(repr(claims[name]) for name in ("iss", "sub", "aud"))]
        names = sorted(name for name in claims if name in _IN_SESSION or name.startswith(_OF_AWS))
        facts += [repr((name, claims[name])) for name in names]
        pod = of_pod and dict(claims.get("kubernetes.io", {})).get("pod")
        return *facts, *([repr(pod)] if pod else ())
    except (ValueError, LookupError, TypeError):
        return "text", token


def subject_of(token: str) -> "str | None":
    """Return the subject of a JSON web token, or None if it is not one."""
    try:
        subject = _payload(token)["sub"]
    except (ValueError, LookupError, TypeError):
        return None
    return subject if isinstance(subject, str) and subject.isprintable() and token.isascii() else None


def _payload(token: str) -> "dict[str, Any]":
    """Return the claims in a JSON web token; raise ValueError, LookupError or TypeError if there are none."""
    payload = token.strip().split(".")[1].replace("-", "+").replace("_", "/")
    claims: Any = fast_json.parse(binascii.a2b_base64(payload + "==").decode("utf-8"))
    return dict(claims)
