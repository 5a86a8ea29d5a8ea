"""The wire formats: Docker's credential helper protocol and kubelet's credential provider API."""
