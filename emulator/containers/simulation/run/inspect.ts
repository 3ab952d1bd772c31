import { createHash } from "node:crypto";
import { conditionAt } from "../pretend/life.ts";
import type { HostContainer, HostVolume } from "./host-state.ts";

const never = "0001-01-01T00:00:00Z";
const nanoseconds = (milliseconds: number) => Math.round(milliseconds * 1e6);
const time = (at: number | undefined) => (at === undefined ? never : new Date(at).toISOString());
const digest = (text: string) => createHash("sha256").update(text).digest("hex");

function healthCheckOf({ healthCheck }: HostContainer): unknown {
  if (healthCheck === undefined) return undefined;
  if (healthCheck === "disabled") return { Test: ["NONE"] };
  return {
    Test: healthCheck.test,
    Interval: nanoseconds(healthCheck.interval),
    Timeout: nanoseconds(healthCheck.timeout),
    Retries: healthCheck.retries,
    ...(healthCheck.startPeriod > 0 ? { StartPeriod: nanoseconds(healthCheck.startPeriod) } : {}),
  };
}

function networksOf(container: HostContainer, running: boolean): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(container.networks).map(([name, aliases]) => {
      const [a = 0, b = 0] = Buffer.from(digest(`${name}${container.id}`).slice(0, 4), "hex");
      const address = running ? `10.${Buffer.from(digest(name).slice(0, 2), "hex")[0] ?? 0}.${a}.${b}` : "";
      return [name, { Aliases: aliases, NetworkID: digest(name), IPAddress: address, IPPrefixLen: running ? 16 : 0 }];
    }),
  );
}

/** A container as `docker inspect` shows it, as far as anybody here looks. Secrets and configs are not in it. */
export function inspectContainer(container: HostContainer, now: number): Record<string, unknown> {
  const condition = conditionAt(container.life, now);
  const running = condition.status === "running";
  const [path = "", ...words] = container.command;
  const [policy = "no", retries = "0"] = container.restart.split(":");
  const healthCheck = healthCheckOf(container);
  return {
    Id: container.id,
    Created: time(container.createdAt),
    Path: path,
    Args: words,
    State: {
      Status: condition.status,
      Running: running || condition.status === "restarting",
      Paused: false,
      Restarting: condition.status === "restarting",
      OOMKilled: false,
      Dead: false,
      Pid: running ? 1000 : 0,
      ExitCode: condition.exitCode,
      Error: "",
      StartedAt: time(condition.startedAt),
      FinishedAt: time(condition.finishedAt),
      ...(condition.health === undefined
        ? {}
        : { Health: { Status: condition.health, FailingStreak: condition.failingStreak, Log: [] } }),
    },
    Image: `sha256:${digest(container.image)}`,
    Name: `/${container.name}`,
    RestartCount: condition.restarts,
    Platform: "linux",
    HostConfig: {
      NetworkMode: Object.keys(container.networks)[0] ?? "none",
      RestartPolicy: { Name: policy, MaximumRetryCount: Number(retries) },
    },
    Mounts: container.mounts
      .filter(({ type }) => type !== "tmpfs")
      .map(({ type, source, target, readOnly }) => ({
        Type: type,
        ...(type === "volume"
          ? { Name: source, Source: `/var/lib/docker/volumes/${source}/_data`, Driver: "local" }
          : { Source: source }),
        Destination: target,
        Mode: readOnly ? "ro" : "rw",
        RW: !readOnly,
        Propagation: "",
      })),
    Config: {
      Hostname: container.id.slice(0, 12),
      Env: Object.entries(container.environment).map(([key, value]) => `${key}=${value}`),
      Cmd: container.command.length > 0 ? container.command : null,
      Image: container.image,
      Labels: {
        ...container.labels,
        "com.docker.compose.config-hash": container.configHash,
        "com.docker.compose.container-number": "1",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.project": container.project,
        "com.docker.compose.service": container.service,
        "com.docker.compose.version": "2.40.0",
      },
      ...(healthCheck === undefined ? {} : { Healthcheck: healthCheck }),
    },
    NetworkSettings: { Networks: networksOf(container, running) },
  };
}

/** A volume as `docker volume inspect` shows it. */
export function inspectVolume({ name, project, key, driver, driverOptions, labels, createdAt }: HostVolume) {
  const own = project === "" ? {} : { "com.docker.compose.project": project, "com.docker.compose.volume": key };
  return {
    CreatedAt: time(createdAt),
    Driver: driver,
    Labels: { ...labels, ...own },
    Mountpoint: `/var/lib/docker/volumes/${name}/_data`,
    Name: name,
    Options: Object.keys(driverOptions).length > 0 ? driverOptions : null,
    Scope: "local",
  };
}
