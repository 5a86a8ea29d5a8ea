"""The user's files that commands edit: Docker's, podman's and this program's own."""
