import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { nodeOptions } from "../../../tools/engine-path.mjs";

/** What a process that the engine starts prints: JSON of the last expression's value. */
function run(program: string): unknown {
  const text = `(async () => console.log(JSON.stringify(await (async () => { ${program} })())))()`;
  const env = { ...process.env, NODE_OPTIONS: nodeOptions() };
  return JSON.parse(execFileSync(process.execPath, ["-e", text], { encoding: "utf8", env }));
}

const LOADED = `Object.keys(require.cache).map((file) => file.split("/node_modules/").at(-1))`;

describe("Pulumi, in a process of an update", () => {
  test("starts without the compiler, npm's tree and the Automation API", () => {
    const loaded = run(`require("@pulumi/pulumi"); return ${LOADED}`) as string[];
    expect(loaded).toContain("@pulumi/pulumi/runtime/closure/parseFunction.js");
    const late =
      /^(typescript|@npmcli\/arborist)\/|^@pulumi\/pulumi\/(automation\/|typescript-shim|vendor\/typescript)/;
    expect(loaded.filter((file) => late.test(file))).toEqual([]);
  });

  test("still writes a function into state", () => {
    const { text } = run(
      `const { runtime } = require("@pulumi/pulumi");
       const captured = 41;
       return await runtime.serializeFunction(() => captured + 1)`,
    ) as { text: string };
    expect(text).toContain("captured + 1");
    expect(text).toContain("captured: 41");
  });

  test("still finds the packages that a function needs", () => {
    const paths = run(`return [...(await require("@pulumi/pulumi").runtime.computeCodePaths()).keys()]`) as string[];
    expect(paths).toContain("node_modules/semver");
  });

  test("still has the Automation API, member by member", () => {
    const [direct, late] = ['require("@pulumi/pulumi/automation")', 'require("@pulumi/pulumi").automation'].map(
      (path) =>
        run(
          `const api = ${path}; return [Object.keys(api).sort(), "LocalWorkspace" in api, typeof api.LocalWorkspace]`,
        ),
    );
    expect(late).toEqual(direct);
    expect(late).toEqual([expect.arrayContaining(["LocalWorkspace"]), true, "function"]);
  });
});

test("options that were given stay", () => {
  expect(nodeOptions("--max-old-space-size=512")).toBe(`--max-old-space-size=512 ${nodeOptions()}`);
});
