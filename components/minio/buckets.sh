#!/bin/bash
# Brings buckets and users to what BUCKETS and /run/secrets say. Running it again changes nothing.
set -euo pipefail

export MC_HOST_platform="http://platform:$(cat /run/secrets/minio_root_password)@$MINIO_HOST:9000"

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
has_policy() { [[ "$(mc --json admin user info platform "$1")" == *"\"policyName\":\"$1\""* ]]; }

bucket() {
  mc --quiet mb --ignore-existing "platform/$1" || return 1
  # Name and password on stdin: on a command line other processes could see them.
  printf '%s\n%s\n' "$1" "$(cat "/run/secrets/bucket_$1")" | mc --quiet admin user add platform || return 1
  policy "$1" >/tmp/policy.json || return 1
  mc --quiet admin policy create platform "$1" /tmp/policy.json || return 1
  has_policy "$1" || mc --quiet admin policy attach platform "$1" --user "$1"
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
