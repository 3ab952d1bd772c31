import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ConfigError, knownSecrets, readConfig, signingKeys, webhookSecrets } from "../../../automation/config.ts";
import { createVariables } from "../../../automation/environment.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (env: Record<string, string>) => readConfig(createVariables(env));
const GOOD = { GIT_REPO_URL: "https://example.org/platform.git", DATA_DIR: "/srv/data" };

test("needs the repository's address only", () => {
  expect(read(GOOD)).toMatchObject({
    host: "127.0.0.1",
    port: 8080,
    gitBranch: "main",
    databaseUrl: "sqlite:/srv/data/dockmaster.db",
    backendUrl: "file:///srv/data/state",
    requireV2: false,
    webhookTag: "create",
    runTimeoutMs: 1_800_000,
    concurrency: 2,
  });
});

test("names everything that is wrong at once", () => {
  const env = {
    PORT: "http",
    REQUIRE_V2: "yes",
    RUN_TIMEOUT: "1",
    DATABASE_URL: "mysql://x",
    PLATFORM_KEY_FILE: "/none",
  };
  const problems = (() => {
    try {
      read(env);
    } catch (error) {
      return (error as ConfigError).problems;
    }
  })();
  expect(problems?.map((problem) => problem.split(/[ :]/)[0]).sort()).toEqual(
    ["DATABASE_URL", "GIT_REPO_URL", "PLATFORM_KEY_FILE", "PORT", "REQUIRE_V2", "RUN_TIMEOUT"].sort(),
  );
});

test.each(["ext::sh -c date", "--upload-pack=touch", "https://example.org/a b", "fd::7", "relative/path"])(
  "refuses %s as a repository",
  (url) => {
    expect(() => read({ ...GOOD, GIT_REPO_URL: url })).toThrow(ConfigError);
  },
);

test.each(["https://e.org/x.git", "ssh://git@e.org/x", "git@e.org:x/y.git", "file:///srv/x.git", "/srv/x.git"])(
  "takes %s as a repository",
  (url) => {
    expect(read({ ...GOOD, GIT_REPO_URL: url }).gitUrl).toBe(url);
  },
);

test.each(["--all", "a..b", "-x", "a b", ""])("refuses %j as a branch", (branch) => {
  if (branch === "") expect(read({ ...GOOD, GIT_BRANCH: branch }).gitBranch).toBe("main");
  else expect(() => read({ ...GOOD, GIT_BRANCH: branch })).toThrow(/GIT_BRANCH/);
});

test("several webhook secrets are valid at once", () => {
  expect(webhookSecrets(createVariables({ WEBHOOK_SECRET: "one, two,," }))).toEqual(["one", "two"]);
  expect(webhookSecrets(createVariables({}))).toEqual([]);
});

test("a file's value is read again when the file changes, and kept while it cannot be read", () => {
  const file = join(folder, "secret");
  writeFileSync(file, "first\n");
  const variables = createVariables({ WEBHOOK_SECRET_FILE: file });
  expect(variables.get("WEBHOOK_SECRET")).toBe("first");
  writeFileSync(`${file}.new`, "second\n");
  renameSync(`${file}.new`, file);
  expect(variables.get("WEBHOOK_SECRET")).toBe("second");
  rmSync(file);
  expect(variables.get("WEBHOOK_SECRET")).toBe("second");
});

test("a variable that is set twice is an error", () => {
  expect(() => createVariables({ API_TOKEN: "x", API_TOKEN_FILE: "/y" }).get("API_TOKEN")).toThrow(/both set/);
});

test("the password in the repository's address is a secret too", () => {
  const secrets = knownSecrets(
    createVariables({ GIT_REPO_URL: "https://x:p%40ss@e.org/a", WEBHOOK_SECRET: "one,two" }),
  );
  expect(secrets).toEqual(expect.arrayContaining(["p%40ss", "p@ss", "one", "two", "one,two"]));
});

test("a value of two variables that sign is refused, for its owner would have the rights of both", () => {
  const problemsOf = (env: Record<string, string>) => {
    try {
      read({ ...GOOD, ...env });
    } catch (error) {
      return (error as ConfigError).problems;
    }
    return [];
  };
  const [one, two] = ["a".repeat(32), "b".repeat(32)];
  expect(problemsOf({ WEBHOOK_SECRET: one, PRODUCTION_SECRET: two })).toEqual([]);
  expect(problemsOf({ WEBHOOK_SECRET: `${two},${one}`, PRODUCTION_SECRET: one, PREVIEW_SECRET: two })).toEqual([
    expect.stringMatching(/^PRODUCTION_SECRET has a value of WEBHOOK_SECRET/),
    expect.stringMatching(/^PREVIEW_SECRET has a value of WEBHOOK_SECRET/),
  ]);
});

test("production stays guarded when the file of its secret is emptied, and a value that both got later has the lesser right", () => {
  const file = join(folder, "production-secret");
  const [webhook, production] = ["w".repeat(32), "p".repeat(32)];
  writeFileSync(file, production);
  const variables = createVariables({ WEBHOOK_SECRET: webhook, PRODUCTION_SECRET_FILE: file });
  const rights = () =>
    signingKeys(variables).map((key) => [key.secret, key.plain, key.rights.has("change:production")]);
  expect(rights()).toEqual([
    [webhook, true, false],
    [production, false, true],
  ]);
  writeFileSync(file, "");
  expect(rights()).toEqual([[webhook, true, false]]);
  writeFileSync(file, webhook);
  expect(rights()).toEqual([[webhook, true, false]]);
  expect(signingKeys(createVariables({ WEBHOOK_SECRET: webhook }))).toMatchObject([{ secret: webhook, plain: true }]);
  expect([...signingKeys(createVariables({ WEBHOOK_SECRET: webhook }))[0]!.rights]).toContain("change:production");
});
