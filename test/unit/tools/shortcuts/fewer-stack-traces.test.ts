import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

/** What a program prints that was told to take fewer stack traces: JSON of its last value. */
function run(program: string, env: NodeJS.ProcessEnv = {}): unknown {
  const text = `
    import "./tools/shortcuts/fewer-stack-traces.ts";
    import * as pulumi from "@pulumi/pulumi";
    import debuggable from "@pulumi/pulumi/runtime/debuggable.js";
    const own = () => new Error("own").stack.split("\\n").length;
    ${program}`;
  const options = {
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    cwd: new URL("../../../..", import.meta.url),
    env: { ...process.env, ...env },
  } satisfies ExecFileSyncOptionsWithStringEncoding;
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", text], options));
}

const PROMISE = `
  const promise = new Promise(() => {});
  const before = own();
  debuggable.debuggablePromise(promise, "a promise");
  const [leaked] = debuggable.leakedPromises();
  process.removeAllListeners("exit");
  console.log(JSON.stringify([leaked.has(promise), promise._debugStackTrace.split("\\n").length > 1, own() - before]));`;

describe("Pulumi's SDK, in a program that asks for fewer stack traces", () => {
  it("makes none for a promise, still finds one that never settles, and leaves the program's own errors alone", () => {
    expect(run(PROMISE)).toEqual([true, false, 0]);
  });

  it("makes them for whoever looks for such a promise", () => {
    expect(run(PROMISE, { PULUMI_DEBUG_PROMISE_LEAKS: "1" })).toEqual([true, true, 0]);
  });

  it("makes them where the shortcuts are off", () => {
    const [leaks, promises] = run(PROMISE, { DOCKMASTER_SHORTCUTS: "off" }) as boolean[];
    expect([leaks, promises]).toEqual([true, true]);
    const trace = "console.log(JSON.stringify(pulumi.Resource.stackTrace(0).length > 0))";
    expect(run(trace, { DOCKMASTER_SHORTCUTS: "off" })).toBe(true);
  });

  it("writes none into state", () => {
    const program = `
      const seen = [];
      await pulumi.runtime.setMocks({
        newResource: (args) => (seen.push(args.type), { id: "id", state: args.inputs }),
        call: () => ({}),
      });
      new pulumi.CustomResource("a:b:C", "name", {});
      await pulumi.runtime.waitForRPCs?.();
      console.log(JSON.stringify([pulumi.Resource.stackTrace(0), seen]));
      process.exit();`;
    expect(run(program)).toEqual([[], ["a:b:C"]]);
  });
});
