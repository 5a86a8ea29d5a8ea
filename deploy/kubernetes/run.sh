#!/bin/sh
# Runs node.sh again and again in the node's mounts, where the container's files are below the process of this shell.
# Kubernetes updates the files of a ConfigMap in a running pod; a failure ends the container, so that the pod shows it.
set -eu

while :; do
    nsenter -t 1 -m -- /bin/sh "/proc/$$/root/ecrx/node.sh" "/proc/$$/root/ecrx"
    sleep 60
done
