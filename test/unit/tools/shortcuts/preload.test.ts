import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { shortcutEnvironment } from "../../../../tools/shortcuts/environment.mjs";

/** What a process that the engine starts prints: JSON of the last expression's value. */
function run(program: string): unknown {
  const text = `(async () => console.log(JSON.stringify(await (async () => { ${program} })())))()`;
  const env = { ...process.env, ...shortcutEnvironment({}) };
  return JSON.parse(execFileSync(process.execPath, ["-e", text], { encoding: "utf8", env }));
}

const LOADED = `Object.keys(require.cache).map((file) => file.split("/node_modules/").at(-1))`;

describe("Pulumi, in a process of an update", () => {
  test("starts without the compiler, npm's tree, the Automation API, tracing and source maps", () => {
    const program = `require("@pulumi/pulumi"); require("@pulumi/pulumi/cmd/run/tracing"); return ${LOADED}`;
    const loaded = run(program) as string[];
    expect(loaded).toContain("@pulumi/pulumi/runtime/closure/parseFunction.js");
    expect(loaded).toContain("@pulumi/pulumi/cmd/run/tracing.js");
    const late = [
      /^(typescript|@npmcli\/arborist|normalize-package-data|source-map-support|@opentelemetry\/(?!api\/)[^/]+)\//,
      /^@pulumi\/pulumi\/(automation\/|typescript-shim|vendor\/typescript)/,
    ];
    expect(loaded.filter((file) => late.some((pattern) => pattern.test(file)))).toEqual([]);
  });

  test("leaves stack traces as Node makes them and connects to no debugger", () => {
    const program = `const own = Error.prepareStackTrace;
      const load = require("node:module").createRequire(require.resolve("@pulumi/pulumi/cmd/run/index.js"));
      load("source-map-support/register");
      await load("../../runtime/closure/v8Hooks").isInitializedAsync();
      const kept = Error.prepareStackTrace === own;
      const debugged = process.moduleLoadList.includes("NativeModule inspector");
      require("source-map-support/register");
      return [kept, debugged, Error.prepareStackTrace === own]`;
    expect(run(program)).toEqual([true, false, false]);
  });

  test("still traces when it is asked to", () => {
    const program = `const tracing = require("@pulumi/pulumi/cmd/run/tracing");
      const before = tracing.newSpan("before").isRecording();
      tracing.start("http://127.0.0.1:9/api/v2/spans");
      return [before, tracing.newSpan("after").isRecording()]`;
    expect(run(program)).toEqual([false, true]);
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
  const { NODE_OPTIONS } = shortcutEnvironment({});
  const given = { NODE_OPTIONS: "--max-old-space-size=512", NODE_COMPILE_CACHE: "/cache" };
  expect(shortcutEnvironment(given)).toEqual({
    NODE_OPTIONS: `--max-old-space-size=512 ${NODE_OPTIONS}`,
    NODE_COMPILE_CACHE: "/cache",
  });
});

test("nothing is added where the shortcuts are off", () => {
  expect(shortcutEnvironment({ DOCKMASTER_SHORTCUTS: "off", NODE_OPTIONS: "--trace-warnings" }, "/cache")).toEqual({});
});
