#!/bin/sh
# Prepares a host that Dokploy runs on. Changes only what is not yet as it should be, so it can run again at any time.
set -eu
fail() { echo "$1. To mend it: $2" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# Redis saves in a copy of its process, which needs the kernel to promise more memory than there is.
settings=/etc/sysctl.d/60-dockmaster.conf
wanted='vm.overcommit_memory = 1'
if [ "$(cat "$settings" 2>/dev/null)" != "$wanted" ]; then
  echo "$wanted" | as_root tee "$settings" >/dev/null
  as_root sysctl --quiet --load="$settings"
  echo "changed: vm.overcommit_memory is 1"
fi

command -v docker >/dev/null || fail "there is no Docker" "install Dokploy, which brings it: https://docs.dokploy.com/docs/core/installation"
as_root docker info >/dev/null 2>&1 || fail "Docker does not run" "systemctl start docker"

# Inline configs are known to Compose since 2.23.1.
version=$(as_root docker compose version --short 2>/dev/null | sed 's/^v//') || version=
[ -n "$version" ] || fail "there is no Docker Compose" "install the package docker-compose-plugin"
oldest=$(printf '%s\n' 2.23.1 "$version" | sort -V | head -n 1)
[ "$oldest" = 2.23.1 ] || fail "Docker Compose $version is older than 2.23.1" "install a newer docker-compose-plugin"

as_root docker network inspect dokploy-network >/dev/null 2>&1 \
  || fail "there is no network dokploy-network" "install Dokploy: https://docs.dokploy.com/docs/core/installation"

free=$(df --output=avail --block-size=G /var/lib/docker 2>/dev/null | tail -n 1 | tr -dc 0-9)
[ -z "$free" ] || [ "$free" -ge 5 ] || fail "less than 5 GB are free below /var/lib/docker" "docker system prune, or a larger disk"
echo "ready: Docker Compose $version"
