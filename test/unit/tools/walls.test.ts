import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");

/** Who may not import what, each wall at its rooms. */
const REFUSED: [from: string, imports: string[]][] = [
  ["components", ["../automation/config.ts", "../cli/main.ts", "../stacks/plan.ts"]],
  ["components/dokploy", ["../../automation/config.ts", "../../cli/main.ts", "../../stacks/plan.ts"]],
  ["components/look", ["../../automation/config.ts", "../../cli/main.ts", "../../stacks/plan.ts"]],
  ["components/compose", ["node:fs", "../dokploy/api/client.ts", "../../automation/config.ts"]],
  ["components/compose/reading", ["node:fs", "../../dokploy/api/client.ts", "../../../stacks/plan.ts"]],
  ["components/dokploy/rules", ["node:fs", "node:timers/promises", "../provider.ts", "../../../automation/config.ts"]],
  ["components/dokploy/rules/data", ["node:fs", "../../provider.ts", "../../../../automation/config.ts"]],
  ["automation", ["../components/dokploy/read.ts", "../stacks/plan.ts", "../cli/main.ts"]],
  ["automation/http", ["../../components/dokploy/api/client.ts", "../../stacks/plan.ts", "../../cli/main.ts"]],
  ["automation/store/stack", ["../../../components/look/look.ts", "../../../stacks/plan.ts", "../../../cli/main.ts"]],
  ...["work", "engine", "state"].map((room): [string, string[]] => [
    `automation/${room}`,
    [
      ...["store/store", "store/database/database", "store/stack/holds"],
      ...["http/server", "notify/outbox", "accept/runs", "claim/worker", "api/requests", "answer/report"],
      ...["git/mirror", "dispatch/dispatch", "watch/health", "variables", "config", "start"],
      ...["../components/dokploy/read", "../stacks/plan", "../cli/main"],
    ].map((path) => `../${path}.ts`),
  ]),
  ...["engine", "state"].map((room): [string, string[]] => [`automation/${room}`, ["../../components/look/look.ts"]]),
  ["text", ["node:fs", "zod", "../automation/config.ts", "../components/dokploy/api/mask.ts"]],
  ["text/mask", ["node:fs", "zod", "../../automation/config.ts"]],
  ["automation/domain", ["node:fs", "zod", "../errors.ts"]],
  ["automation/domain/releases", ["node:fs", "zod", "../../errors.ts"]],
  ...["cli", "cli/stack", "cli/stack/run"].map((room): [string, string[]] => [
    room,
    [
      ...["dokploy/provider", "compose/render", "vault/secrets", "bootstrap/runner/compose", "postgres/index"].map(
        (path) => `components/${path}`,
      ),
      ...["variables", "start", "store/store", "work/update", "http/server", "accept/runs", "notify/outbox"].map(
        (path) => `automation/${path}`,
      ),
      ...["stacks/index", "stacks/catalogue", "stacks/bootstrap/plan"],
    ].map((path) => `${room.replaceAll(/[^/]+/g, "..")}/${path}.ts`),
  ]),
];

const ALLOWED: [from: string, imports: string[]][] = [
  ["text/mask", ["./find.ts"]],
  ["automation/work", ["../../text/characters.ts", "../../components/look/look.ts", "../../components/look/left.ts"]],
  ["automation/store/stack", ["../../../components/look/left.ts", "../run/rows.ts", "../database/database.ts"]],
  ["components/look", ["../dokploy/same-server.ts", "../vault/observe.ts", "../../text/characters.ts"]],
  ["components/dokploy", ["../../text/mask/mask.ts"]],
  ["automation/domain/releases", ["../run.ts", "semver"]],
  ["components/dokploy/rules", ["../api/schema.ts", "../../compose/names.ts", "yaml"]],
  [
    "cli/stack",
    [
      ...["dokploy/api/client", "dokploy/rules/diff", "vault/api/client", "look/look", "platform/names/name"].map(
        (path) => `../../components/${path}.ts`,
      ),
      ...["api/views", "domain/releases/release", "git/git", "state/locks"].map(
        (path) => `../../automation/${path}.ts`,
      ),
      ...["../../stacks/plan.ts", "../../stacks/config/config.ts", "@pulumi/pulumi/automation/index.js"],
    ],
  ],
];

const FORMS: ((path: string) => string)[] = [
  (path) => `import { x } from "${path}";\nexport const y = x;\n`,
  (path) => `import type { X } from "${path}";\nexport type Y = X;\n`,
  (path) => `export const y = () => import("${path}");\n`,
  (path) => `export * from "${path}";\n`,
];

/** Every import of a table in every form, by the file that has it. */
function filesOf(table: typeof REFUSED, name: string): Map<string, string> {
  return new Map(
    table.flatMap(([from, imports], row) =>
      imports.flatMap((path, column) =>
        FORMS.map((form, each): [string, string] => [`${from}/${name}-${row}-${column}-${each}.ts`, form(path)]),
      ),
    ),
  );
}

const refused = filesOf(REFUSED, "refused");
const allowed = filesOf(ALLOWED, "allowed");
let folder: string;
let found: Set<string>;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "dockmaster-walls-")));
  const { $schema: _, vcs: __, ...config } = JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8"));
  writeFileSync(join(folder, "biome.json"), JSON.stringify(config));
  cpSync(join(ROOT, "tools/outgoing"), join(folder, "tools/outgoing"), { recursive: true });
  for (const [file, text] of [...refused, ...allowed]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const words = ["lint", "--only=style/noRestrictedImports", "--max-diagnostics=none", "--reporter=github", "."];
  let said = "";
  try {
    said = execFileSync(join(ROOT, "node_modules/.bin/biome"), words, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    said = (error as { stdout: string }).stdout;
  }
  found = new Set(
    [...said.matchAll(/noRestrictedImports,file=([^,]+)/g)].map(([, file = ""]) => relative(folder, file)),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the linter refuses every import through a wall, whatever its form", () => {
  expect([...refused].filter(([file]) => !found.has(file)).map(([file, text]) => `${dirname(file)}: ${text}`)).toEqual(
    [],
  );
});

test("and none that may be", () => {
  expect([...allowed].filter(([file]) => found.has(file)).map(([file, text]) => `${dirname(file)}: ${text}`)).toEqual(
    [],
  );
});
