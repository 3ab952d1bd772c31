import { earliestEnd } from "../../../components/vault/api/secret-id-life.ts";
import { formatAge } from "../../print/duration.ts";
import type { StackState, StateResource } from "../run/state.ts";
import { broken, type Finding, warning } from "./finding.ts";

const SECRET_ID = "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId";

/** Secret ids that sign in no more, or in less than a quarter of their time; `now` in milliseconds since the epoch. None: all is well. */
export function examineSecretIds(stack: string, { resources }: StackState, now: number): Finding[] {
  const name = `${stack}: secret ids at Vault`;
  const ending = resources.filter(({ type }) => type === SECRET_ID).flatMap((resource) => readEnd(resource) ?? []);
  const fix =
    stack === "bootstrap"
      ? "dockmaster up bootstrap"
      : `dockmaster up ${stack}, or any deploy of it: an update renews them`;
  const ended = ending.filter(({ end }) => end <= now);
  if (ended.length > 0) return [broken(name, `may have ended: ${namesOf(ended)}`, fix)];
  const soon = ending.filter(({ end, ttl }) => end - now < ttl / 4);
  const first = Math.min(...soon.map(({ end }) => end));
  return soon.length > 0
    ? [warning(name, `end in ${formatAge(first - now)} at the earliest: ${namesOf(soon)}`, fix)]
    : [];
}

interface Ending {
  service: string;
  end: number;
  /** Milliseconds. */
  ttl: number;
}

function readEnd({ urn, inputs, outputs }: StateResource): Ending | undefined {
  const metadata = outputs.metadata ?? inputs.metadata;
  const end = earliestEnd(metadata);
  if (end === undefined) return undefined;
  return { service: urn.split("::").at(-1) ?? "", end, ttl: Number(JSON.parse(String(metadata)).ttl) * 1000 };
}

function namesOf(endings: Ending[]): string {
  return endings.map(({ service }) => service).join(", ");
}
