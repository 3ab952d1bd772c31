import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PORT, renderRunner, SERVICE, STACK, SUFFIX } from "../../components/bootstrap/runner/compose.ts";
import { DOOR_SECRETS, isEngineSecret } from "../../components/bootstrap/runner/secrets.ts";
import type { MadeName } from "../../components/platform/names/name.ts";
import { type NamedStack, namesOfStack, secretName, vaultName } from "../../components/platform/names/of-stack.ts";
import { engineRoleName, kvMount, roleName } from "../../components/vault/api/paths.ts";
import { readServer } from "../config/config.ts";
import type { RawConfig } from "../config/raw-config.ts";
import { readSettings } from "./config.ts";
import { deployedStacks, planEngines } from "./engines.ts";

/** Every name that the bootstrap stack makes, as far as its config can be read; with stand-ins for what only the update tells. */
export function bootstrapNames(raw: RawConfig, folder: string): MadeName[] {
  const { runner, vault, domain } = readSettings(raw).sections;
  const { "dokploy:project": project = "platform", "vault:address": address } = raw.values;
  const layout = { project: String(project), kv: vault?.kv ?? "secret", approle: vault?.approle ?? "approle" };
  const more = runner?.secrets ?? [];
  const doors = more.filter((name) => !isEngineSecret(name));
  const signIn = "0".repeat(16);
  const engines = planEngines(deployedStacks(folder), {
    layout,
    runner: runner ?? { memory: "1g", env: {}, engines: {} },
    env: {},
    secrets: more.filter(isEngineSecret),
    vaultAddress: "https://vault.example.org",
    // Whether it is or not: the names are theirs.
    inVault: deployedStacks(folder),
  });
  const { rendered } = renderRunner(readFileSync(join(folder, "components/bootstrap/runner/compose.yaml"), "utf8"), {
    image: "stand-in:v0.0.0",
    memory: "1g",
    env: {},
    secrets: doors,
    vault: { address: "https://vault.example.org", approle: layout.approle, path: "stand-in" },
    signIn,
    engines: engines.map(({ settings }) => ({ ...settings, signIn })),
  });
  if (!rendered) return [];
  const stack: NamedStack = {
    stack: STACK,
    suffix: SUFFIX,
    project: layout.project,
    server: readServer(raw),
    vault: { layout, address: typeof address === "string" ? address : undefined },
    configPlace: (key) => ({ file: raw.file, ...raw.locate(key, []) }),
  };
  const routes = domain === undefined ? [] : [{ container: SERVICE, port: PORT, host: "iac" }];
  const secrets = [...DOOR_SECRETS, ...doors];
  const service = { service: { name: SERVICE }, description: { routes }, rendered: { ...rendered, secrets } };
  const made = namesOfStack(stack, [service], (label) => `${label}.${domain}`);
  const theirs = engines.flatMap(({ settings: { name, stack: whose, path, secrets: others }, names }) => [
    vaultName(stack, "", { kind: "Vault role", name: engineRoleName(layout, name), what: `engine worker of ${whose}` }),
    vaultName(stack, "", { kind: "Vault role", name: roleName(layout, STACK, name), what: `agent of ${name}` }),
    ...[...new Set([...names, ...others])].map((secret) => vaultName(stack, SERVICE, secretName(path, secret, secret))),
  ]);
  const { kept } = runner ?? {};
  if (kept === undefined) return [...made, ...theirs];
  const path = `${kvMount(layout)}/data/${kept}`;
  return [
    ...made.filter(({ kind }) => kind !== "secret in Vault"),
    ...secrets.map((secret) => vaultName(stack, SERVICE, secretName(path, secret, secret))),
    ...theirs,
  ];
}
