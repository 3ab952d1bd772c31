import { readFileSync } from "node:fs";
import { type ProvenContainers, provenContainers } from "../../look/left.ts";

/** What `DOCKMASTER_PROVEN` names. A hint that spares questions: what cannot be read says nothing. */
export function readProven(file: string | undefined): ProvenContainers {
  if (!file) return {};
  try {
    return provenContainers.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
