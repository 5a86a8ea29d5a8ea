"""Say how kubelet calls this program; the front door itself answers it, without what people need."""

import click

_HELP = """\
Answer kubelet: Kubernetes' credential provider protocol on stdin and stdout.

Kubelet calls it for an image whose registry its CredentialProviderConfig names, with a request on stdin, and keeps the
answer until the token is due for renewal. A pod's service account that names a role pulls as that role.
"""
_EPILOG = """\
\b
Example:
  echo '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1",
  "image":"111111111111.dkr.ecr.us-east-1.amazonaws.com/app"}' | docker-credential-ecrx kubelet
"""


@click.command("kubelet", short_help="Answer kubelet's requests for credentials.", help=_HELP, epilog=_EPILOG)
def command() -> None:
    raise click.UsageError("kubelet takes no arguments")
