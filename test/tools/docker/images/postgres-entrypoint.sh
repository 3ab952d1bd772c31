#!/bin/bash
# The interface of the official image's entrypoint, as far as platforms use it: an empty PGDATA becomes a cluster with
# POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB (each also as <NAME>_FILE) and what /docker-entrypoint-initdb.d holds.
set -Eeuo pipefail

read_variable() {
  local name=$1 file="$1_FILE"
  if [ -n "${!file:-}" ]; then
    [ -z "${!name:-}" ] || { echo >&2 "error: both $name and $file are set (but are exclusive)"; exit 1; }
    export "$name=$(<"${!file}")"
    unset "$file"
  else
    export "$name=${!name:-$2}"
  fi
}

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "$1" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /run/postgresql
  chmod 00700 "$PGDATA"
  chmod 03775 /run/postgresql
  find "$PGDATA" /run/postgresql \! -user postgres -exec chown postgres:postgres '{}' +
  exec setpriv --reuid=999 --regid=999 --clear-groups -- "$BASH_SOURCE" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  read_variable POSTGRES_PASSWORD ''
  read_variable POSTGRES_USER postgres
  read_variable POSTGRES_DB "$POSTGRES_USER"
  if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo >&2 'Error: Database is uninitialized and superuser password is not specified.'
    exit 1
  fi
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
  run_sql() { psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" "$@"; }
  if [ "$POSTGRES_DB" != postgres ]; then
    run_sql --dbname postgres --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) run_sql --dbname "$POSTGRES_DB" --file "$file" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset POSTGRES_PASSWORD
  echo 'PostgreSQL init process complete; ready for start up.'
fi

# The official image is stopped with SIGINT, which an imported image cannot ask for.
"$@" &
server=$!
trap 'kill -INT "$server"' TERM INT
code=0
wait "$server" || code=$?
while kill -0 "$server" 2> /dev/null; do
  code=0
  wait "$server" || code=$?
done
exit "$code"
