"""Signs a request with AWS Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import time

from docker_credential_ecrx.system.fast_stdlib import hmac_sha256, sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.aws.direct.keys import Keys

_ALGORITHM = "AWS4-HMAC-SHA256"


def signed(  # noqa: PLR0913 - what a signature is made of
    headers: "Mapping[str, str]", body: bytes, *, keys: "Keys", region: str, service: str, now: float
) -> dict[str, str]:
    """Return the headers of a POST of ``body`` to the path ``/`` with its signature, all of them signed.

    The names are in lower case, with ``host`` among them; ``now`` is in seconds since 1970.
    """
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    headers = {**headers, "x-amz-date": date}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    names = sorted(headers)
    canonical = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
    signed_names = ";".join(names)
    request = f"POST\n/\n\n{canonical}\n{signed_names}\n{sha256(body).hexdigest()}"
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    text = f"{_ALGORITHM}\n{date}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys.secret}".encode()
    for part in (date[:8], region, service, "aws4_request"):
        key = hmac_sha256(key, part.encode())
    signature = hmac_sha256(key, text.encode()).hex()
    credential = f"{keys.access_key_id}/{scope}"
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credential}, SignedHeaders={signed_names}, Signature={signature}"
    )
    return headers
