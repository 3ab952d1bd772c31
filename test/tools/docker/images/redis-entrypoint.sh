#!/bin/sh
# The interface of the official image's entrypoint: options alone start the server, and root becomes redis.
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
  set -- redis-server "$@"
fi
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis '{}' +
  exec setpriv --reuid=999 --regid=999 --clear-groups -- "$0" "$@"
fi
exec "$@"
