import type { Containers } from "./containers/containers.ts";
import type { SimulatedContainers } from "./containers/simulated.ts";

/** Containers that may be told to fail; real ones cannot. */
export type ScriptableContainers = Containers & Partial<Pick<SimulatedContainers, "script" | "clearScripts">>;
