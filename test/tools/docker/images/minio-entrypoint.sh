#!/bin/sh
# The interface of the official image's entrypoint: arguments alone go to the server.
set -e
if [ "$1" != minio ]; then
  set -- minio "$@"
fi
exec "$@"
