import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Live } from "../print/live.ts";
import { CliError } from "../problem.ts";
import { differences, secretsToKeep, type Wanted } from "./adopted-service.ts";
import type { Checkout } from "./checkout.ts";
import type { LiveCompose } from "./dokploy.ts";
import { previewWords } from "./preview.ts";
import { encryptSecret } from "./secret/encrypt.ts";
import { readGiven, withSetting } from "./stack-file.ts";
import { runOnStack } from "./stack-run.ts";
import { volumesOf } from "./volumes.ts";

/** What taking over Compose projects means. */
export interface Adoption {
  /** The stack's file that does it. */
  stackFile: string;
  services: ServiceAdoption[];
}

/** What taking over one Compose project means. */
export interface ServiceAdoption {
  service: string;
  /** What would change, by key; nothing: no container restarts. */
  changes: string[];
  /** Secrets whose values on Dokploy stay in use: they are in the stack's file, encrypted. */
  kept: string[];
  /** Volumes that it uses today and will not use afterwards; `to` is what it will use in their place. */
  moved: { from: string; to: string | null }[];
  /** The compose file as it is on Dokploy, and as it will be. */
  composeFile: { from: string; to: string };
}

/** A service and the Compose project that it takes over. */
export interface Adopted {
  service: string;
  compose: LiveCompose;
}

/** Finds out, by previews of a stack file that adopts, what taking over would mean. Nothing is written. Throws CliError. */
export async function planAdoption(checkout: Checkout, stack: string, all: Adopted[], live: Live): Promise<Adoption> {
  const before = readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8");
  const plain = all.reduce((text, { service }) => withSetting(text, service, "adopt", true), before);
  const first = await previewWith(checkout, stack, plain, live);
  const values = all.flatMap(({ service, compose }) =>
    secretsToKeep(compose, find(first, service), readGiven(before, service)).map((secret) => ({ service, ...secret })),
  );
  const stackFile = values.length === 0 ? plain : await withSecrets(checkout, stack, plain, values);
  const last = values.length === 0 ? first : await previewWith(checkout, stack, stackFile, live);
  const services = all.map(({ service, compose }): ServiceAdoption => {
    // With a given secret the engine masks every value of the service: the plain ones are known from before.
    const wanted = { ...find(last, service), env: find(first, service).env };
    const kept = values.filter((value) => value.service === service).map(({ name }) => name);
    return {
      service,
      changes: differences(compose, wanted, kept),
      kept,
      moved: volumesLeft(compose, wanted.composeFile),
      composeFile: { from: compose.composeFile ?? "", to: wanted.composeFile },
    };
  });
  return { stackFile, services };
}

function find(wanted: Map<string, Wanted>, service: string): Wanted {
  const found = wanted.get(service);
  if (found) return found;
  throw new CliError("not_planned", `The preview left ${service} out`, "Look at it: dockmaster preview");
}

/** What the program wants of the services that it would make. */
async function previewWith(checkout: Checkout, stack: string, stackFile: string, live: Live) {
  const wanted = new Map<string, Wanted>();
  const run = await runOnStack(checkout, stack, previewWords({}), live, {
    editConfig: () => stackFile,
    onRaw: ({ resOutputsEvent }) => {
      const step = resOutputsEvent?.metadata;
      if (step?.op !== "create" || !step.urn.includes("dokploy:Compose::")) return;
      const { composeFile, env, domains } = step.new?.inputs ?? {};
      wanted.set(step.urn.split("::").at(-1) ?? "", { composeFile: String(composeFile), env, domains });
    },
  });
  if (run.ok) return wanted;
  const { code = "failed", message = "the preview failed", hint = "dockmaster preview shows more" } = run.cause ?? {};
  throw new CliError(code, message, hint);
}

async function withSecrets(
  checkout: Checkout,
  stack: string,
  text: string,
  values: { service: string; name: string; value: string }[],
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

function volumesLeft(compose: LiveCompose, composeFile: string): ServiceAdoption["moved"] {
  const wanted = volumesOf({ appName: compose.appName, composeFile });
  const names = [...wanted.values()];
  return [...volumesOf(compose)]
    .filter(([, name]) => !names.includes(name))
    .map(([key, from]) => ({ from, to: wanted.get(key) ?? null }));
}
