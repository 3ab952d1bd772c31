import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withPlugin } from "./plugins.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-plugins-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a real plugin on PATH is used as it is", () => {
  const program = join(folder, "pulumi-resource-vault");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  expect(withPlugin("vault", { PATH: folder, PULUMI_HOME: folder })).toMatchObject({ kind: "real", path: folder });
});

test("a real plugin that the engine installed is used as it is", () => {
  mkdirSync(join(folder, "plugins/resource-vault-v7.8.0"), { recursive: true });
  expect(withPlugin("vault", { PATH: "", PULUMI_HOME: folder })).toMatchObject({ kind: "real", path: "" });
});

test("without one the stand-in comes first, alone in its folder, and goes away again", () => {
  const plugin = withPlugin("vault", { PATH: "/usr/bin", PULUMI_HOME: folder });
  const [first = "", rest] = plugin.path.split(":");
  expect(plugin.kind).toBe("stand-in");
  expect(rest).toBe("/usr/bin");
  expect(existsSync(join(first, "pulumi-resource-vault"))).toBe(true);
  plugin.remove();
  expect(existsSync(first)).toBe(false);
});
