import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { affectedServices } from "../../../../../automation/domain/releases/affected.ts";

const root = new URL("../../../../..", import.meta.url).pathname;

/** What changes no service, though a program starts with it: how it is run, and what only `bootstrap` has. */
const CHANGES_NO_SERVICE = /^(?:tools\/shortcuts\/|components\/bootstrap\/|stacks\/bootstrap)/;

/** Every file of the repository that a release's program reads, from where the engine begins. */
function importedBy(...entries: string[]): string[] {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file) || CHANGES_NO_SERVICE.test(file)) return;
    found.add(file);
    const imports = readFileSync(join(root, file), "utf8").matchAll(/(?:from|import|import\()\s*"(\.{1,2}\/[^"]+)"/g);
    for (const [, path = ""] of imports) visit(relative(root, join(root, dirname(file), path)));
  };
  entries.forEach(visit);
  return [...found].sort();
}

test("every file that a release's program is made of touches services when it changes", () => {
  const files = importedBy("stacks/index.ts", "components/dokploy/provider.ts", "components/vault/provider.ts");
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => file.startsWith("text/"))).not.toEqual([]);
  const services = ["postgres", "redis", "authentik", "minio"];
  expect(files.filter((file) => affectedServices([file], services).services.length === 0)).toEqual([]);
});
