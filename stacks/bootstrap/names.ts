import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PORT, renderRunner, SERVICE, STACK, SUFFIX } from "../../components/bootstrap/runner/compose.ts";
import type { MadeName } from "../../components/platform/names/name.ts";
import { type NamedStack, namesOfStack, secretName, vaultName } from "../../components/platform/names/of-stack.ts";
import { kvMount, runnerRoleName } from "../../components/vault/api/paths.ts";
import { readServer } from "../config/config.ts";
import type { RawConfig } from "../config/raw-config.ts";
import { readSettings } from "./config.ts";

/** Every name that the bootstrap stack makes, as far as its config can be read; with stand-ins for what only the update tells. */
export function bootstrapNames(raw: RawConfig, folder: string): MadeName[] {
  const { runner, vault, domain } = readSettings(raw).sections;
  const { "dokploy:project": project = "platform", "vault:address": address } = raw.values;
  const layout = { project: String(project), kv: vault?.kv ?? "secret", approle: vault?.approle ?? "approle" };
  const { rendered } = renderRunner(readFileSync(join(folder, "components/bootstrap/runner/compose.yaml"), "utf8"), {
    image: "stand-in:v0.0.0",
    memory: "1g",
    env: {},
    secrets: runner?.secrets ?? [],
    vault: { address: "https://vault.example.org", approle: layout.approle, path: "stand-in" },
    signIn: "0".repeat(16),
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
  const service = { service: { name: SERVICE }, description: { routes }, rendered };
  const made = namesOfStack(stack, [service], (label) => `${label}.${domain}`);
  const itself = vaultName(stack, "", { kind: "Vault role", name: runnerRoleName(layout), what: "the runner" });
  const { kept } = runner ?? {};
  if (kept === undefined) return [...made, itself];
  const path = `${kvMount(layout)}/data/${kept}`;
  return [
    ...made.filter(({ kind }) => kind !== "secret in Vault"),
    ...rendered.secrets.map((secret) => vaultName(stack, SERVICE, secretName(path, secret, secret))),
    itself,
  ];
}
