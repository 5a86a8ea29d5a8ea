# Undoes what set-up.sh did, after the job's last step, whatever the job's result. post.js runs it.
# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# Each step runs even if one before it fails; then the exit status is 1, and the job's result does not change.
status=0
PATH=${STATE_folder:+$STATE_folder/installed/bin:}$PATH
for name in HOME DOCKER_CONFIG ECRX_CONFIG ECRX_KEYRING XDG_CONFIG_HOME XDG_STATE_HOME; do
    saved=STATE_$name
    if [ -n "${!saved}" ]; then export "$name=${!saved}"; else unset "$name"; fi
done
read -r -a configured <<<"$STATE_configured"
read -r -a fetched <<<"$STATE_fetched"
[ "${#fetched[@]}" = 0 ] || docker-credential-ecrx forget -- "${fetched[@]}" || status=1
# Docker configurations of the job's own are in the folder.
[ -n "$STATE_own_files" ] || [ "${#configured[@]}" = 0 ] ||
    docker-credential-ecrx configure --remove -- "${configured[@]}" || status=1
[ -z "$STATE_folder" ] || rm -rf "$STATE_folder" || status=1
exit "$status"
