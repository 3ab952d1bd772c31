#!/bin/bash
# Brings buckets and users to what BUCKETS and /run/secrets say. Running it again changes nothing.
set -euo pipefail

root() { bash /as.sh root "http://$MINIO_HOST:9000" platform /run/secrets/minio_root_password "$@"; }

policy() {
  cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": ["s3:*"],
    "Resource": ["arn:aws:s3:::$1", "arn:aws:s3:::$1/*"]
  }]
}
JSON
}

# The image has bash and coreutils, but no grep.
has_policy() { [[ "$(root --json admin user info server "$1")" == *"\"policyName\":\"$1\""* ]]; }

bucket() {
  root --quiet mb --ignore-existing "server/$1" || return 1
  # Name and password on stdin: on a command line other processes could see them.
  printf '%s\n%s\n' "$1" "$(cat "/run/secrets/bucket_$1")" | root --quiet admin user add server || return 1
  policy "$1" >/tmp/policy.json || return 1
  root --quiet admin policy create server "$1" /tmp/policy.json || return 1
  has_policy "$1" || root --quiet admin policy attach server "$1" --user "$1"
}

apply() {
  for name in $BUCKETS; do bucket "$name" || return 1; done
}

until apply; do
  echo "the server is not ready yet: trying again"
  sleep 1
done
touch /tmp/applied
echo "buckets and users are as asked for: ${BUCKETS:-none}"

# A bucket or user that somebody removed by hand comes back.
while sleep 60; do
  apply >/dev/null || echo "could not apply: trying again in a minute"
done
