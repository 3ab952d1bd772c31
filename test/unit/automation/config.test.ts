import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  apiToken,
  ConfigError,
  knownSecrets,
  readConfig,
  secretProblems,
  shortSecrets,
  signingKeys,
  webhookSecrets,
} from "../../../automation/config.ts";
import { createVariables } from "../../../automation/environment.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (env: Record<string, string>) => readConfig(createVariables(env));
const [ONE, TWO, OLD] = ["one", "two", "old"].map((name) => `${name}-of-at-least-32-characters-here`) as [
  string,
  string,
  string,
];
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

// Oftener than once a second would be a load of its own; a timer of Node that is longer than 2^31 ms ends at once.
test.each([
  ["WATCH_INTERVAL", "abc", "must be a number of seconds"],
  ["WATCH_INTERVAL", "-1", "must be at least 0 seconds"],
  ["WATCH_INTERVAL", "0.5", "must be 0 (never) or at least 1 second"],
  ["WATCH_INTERVAL", "1e9", "must be at most 86400 seconds"],
  ["RUN_TIMEOUT", "1e9", "must be at most 2147483 seconds"],
])("refuses %s=%s", (name, value, why) => {
  expect(() => read({ ...GOOD, [name]: value })).toThrow(`${name} ${why}`);
});

test.each([
  ["0", 0],
  ["1", 1_000],
  ["60", 60_000],
])("takes WATCH_INTERVAL=%s", (value, ms) => {
  expect(read({ ...GOOD, WATCH_INTERVAL: value }).watchIntervalMs).toBe(ms);
});

test.each(["--all", "a..b", "-x", "a b", ""])("refuses %j as a branch", (branch) => {
  if (branch === "") expect(read({ ...GOOD, GIT_BRANCH: branch }).gitBranch).toBe("main");
  else expect(() => read({ ...GOOD, GIT_BRANCH: branch })).toThrow(/GIT_BRANCH/);
});

test("several webhook secrets are valid at once", () => {
  const variables = createVariables({ WEBHOOK_SECRET: `${ONE}, ${TWO}`, WEBHOOK_SECRET_OLD: OLD });
  expect(webhookSecrets(variables)).toEqual([ONE, TWO]);
  expect(signingKeys(variables)).toEqual([
    expect.not.objectContaining({ old: true }),
    expect.not.objectContaining({ old: true }),
    expect.objectContaining({ secret: OLD, plain: true, old: true }),
  ]);
  expect(webhookSecrets(createVariables({}))).toEqual([]);
});

test.each<[string, Record<string, string>, RegExp[]]>([
  [
    "a short one",
    { WEBHOOK_SECRET: "short" },
    [/^WEBHOOK_SECRET has 5 characters, at least 32 are needed: make one with `openssl rand -hex 32`$/],
  ],
  ["one of 31", { WEBHOOK_SECRET: "x".repeat(31) }, [/^WEBHOOK_SECRET has 31 characters/]],
  ["a short part", { WEBHOOK_SECRET: `${ONE},short` }, [/^WEBHOOK_SECRET: part 2 of 2 has 5 characters/]],
  [
    "a part of spaces",
    { WEBHOOK_SECRET: `${ONE}, ,${TWO}` },
    [/^WEBHOOK_SECRET: part 2 of 3 is empty: take out the comma/],
  ],
  ["a comma at the end", { WEBHOOK_SECRET: `${ONE},` }, [/^WEBHOOK_SECRET: part 2 of 2 is empty/]],
  ["a comma alone", { WEBHOOK_SECRET: "," }, [/part 1 of 2 is empty/, /part 2 of 2 is empty/]],
  [
    "a short one of before",
    { WEBHOOK_SECRET: ONE, WEBHOOK_SECRET_OLD: "short" },
    [/^WEBHOOK_SECRET_OLD has 5 characters/],
  ],
  ["one of before alone", { WEBHOOK_SECRET_OLD: OLD }, [/^WEBHOOK_SECRET_OLD is set and WEBHOOK_SECRET is not/]],
  ["a short token", { WEBHOOK_SECRET: ONE, API_TOKEN: "a,b" }, [/^API_TOKEN has 3 characters/]],
])("does not start with %s among the secrets of callers", (_, env, expected) => {
  const failure = (() => {
    try {
      return read({ ...GOOD, ...env });
    } catch (error) {
      return error;
    }
  })();
  expect(failure).toBeInstanceOf(ConfigError);
  const { problems } = failure as ConfigError;
  expect(problems).toHaveLength(expected.length);
  for (const [index, words] of expected.entries()) expect(problems[index]).toMatch(words);
  for (const value of [ONE, TWO, OLD]) expect(problems.join()).not.toContain(value);
});

test.each(["GIT_REPO_URL", "DOKPLOY_URL", "VAULT_ADDR"])(
  "does not start with %s in clear to a host that nobody named",
  (name) => {
    const env = { ...GOOD, [name]: "http://inside:3000/x" };
    expect(() => read(env)).toThrow(`${name} reaches inside without encryption, and keys would go there in clear`);
    expect(() => read(env)).toThrow("set ALLOW_INSECURE=inside");
    expect(() => read({ ...env, ALLOW_INSECURE: "other" })).toThrow(name);
    expect(read({ ...env, ALLOW_INSECURE: "other,inside:3000" })).toBeTruthy();
    expect(read({ ...env, [name]: "http://127.0.0.1:3000/x" })).toBeTruthy();
    expect(() => read({ ...env, ALLOW_INSECURE: "http://inside:3000" })).toThrow(/ALLOW_INSECURE must be hosts/);
  },
);

test("a token with a comma is one token", () => {
  const token = `${"a".repeat(20)},${"b".repeat(20)}`;
  expect(read({ ...GOOD, API_TOKEN: token })).toBeTruthy();
  expect(apiToken(createVariables({ API_TOKEN: token }))).toBe(token);
});

test("a short passphrase is warned of and taken: the state needs it as it is", () => {
  const env = { ...GOOD, PULUMI_CONFIG_PASSPHRASE: "short" };
  expect(read(env)).toBeTruthy();
  expect(shortSecrets(createVariables(env))).toEqual(["PULUMI_CONFIG_PASSPHRASE"]);
  expect(shortSecrets(createVariables({ PULUMI_CONFIG_PASSPHRASE: ONE }))).toEqual([]);
  expect(shortSecrets(createVariables({}))).toEqual([]);
});

test("a file that becomes bad takes its secrets with it, those that are still good stay", () => {
  const file = join(folder, "rotated");
  const write = (value: string) => {
    writeFileSync(`${file}.new`, value);
    renameSync(`${file}.new`, file);
  };
  write(`${ONE}\n`);
  const variables = createVariables({ WEBHOOK_SECRET_FILE: file });
  expect(webhookSecrets(variables)).toEqual([ONE]);
  write("short\n");
  expect(webhookSecrets(variables)).toEqual([]);
  expect(secretProblems(variables)).toEqual([expect.stringContaining("WEBHOOK_SECRET has 5 characters")]);
  write(`${TWO},short\n`);
  expect(webhookSecrets(variables)).toEqual([TWO]);
  expect(secretProblems(variables)).toEqual([expect.stringContaining("part 2 of 2")]);
  write(`${TWO}\n`);
  expect(secretProblems(variables)).toEqual([]);
  // What was accepted once is still not to be seen.
  expect(knownSecrets(variables)).toEqual(expect.arrayContaining([ONE, TWO]));
});

test("a file's value is read again when the file changes, and counts no more at once when it is gone", () => {
  const file = join(folder, "secret");
  writeFileSync(file, "first\n");
  const variables = createVariables({ WEBHOOK_SECRET_FILE: file });
  expect(variables.get("WEBHOOK_SECRET")).toBe("first");
  writeFileSync(`${file}.new`, "second\n");
  renameSync(`${file}.new`, file);
  expect(variables.get("WEBHOOK_SECRET")).toBe("second");
  rmSync(file);
  expect(variables.get("WEBHOOK_SECRET")).toBeUndefined();
  expect(variables.unreadable()).toEqual([file]);
  expect(variables.changedAt("WEBHOOK_SECRET")).toBeUndefined();
  expect(variables.before("WEBHOOK_SECRET")).toEqual(["first", "second"]);
  // Another trouble on the way back brings no old value back, and breaks nothing.
  symlinkSync(file, file);
  expect(variables.get("WEBHOOK_SECRET")).toBeUndefined();
  rmSync(file);
  writeFileSync(file, "third\n");
  expect(variables.get("WEBHOOK_SECRET")).toBe("third");
  expect(variables.unreadable()).toEqual([]);
});

test("so does one whose folder is gone", () => {
  const below = join(folder, "below");
  mkdirSync(below);
  writeFileSync(join(below, "secret"), "first\n");
  const variables = createVariables({ API_TOKEN_FILE: join(below, "secret") });
  expect(variables.get("API_TOKEN")).toBe("first");
  rmSync(below, { recursive: true });
  writeFileSync(below, "");
  expect(variables.get("API_TOKEN")).toBeUndefined();
});

test("a file that is there and cannot be read keeps its last value", () => {
  const file = join(folder, "loop");
  writeFileSync(file, "first\n");
  const variables = createVariables({ API_TOKEN_FILE: file });
  expect(variables.get("API_TOKEN")).toBe("first");
  rmSync(file);
  symlinkSync(file, file);
  expect(variables.get("API_TOKEN")).toBe("first");
  expect(variables.unreadable()).toEqual([file]);
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
