#!/bin/bash
# Runs MinIO's client as somebody: as.sh <purpose> <address> <user> <file of the password> <words>…; the server's name is `server`.
# An address in MC_HOST_… would cut a password off at its first colon. The file with it lies in memory, one for each purpose, so that
# two that run at once have their own.
set -euo pipefail

address=$2
user=$3
password=$(<"$4")
export MC_CONFIG_DIR="/dev/shm/mc-$1"
shift 4

password=${password//\\/\\\\}
password=${password//\"/\\\"}
umask 077
mkdir -p "$MC_CONFIG_DIR"
cat >"$MC_CONFIG_DIR/config.json" <<JSON
{"version": "10", "aliases": {"server": {
  "url": "$address", "accessKey": "$user", "secretKey": "$password", "api": "S3v4", "path": "auto"
}}}
JSON
exec mc "$@"
