import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, parse, parseDocument } from "yaml";
import type { Checkout } from "./checkout.ts";

/** The `config` of a stack's file as it is written; secrets are not decrypted. */
export function readStackConfig({ folder }: Checkout, stack: string): Record<string, unknown> {
  return configOf(readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8"));
}

/** Changes a stack's file in one step: it is never seen half-written. */
export function editStackFile({ folder }: Checkout, stack: string, edit: (text: string) => string): void {
  const file = join(folder, `Pulumi.${stack}.yaml`);
  const aside = `${file}.new`;
  writeFileSync(aside, edit(readFileSync(file, "utf8")));
  renameSync(aside, file);
}

/** The text of a stack file with one setting of a service; comments and everything else stay. */
export function withSetting(text: string, service: string, setting: string, value: unknown): string {
  const document = parseDocument(text);
  const path = ["config", `platform:${service}`];
  for (const depth of [1, 2]) {
    // A key without a value is there, but nothing can be put below it.
    const above = path.slice(0, depth);
    if (!isMap(document.getIn(above))) document.setIn(above, document.createNode({}));
  }
  document.setIn([...path, setting], value);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Which round of generated secrets a stack file asks for of a service; 1 unless it says so. */
export function readVersion(text: string, service: string): number {
  return Number(parseDocument(text).getIn(["config", `platform:${service}`, "secretVersion"]) ?? 1);
}

/** Names of the secrets of a service whose values a stack file gives. */
export function readGiven(text: string, service: string): string[] {
  const settings = configOf(text)[`platform:${service}`] as { secrets?: object } | null | undefined;
  return Object.keys(settings?.secrets ?? {});
}

function configOf(text: string): Record<string, unknown> {
  return (parse(text) as { config?: Record<string, unknown> } | null)?.config ?? {};
}
