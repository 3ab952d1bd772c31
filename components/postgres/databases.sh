#!/bin/bash
# Brings roles and databases to what DATABASES and /run/secrets say. Running it again changes nothing.
set -euo pipefail

# psql reads each password itself and quotes it: on a command line other processes could see it.
superuser() {
  psql -Xqw -v ON_ERROR_STOP=1 <<'SQL'
SET log_statement = 'none';
\set password `cat /run/secrets/postgres_password`
ALTER ROLE postgres PASSWORD :'password';
SQL
}

database() {
  NAME="$1" psql -Xqw -v ON_ERROR_STOP=1 -v name="$1" <<'SQL'
SET log_statement = 'none';
\set password `cat "/run/secrets/database_$NAME"`
SELECT format('CREATE ROLE %I LOGIN', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', :'name', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', :'name') \gexec
SQL
}

apply() {
  superuser || return 1
  for name in $DATABASES; do database "$name" || return 1; done
}

until apply; do
  echo "the server is not ready yet: trying again"
  sleep 1
done
touch /tmp/applied
echo "roles and databases are as asked for: ${DATABASES:-none}"

# A role that somebody dropped or changed by hand comes back.
while sleep 60; do
  apply || echo "could not apply: trying again in a minute"
done
