import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");

/** CommonJS packages that a fresh process has loaded after importing a module of the program, and doing something with it. */
function loadedBy(module: string, after = ""): string[] {
  const script = `const module = await import(${JSON.stringify(join(ROOT, module))}); ${after}
    const { default: Module } = await import("node:module");
    const files = Object.keys(Module._cache).flatMap((file) => /node_modules\\/(@[^/]+\\/[^/]+|[^/]+)/.exec(file)?.[1] ?? []);
    console.log(JSON.stringify([...new Set(files)]));`;
  const options = { encoding: "utf8", cwd: ROOT } as const;
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], options));
}

it("the program of an environment loads no provider's SDK that it may not need", () => {
  const loaded = loadedBy("stacks/platform.ts");
  expect(loaded).toContain("@pulumi/pulumi");
  expect(loaded.filter((name) => /@pulumi\/(?!pulumi$)/.test(name))).toEqual([]);
});

it("what checks a stack loads nothing of Pulumi: nobody waits for it", () => {
  expect(loadedBy("stacks/plan.ts").filter((name) => name.startsWith("@pulumi/"))).toEqual([]);
});

it("what is loaded with Vault and with command checks is these SDKs", () => {
  expect(loadedBy("components/vault/deliver.ts")).toContain("@pulumi/vault");
  const after = (check: object) => `await module.loadChecks({}, [${JSON.stringify(check)}]);`;
  expect(loadedBy("components/platform/checks/checks.ts", after({ url: "x" }))).not.toContain("@pulumi/command");
  expect(loadedBy("components/platform/checks/checks.ts", after({ command: "x" }))).toContain("@pulumi/command");
});
