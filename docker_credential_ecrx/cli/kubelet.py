"""The help of ``kubelet``, whose requests ``__main__`` handles without click."""

import click

_HELP = """\
Implement Kubernetes' credential provider protocol on stdin and stdout.

Kubelet runs this command, with a request on stdin, for an image whose registry matches its CredentialProviderConfig,
and caches the reply until the token needs a refresh. If a pod's service account names a role, that role is used.
"""
_EPILOG = """\
\b
Example:
  echo '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1",
  "image":"111111111111.dkr.ecr.us-east-1.amazonaws.com/app"}' | docker-credential-ecrx kubelet
"""


@click.command("kubelet", short_help="Reply to kubelet's requests for credentials.", help=_HELP, epilog=_EPILOG)
def command() -> None:
    raise click.UsageError("kubelet takes no arguments")
