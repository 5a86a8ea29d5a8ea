"""``kubelet``: the help of the protocol, whose requests ``__main__`` handles without click, and its configuration."""

import json

import click

from docker_credential_ecrx.cli import console, kubelet_config
from docker_credential_ecrx.cli.name_options import NAME

_HELP = """\
Implement Kubernetes' credential provider protocol on stdin and stdout.

kubelet runs this command, with a request on stdin, for an image that matches matchImages in the
CredentialProviderConfig, and caches the reply until the token needs a refresh.
If an annotation of the pod's service account names a role, that role is used.
"""
_EPILOG = """\
\b
Example:
  echo '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1",
  "image":"111111111111.dkr.ecr.us-east-1.amazonaws.com/app"}' | docker-credential-ecrx kubelet
"""
_CONFIG_HELP = """\
Print the CredentialProviderConfig for kubelet's flag --image-credential-provider-config, from Kubernetes 1.26 on.

With --service-accounts, from Kubernetes 1.34 on, kubelet sends the token of the pod's service account, and the role in
the account's annotation eks.amazonaws.com/ecr-role-arn is used. Pods without the annotation are refused with
"required", and pull as the node with "optional".
First apply the output of --rbac with kubectl: without that permission, most pods cannot pull.
"""
_CONFIG_EPILOG = """\
\b
Examples:
  docker-credential-ecrx kubelet config --config /etc/ecrx/config.toml >/etc/ecrx/credential-provider.yaml
  docker-credential-ecrx kubelet config --config /etc/ecrx/config.toml --match images.example.com
  docker-credential-ecrx kubelet config --service-accounts required --match '*.dkr.ecr.*.amazonaws.com'
  docker-credential-ecrx kubelet config --rbac | kubectl apply -f -
"""


@click.group(
    "kubelet",
    short_help="Reply to kubelet's requests for credentials.",
    help=_HELP,
    epilog=_EPILOG,
    invoke_without_command=True,
)
@click.pass_context
def command(ctx: click.Context) -> int:
    if ctx.invoked_subcommand is not None:
        return 0
    status: int = ctx.obj()
    return status


@command.command("config", help=_CONFIG_HELP, epilog=_CONFIG_EPILOG)
@click.option(
    "--config",
    "config_file",
    type=NAME,
    metavar="FILE",
    help="The path of config.toml on the node, where it must exist.",
)
@click.option(
    "--match",
    "images",
    type=NAME,
    metavar="PATTERN",
    multiple=True,
    help="The images for which kubelet runs the program, instead of all in ECR; an exact host of your own is added.",
)
@click.option("--service-accounts", type=click.Choice(["required", "optional"]), help="Use the roles of pods.")
@click.option("--rbac", is_flag=True, help="Print the ClusterRole that --service-accounts needs, and its binding.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, which kubelet and kubectl also read.")
def config(
    config_file: str | None, images: tuple[str, ...], service_accounts: str | None, *, rbac: bool, as_json: bool
) -> int:
    if rbac:
        documents = kubelet_config.permission()
        together = {"apiVersion": "v1", "kind": "List", "items": documents}
    else:
        together = kubelet_config.provider_config(config_file, kubelet_config.all_images(images), service_accounts)
        documents = [together]
    if as_json:
        text = f"{json.dumps(together, indent=2)}\n"
    else:
        above = kubelet_config.NEWER_KUBELET if service_accounts and not rbac else ""
        text = above + kubelet_config.as_yaml(documents)
    console.out.print(text, end="")
    return 0
