// What a container may have without a word. Lists of what is allowed and not of what is dangerous: a key that the specification gets
// tomorrow is in none of them. The keys: https://github.com/compose-spec/compose-spec/blob/main/05-services.md

/** Parts of a container's definition that reach nothing but the container, with all below them. `*` stands for one index. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  ...["image", "container_name", "hostname", "domainname", "command", "entrypoint", "working_dir", "user", "group_add"],
  ...["environment", "secrets", "configs", "tmpfs", "depends_on", "healthcheck", "restart", "scale", "platform"],
  ...["init", "tty", "stdin_open", "attach", "read_only", "stop_grace_period", "stop_signal", "pull_policy"],
  ...["pull_refresh_after", "ports", "expose", "dns", "dns_opt", "dns_search", "extra_hosts", "mac_address"],
  // Of the kernel's parameters runc sets none but those of which the container has its own, and on Linux there is one isolation:
  // https://github.com/opencontainers/runc/blob/main/libcontainer/configs/validate/validator.go
  ...["sysctls", "isolation"],
  // Less than Docker gives, and how much of the server's time and memory.
  ...["cap_drop", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime"],
  ...["cpu_shares", "cpus", "cpuset", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "shm_size"],
  ...["pids_limit", "oom_kill_disable", "oom_score_adj", "ulimits", "blkio_config", "storage_opt"],
  ...["mode", "endpoint_mode", "replicas", "update_config", "rollback_config", "restart_policy", "placement"].map(
    (key) => `deploy.${key}`,
  ),
  ...["limits", "reservations.cpus", "reservations.memory"].map((key) => `deploy.resources.${key}`),
  ...["post_start", "pre_stop"].flatMap((hook) =>
    ["command", "user", "working_dir", "environment"].map((key) => `${hook}.*.${key}`),
  ),
]);

/** Parts that are refused whatever anybody allows, each with its own reason (`checks/`, `house/`, `names.ts`). */
export const REFUSED_ANYWAY: ReadonlySet<string> = new Set([
  ...["build", "env_file", "label_file", "extends", "links", "external_links", "volumes_from", "profiles", "provider"],
  ...["develop", "networks", "network_mode"],
]);

/** Parts of a file that are looked at elsewhere, and of which nothing but what is known there is written. */
export const KNOWN_PARTS: ReadonlySet<string> = new Set([
  ...["version", "name", "services", "volumes", "secrets", "configs", "networks", "include", "models"],
]);

/** What Docker gives every container: https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities */
export const CAPABILITIES: ReadonlySet<string> = new Set([
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"],
  ...["SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
]);

/** Files of the host that tell nothing of it but its time, where they are read only. */
export const HOST_PATHS: ReadonlySet<string> = new Set(["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"]);

/** Options that take rights away, or leave them as they are. */
export const SECURITY_OPTIONS: ReadonlySet<string> = new Set([
  ...["no-new-privileges", "no-new-privileges:true", "no-new-privileges:false"],
]);

/** Drivers that write on the server alone; others are told by the file which files and sockets Docker opens for them. */
export const LOG_DRIVERS: ReadonlySet<string> = new Set(["json-file", "local", "none", "journald"]);

/** Values of the keys that say whose namespace a container is in, besides `service:…`: its own. */
export const OWN_NAMESPACES: ReadonlySet<string> = new Set(["", "private", "none", "shareable"]);

/** Labels by which something on the server is told what to do: routes of others, commands on a schedule, whose a container is. */
export const STEERING_LABELS = /^(?:traefik|caddy|ofelia|com\.docker)(?:[._]|$)/;
