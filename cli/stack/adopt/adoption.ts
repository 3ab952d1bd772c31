import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeEnv } from "../../../components/dokploy/api/env.ts";
import type { ComposeRecord } from "../../../components/dokploy/api/schema.ts";
import { listVolumes } from "../../../components/dokploy/api/volumes.ts";
import type { Live } from "../../print/live.ts";
import { CliError } from "../../problem.ts";
import type { Checkout } from "../checkout.ts";
import { encryptSecret } from "../secret/encrypt.ts";
import { readGiven, withSetting } from "../stack-file.ts";
import { differences, type KeptSecret, readWanted, secretsToKeep, type Wanted } from "./adopted-service.ts";
import { type PlannedInputs, planInputs } from "./planned-inputs.ts";

/** What taking over Compose projects means. */
export interface Adoption {
  /** The stack's file that does it. */
  stackFile: string;
  services: ServiceAdoption[];
  /** What has to be in Vault before the update: it would make new values else. */
  vault: { path: string; name: string; value: string }[];
}

/** What taking over one Compose project means. */
export interface ServiceAdoption {
  service: string;
  /** What would change, by key; nothing: no container restarts. */
  changes: string[];
  /** Secrets whose values on Dokploy stay in use: they go to Vault, or encrypted into the stack's file. */
  kept: string[];
  /** Volumes that it uses today and will not use afterwards; `to` is what it will use in their place. */
  moved: { from: string; to: string | null }[];
  /** What its containers take of the server today and will not take afterwards, as `x-dockmaster` names it; absent when nothing. */
  loses?: string[];
  /** The compose file as it is on Dokploy, and as it will be; null when only the update knows it. */
  composeFile: { from: string; to: string | null };
}

/** A service and the Compose project that it takes over. */
export interface Adopted {
  service: string;
  compose: ComposeRecord;
}

/** Finds out, by previews of a stack file that adopts, what taking over would mean. Nothing is written. Throws CliError. */
export async function planAdoption(checkout: Checkout, stack: string, all: Adopted[], live: Live): Promise<Adoption> {
  const before = readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8");
  const names = all.map(({ service }) => service);
  const plain = names.reduce((text, service) => withSetting(text, service, "adopt", true), before);
  const first = await planInputs(checkout, stack, plain, live);
  const values = all.flatMap(({ service, compose }) =>
    secretsToKeep(compose, find(first, service, names), readGiven(before, service)).map((secret) => ({
      service,
      ...secret,
    })),
  );
  const given = values.filter(({ path }) => path === undefined);
  const stackFile = given.length === 0 ? plain : await withSecrets(checkout, stack, plain, given);
  const last = given.length === 0 ? first : await planInputs(checkout, stack, stackFile, live);
  // Loads the schema of Compose, which no command needs to start.
  const { rightsOfContainers } = await import("../../../components/platform/rights.ts");
  const services = all.map(({ service, compose }): ServiceAdoption => {
    const wanted = find(last, service, names);
    const loses = rightsLost(compose, wanted, rightsOfContainers);
    return {
      service,
      changes: differences(compose, wanted),
      kept: values.filter((value) => value.service === service).map(({ name }) => name),
      moved: volumesLeft(compose, wanted.composeFile),
      ...(loses.length > 0 ? { loses } : {}),
      composeFile: { from: compose.composeFile ?? "", to: wanted.composeFile },
    };
  });
  const vault = values.flatMap(({ path, name, value }) => (path === undefined ? [] : [{ path, name, value }]));
  return { stackFile, services, vault };
}

function find(inputs: PlannedInputs, service: string, services: string[]): Wanted {
  const found = readWanted(inputs, service, services);
  if (found) return found;
  throw new CliError("not_planned", `The preview left ${service} out`, "Look at it: dockmaster preview");
}

async function withSecrets(
  checkout: Checkout,
  stack: string,
  text: string,
  values: (KeptSecret & { service: string })[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-"));
  try {
    const file = join(folder, `Pulumi.${stack}.yaml`);
    writeFileSync(file, text);
    // One after the other: each writes the whole file.
    for (const { service, name, value } of values) await encryptSecret(checkout, file, { stack, service, name }, value);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rightsLost(
  { composeFile: live, env }: ComposeRecord,
  { composeFile, inputs }: Wanted,
  rightsOf: (text: string, env: Record<string, string>) => string[],
): string[] {
  if (composeFile === null) return [];
  const plain = Object.entries(inputs.env).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const kept = rightsOf(composeFile, Object.fromEntries(plain));
  return rightsOf(live ?? "", decodeEnv(env)).filter((name) => !kept.includes(name));
}

function volumesLeft(
  { composeFile: live, appName }: ComposeRecord,
  composeFile: string | null,
): ServiceAdoption["moved"] {
  if (composeFile === null) return [];
  const wanted = listVolumes(composeFile, appName);
  return listVolumes(live ?? "", appName)
    .filter(({ name }) => !wanted.some((volume) => volume.name === name))
    .map(({ key, name }) => ({ from: name, to: wanted.find((volume) => volume.key === key)?.name ?? null }));
}
