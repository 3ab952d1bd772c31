import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toService } from "../../domain/outcome.ts";
import type { Live } from "../print/live.ts";
import { CliError } from "../problem.ts";
import { differences, givenToday, type KeptSecret, secretsToKeep, type Wanted } from "./adopted-service.ts";
import type { Checkout } from "./checkout.ts";
import type { LiveCompose } from "./dokploy.ts";
import { previewWords } from "./preview.ts";
import { encryptSecret } from "./secret/encrypt.ts";
import { readGivenValue } from "./stack-config.ts";
import { readGiven, withSetting } from "./stack-file.ts";
import { runOnStack } from "./stack-run.ts";
import { volumesOf } from "./volumes.ts";

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
  /** The compose file as it is on Dokploy, and as it will be; null when only the update knows it. */
  composeFile: { from: string; to: string | null };
}

/** A service and the Compose project that it takes over. */
export interface Adopted {
  service: string;
  compose: LiveCompose;
}

/** Finds out, by previews of a stack file that adopts, what taking over would mean. Nothing is written. Throws CliError. */
export async function planAdoption(checkout: Checkout, stack: string, all: Adopted[], live: Live): Promise<Adoption> {
  const before = readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8");
  const names = all.map(({ service }) => service);
  const plain = all.reduce((text, { service }) => withSetting(text, service, "adopt", true), before);
  const first = await previewWith(checkout, stack, plain, names, live);
  const values = all.flatMap(({ service, compose }) =>
    secretsToKeep(compose, find(first, service), readGiven(before, service)).map((secret) => ({ service, ...secret })),
  );
  const given = values.filter(({ path }) => path === undefined);
  const stackFile = given.length === 0 ? plain : await withSecrets(checkout, stack, plain, given);
  const last = given.length === 0 ? first : await previewWith(checkout, stack, stackFile, names, live);
  const services = all.map(async ({ service, compose }): Promise<ServiceAdoption> => {
    // With a given secret the engine masks every value of the service: the plain ones are known from before.
    const wanted = { ...find(last, service), env: find(first, service).env };
    const kept = values.filter((value) => value.service === service).map(({ name }) => name);
    const equal = await equalGiven(checkout, stack, service, givenToday(compose, wanted, readGiven(before, service)));
    return {
      service,
      changes: differences(compose, wanted, [...kept, ...equal]),
      kept,
      moved: volumesLeft(compose, wanted.composeFile),
      composeFile: { from: compose.composeFile ?? "", to: wanted.composeFile },
    };
  });
  const vault = values.flatMap(({ path, name, value }) => (path === undefined ? [] : [{ path, name, value }]));
  return { stackFile, services: await Promise.all(services), vault };
}

/** Names of given secrets that have the value which is in use on Dokploy, like those of an import before this one. */
async function equalGiven(checkout: Checkout, stack: string, service: string, today: [name: string, value: string][]) {
  const names = await Promise.all(
    today.map(async ([name, value]) =>
      (await readGivenValue(checkout, { stack, service, name })) === value ? [name] : [],
    ),
  );
  return names.flat();
}

function find(wanted: Map<string, Wanted>, service: string): Wanted {
  const found = wanted.get(service);
  if (found) return found;
  throw new CliError("not_planned", `The preview left ${service} out`, "Look at it: dockmaster preview");
}

/** How the engine writes a value that a preview does not know yet (pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What the program wants of the services that it would make. */
async function previewWith(
  checkout: Checkout,
  stack: string,
  stackFile: string,
  services: string[],
  live: Live,
): Promise<Map<string, Wanted>> {
  const wanted = new Map<string, Wanted>();
  const inVault = new Map<string, Wanted["inVault"]>();
  const run = await runOnStack(checkout, stack, previewWords({}), live, {
    editConfig: () => stackFile,
    onRaw: ({ resOutputsEvent }) => {
      const step = resOutputsEvent?.metadata;
      const service = step && toService(step.urn, services);
      if (service === undefined || step?.op !== "create") return;
      const { path, fields = {}, composeFile, env, domains } = step.new?.inputs ?? {};
      if (step.urn.includes("vault:Secrets::")) {
        const places = Object.keys(fields).map((field) => ({ path: String(path), field }));
        inVault.set(service, [...(inVault.get(service) ?? []), ...places]);
      } else if (step.urn.includes("dokploy:Compose::")) {
        const text = composeFile === UNKNOWN ? null : String(composeFile);
        wanted.set(service, { composeFile: text, env, domains, inVault: [] });
      }
    },
  });
  if (run.ok) return new Map([...wanted].map(([name, each]) => [name, { ...each, inVault: inVault.get(name) ?? [] }]));
  const { code = "failed", message = "the preview failed", hint = "dockmaster preview shows more" } = run.cause ?? {};
  throw new CliError(code, message, hint);
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

function volumesLeft(compose: LiveCompose, composeFile: string | null): ServiceAdoption["moved"] {
  if (composeFile === null) return [];
  const wanted = volumesOf({ appName: compose.appName, composeFile });
  const names = [...wanted.values()];
  return [...volumesOf(compose)]
    .filter(([, name]) => !names.includes(name))
    .map(([key, from]) => ({ from, to: wanted.get(key) ?? null }));
}
