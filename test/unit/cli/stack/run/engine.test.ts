import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { changesPlatform, runEngine } from "../../../../../cli/stack/run/engine.ts";
import { ENGINE_PROGRAMS, ENGINE_VERSION } from "../../../../../tools/engine-path.mjs";

test.each<[string, string[], boolean]>([
  ["staging", ["up", "--refresh"], true],
  ["staging", ["refresh", "--yes"], true],
  ["staging", ["destroy", "--yes"], true],
  ["staging", ["preview"], false],
  ["staging", ["refresh", "--preview-only"], false],
  ["staging", ["destroy", "--preview-only"], false],
  ["bootstrap", ["up", "--refresh"], false],
])("of %s, `pulumi %s` writes a state that may be written once: %s", (stack, words, expected) => {
  expect(changesPlatform(stack, words)).toBe(expected);
});

test("Ctrl-C while the stack's file is read keeps the engine from starting", async () => {
  const folder = mkdtempSync(join(tmpdir(), "interrupted-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "bin"));
  for (const name of ENGINE_PROGRAMS) {
    const script = `#!/bin/sh
[ "$1" = version ] && echo v${ENGINE_VERSION}
[ "$1" = config ] && touch ${folder}/reading && sleep 0.3 && echo '{}'
[ "$1" = up ] && touch ${folder}/updating
exit 0
`;
    writeFileSync(join(folder, "bin", name), script);
    chmodSync(join(folder, "bin", name), 0o755);
  }
  writeFileSync(join(folder, "Pulumi.yaml"), "name: dockmaster\n");
  writeFileSync(join(folder, "Pulumi.staging.yaml"), "config:\n  platform:key: {secure: v1:abc}\n");
  vi.stubEnv("PATH", [join(folder, "bin"), process.env.PATH].join(delimiter));
  vi.stubEnv("PULUMI_BACKEND_URL", "s3://nowhere");
  vi.stubEnv("PLATFORM_KEY", "");
  onTestFinished(() => void vi.unstubAllEnvs());

  const run = runEngine({ folder, stacks: ["staging"] }, "staging", ["up"], { onEvent: () => {} });
  await vi.waitFor(() => expect(existsSync(join(folder, "reading"))).toBe(true), 5_000);
  process.emit("SIGINT");
  expect(await run).toMatchObject({ result: "failed", said: "canceled before the engine started" });
  expect(existsSync(join(folder, "updating"))).toBe(false);
});
