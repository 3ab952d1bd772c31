import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const ROOMS = [
  "automation/watch",
  "cli/runner",
  "components/vault/api",
  "stacks/bootstrap",
  "emulator/demo",
  "tools/setup",
];

const REFUSED = [
  'export const y = () => fetch("https://x");\n',
  "export const send = fetch;\n",
  'export const y = () => globalThis.fetch("https://x");\n',
  'export const y = () => global["fetch"]("https://x");\n',
  'import http from "node:http";\nexport const y = http;\n',
  'import { request } from "node:https";\nexport const y = request;\n',
  'import * as https from "https";\nexport const y = https;\n',
  'export const y = async () => (await import("node:https")).get("https://x");\n',
  'import { fetch } from "undici";\nexport const y = fetch;\n',
  'export { request } from "node:http";\n',
  'export const y = () => new WebSocket("wss://x");\n',
];

const ALLOWED = [
  'import { request } from "../../tools/outgoing/request.mjs";\nexport const y = request;\n',
  "export const y = (mirror: { fetch(): void }) => mirror.fetch();\n",
  'import { createServer } from "node:net";\nexport const y = createServer;\n',
];

let folder: string;
let found: Set<string>;
const files = new Map<string, string>();
for (const room of ROOMS) {
  for (const [name, texts] of Object.entries({ refused: REFUSED, allowed: ALLOWED })) {
    for (const [index, text] of texts.entries()) files.set(`${room}/${name}-${index}.ts`, text);
  }
}

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "dockmaster-one-way-")));
  const { $schema: _, vcs: __, ...config } = JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8"));
  writeFileSync(join(folder, "biome.json"), JSON.stringify(config));
  cpSync(join(ROOT, "tools/outgoing"), join(folder, "tools/outgoing"), { recursive: true });
  for (const [file, text] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const words = ["lint", "--max-diagnostics=none", "--reporter=github", "."];
  let said = "";
  try {
    said = execFileSync(join(ROOT, "node_modules/.bin/biome"), words, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    said = (error as { stdout: string }).stdout;
  }
  const ours = said.split("\n").filter((line) => /noRestrictedGlobals|tools\/outgoing\/request\.mjs/.test(line));
  found = new Set(ours.map((line) => relative(folder, /file=([^,]+)/.exec(line)?.[1] ?? "")));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const missed = (kind: string, isFound: boolean) =>
  [...files].filter(([file]) => file.includes(`/${kind}-`) && found.has(file) !== isFound);

test("the linter refuses every way out but the one", () => {
  expect(missed("refused", true)).toEqual([]);
});

test("and nothing else", () => {
  expect(missed("allowed", false)).toEqual([]);
});
