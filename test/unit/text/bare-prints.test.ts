import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");

/** Where something is written to a terminal or a log: each goes through one of the functions that show what is hidden. */
const SINKS = [
  "cli/print/live.ts",
  "cli/print/print.ts",
  "cli/print/problem.ts",
  "components/engine/say.ts",
  "automation/serve.ts",
  "automation/serve-engine.ts",
  // Constant words only.
  "automation/engine/child.ts",
  "stacks/check.ts",
  // Writes a page of the documentation.
  "stacks/config/config-reference.ts",
];

test("nobody else prints: what others wrote goes through a sink that makes it harmless", () => {
  const files = ["automation", "cli", "components", "stacks"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file}`),
  );
  const prints = files.filter((file) =>
    /\b(process\.(stdout|stderr)\.write|console\.\w+)\(/.test(readFileSync(join(ROOT, file), "utf8")),
  );
  expect(prints.filter((file) => !SINKS.includes(file))).toEqual([]);
});
