import { type DeploymentFault, type Fault, type FaultInput, faultSchema, type RequestFault } from "./fault.ts";

/** The faults that are armed. Each `take` uses the fault up once. */
export interface Faults {
  /** Throws a ZodError when the fault is not one. */
  add(fault: FaultInput): Fault;
  list(): Fault[];
  clear(): void;
  /** Aborted by the next `clear`: ends the waiting of faults that have struck already. */
  cleared(): AbortSignal;
  /** All faults that strike this request, in the order they were added. */
  takeForRequest(procedure: string): RequestFault[];
  /** The next fault of one kind for a service that is known by these names. */
  takeForDeployment<K extends DeploymentFault["kind"]>(
    kind: K,
    names: string[],
  ): Extract<DeploymentFault, { kind: K }> | undefined;
}

export function createFaults(): Faults {
  let cleared = new AbortController();
  let armed: { fault: Fault; left: number }[] = [];
  const use = (entry: { fault: Fault; left: number }) => {
    entry.left -= 1;
    armed = armed.filter(({ left }) => left > 0);
  };
  return {
    add(input) {
      const fault = faultSchema.parse(input);
      armed.push({ fault, left: fault.times === "always" ? Number.POSITIVE_INFINITY : fault.times });
      return fault;
    },
    list: () => armed.map(({ fault }) => fault),
    clear: () => {
      armed = [];
      cleared.abort();
      cleared = new AbortController();
    },
    cleared: () => cleared.signal,
    takeForRequest(procedure) {
      const struck = armed.filter(({ fault }) => "procedure" in fault && matches(fault.procedure, procedure));
      for (const entry of struck) use(entry);
      return struck.map(({ fault }) => fault as RequestFault);
    },
    takeForDeployment<K extends DeploymentFault["kind"]>(kind: K, names: string[]) {
      const entry = armed.find(
        ({ fault }) => fault.kind === kind && "service" in fault && names.includes(fault.service),
      );
      if (entry === undefined) return undefined;
      use(entry);
      return entry.fault as Extract<DeploymentFault, { kind: K }>;
    },
  };
}

function matches(pattern: string, procedure: string): boolean {
  if (pattern === "*") return true;
  return pattern.endsWith(".*") ? procedure.startsWith(pattern.slice(0, -1)) : pattern === procedure;
}
