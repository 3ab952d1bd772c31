import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { configReference } from "../../../../stacks/config/config-reference.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/reference/config.md"), "utf8");
const reference = configReference();

it("is what docs/reference/config.md says: else run `node stacks/config/config-reference.ts > docs/reference/config.md`", () => {
  expect(page).toBe(reference);
});

it.each(reference.split("\n").filter((line) => line.startsWith("| `")))("explains %s", (row) => {
  expect(row).toMatch(/^\| `[\w:.[\]<…>]+` \| .+ \| .+ \| \S.+ \|$/);
});

it.each(["platform:suffix", "platform:vault.kv", "checks[].command", "sharedBuffers", "bootstrap:image.repository"])(
  "tells of %s",
  (key) => {
    expect(reference).toContain(`\n| \`${key}\` | `);
  },
);
