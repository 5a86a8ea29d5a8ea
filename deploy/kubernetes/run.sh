#!/bin/sh
# Runs node.sh again and again in the node's mounts, where the container's files are below the process of this shell.
# A failure ends the container, so that the pod shows it.
# After the first success the container is ready, and Kubernetes goes on to the next node.
set -eu

waiting=""
# The shell runs this after node.sh, which may have to take a configuration back.
trap '[ -z "$waiting" ] || kill "$waiting" 2>/dev/null || :; exit 0' TERM
ready=/ecrx/run/ready
rm -f "$ready"
if [ ! -e /proc/1/root/bin/sh ] && [ ! -L /proc/1/root/bin/sh ]; then
    echo "docker-credential-ecrx: node ${ECRX_NODE:-}: the node has no /bin/sh; remove the label from it: docs/nodes.md" >&2
    exit 1
fi
while :; do
    waiting=""
    nsenter -t 1 -m -- /bin/sh "/proc/$$/root/ecrx/node.sh" "/proc/$$/root/ecrx"
    : >"$ready"
    sleep "${ECRX_INTERVAL:-60}" &
    waiting=$!
    wait "$waiting"
done
