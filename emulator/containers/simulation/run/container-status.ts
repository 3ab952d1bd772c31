import type { ContainerRow } from "../../containers.ts";
import { type Condition, conditionAt } from "../pretend/life.ts";
import type { HostContainer } from "./host-state.ts";

/** A time span as `docker ps` words it (docker/go-units, duration.go). */
export function wordSpan(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(milliseconds / 3_600_000 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(milliseconds / 3_600_000 / 24 / 365)} years`;
}

function wordStatus({ status, health, exitCode, startedAt, finishedAt }: Condition, now: number): string {
  if (status === "created") return "Created";
  const ago = wordSpan(now - (finishedAt ?? now));
  if (status === "exited") return `Exited (${exitCode}) ${ago} ago`;
  if (status === "restarting") return `Restarting (${exitCode}) ${ago} ago`;
  const shown = health === "starting" ? " (health: starting)" : health ? ` (${health})` : "";
  return `Up ${wordSpan(now - (startedAt ?? now))}${shown}`;
}

export function toRow(container: HostContainer, now: number): ContainerRow {
  const condition = conditionAt(container.life, now);
  return {
    containerId: container.id.slice(0, 12),
    name: container.name,
    state: condition.status,
    status: wordStatus(condition, now),
  };
}
