import type { Start } from "./memory.ts";

/** A container that is not as it was left, as a look tells of it. */
export interface SeenContainer {
  container: string;
  is: string;
  id?: string;
  startedAt?: string;
  restarts?: number;
  exitCode?: number;
}

/** What a look saw of one resource. */
export interface SeenResource {
  /** Name of the service, or what names the environment or secret to people. */
  name: string;
  is: "left" | "other" | "gone" | "unknown";
  differs: string[];
  containers: SeenContainer[];
  starting: boolean;
  why?: string;
}

/** What a look saw of a stack. */
export interface SeenLook {
  resources: SeenResource[];
  proven: Record<string, number>;
}

/** Containers of services as they were started, by service and name. */
export type Starts = Record<string, Record<string, Start>>;

/** The start that a container tells of; what Docker did not say is as before. Undefined when it says nothing of it. */
export function toStart(
  { id, startedAt, restarts, exitCode }: SeenContainer,
  base: Start | undefined,
): Start | undefined {
  if (startedAt === undefined && restarts === undefined) return undefined;
  return {
    id: id ?? base?.id ?? "",
    startedAt: startedAt ?? base?.startedAt ?? "",
    restarts: restarts ?? base?.restarts ?? 0,
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

/** Whether both are one start of one container. */
export function isSameStart(a: Start, b: Start): boolean {
  return a.id === b.id && a.startedAt === b.startedAt && a.restarts === b.restarts;
}
