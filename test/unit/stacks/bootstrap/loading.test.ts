import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = new URL("../../../..", import.meta.url).pathname;

/** Everything that is loaded with a file: what it imports, and so on. Not what it imports when something is called. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.endsWith(".ts")) return seen;
  const text = readFileSync(join(ROOT, file), "utf8").replaceAll(/import type [^;]*;/g, "");
  for (const [, name = ""] of text.matchAll(/^(?:import|export)[^;"]*"([^"]+)";/gm)) {
    loadedWith(name.startsWith(".") ? relative(ROOT, join(ROOT, dirname(file), name)) : name, seen);
  }
  return seen;
}

describe("an update of an environment", () => {
  test.each(["stacks/index.ts", "stacks/platform.ts"])("loads nothing that only bootstrap needs with %s", (file) => {
    const loaded = loadedWith(file);
    for (const name of ["@pulumi/docker", "@pulumi/github", "stacks/bootstrap.ts"])
      expect([...loaded]).not.toContain(name);
  });
});

test("bootstrap does load them", () => {
  const loaded = [...loadedWith("stacks/bootstrap.ts")];
  expect(loaded).toEqual(
    expect.arrayContaining(["@pulumi/docker", "@pulumi/github", "@pulumi/command", "@pulumi/vault"]),
  );
});
