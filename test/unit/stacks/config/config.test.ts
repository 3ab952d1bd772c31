import { describe, expect, it } from "vitest";
import { type Problem, printProblem } from "../../../../components/compose/problem.ts";
import { readConfig } from "../../../../stacks/config/config.ts";
import { fromEngine } from "../../../../stacks/config/raw-config.ts";
import { fromStackFile } from "../../../../stacks/config/stack-file.ts";

const KEY = "a-master-key-that-is-long-enough-for-all";
const catalogue = ["postgres", "redis"];

function read(stack: string, text: string, platformKey: string | undefined = KEY) {
  const { raw, problems } = fromStackFile(stack, text);
  if (!raw) return { config: undefined, problems: problems.map(printProblem) };
  const result = readConfig({ stack, raw, catalogue, platformKey });
  return { ...result, problems: result.problems.map(printProblem) };
}

const staging = (...lines: string[]) =>
  [
    "config:",
    "  platform:domain: example.org",
    "  platform:suffix: -staging",
    ...lines.map((line) => `  ${line}`),
    "",
  ].join("\n");
const production = staging().replace("-staging", '""');

describe("a stack's config", () => {
  it("has defaults for what it does not say", () => {
    expect(read("staging", staging()).config).toMatchObject({
      domain: "example.org",
      suffix: "-staging",
      services: ["postgres", "redis"],
      disposable: false,
      project: "platform",
      key: KEY,
    });
  });

  it("takes the services, the data's worth and Dokploy's project from the file", () => {
    const text = staging("platform:services: [redis]", "platform:data: disposable", "dokploy:project: infra");
    expect(read("staging", text).config).toMatchObject({ services: ["redis"], disposable: true, project: "infra" });
  });

  it("hands each service its settings as they were written", () => {
    const text = staging("platform:redis: {memory: 1g, secretVersion: 2}");
    expect(read("staging", text).config?.settings).toEqual({
      postgres: undefined,
      redis: { memory: "1g", secretVersion: 2 },
    });
  });

  it("takes what becomes of drift, as a word or as a map", () => {
    expect(read("staging", staging()).config?.drift).toBeUndefined();
    expect(read("staging", staging("platform:drift: heal")).config?.drift).toEqual({ mode: "heal", ignore: [] });
    const text = staging("platform:drift:", "  ignore: [name, env.LOG_LEVEL]");
    expect(read("staging", text).config?.drift).toEqual({ ignore: ["env.LOG_LEVEL", "name"] });
  });

  it("takes what becomes of drift from the engine, too", () => {
    const values = {
      "platform:domain": "example.org",
      "platform:suffix": "-staging",
      "platform:drift": '{"mode":"heal","ignore":["env"]}',
    };
    const raw = fromEngine("staging", values, () => false);
    const { config } = readConfig({ stack: "staging", raw, catalogue, platformKey: KEY });
    expect(config?.drift).toEqual({ mode: "heal", ignore: ["env"] });
  });

  it("refuses all that is wrong with drift at once, each at its place", () => {
    const text = staging(
      "platform:drift:",
      "  mode: heel",
      "  ignore:",
      "    - owner",
      "    - env.A",
      "    - settings.x",
    );
    expect(read("staging", text).problems).toEqual([
      "Pulumi.staging.yaml:5:5  `platform:drift.mode`: is no way to treat drift  (did you mean `heal`?)",
      "Pulumi.staging.yaml:7:9  `platform:drift.ignore.0`: `owner` says whose the service is, and is never left out  (take it out of the list)",
      expect.stringMatching(
        /^Pulumi\.staging\.yaml:9:9 {2}`platform:drift\.ignore\.2`: there is no setting `x` {2}\(known are/,
      ),
    ]);
  });

  it("takes the master key from the config when the environment has none", () => {
    const raw = fromEngine(
      "staging",
      { "platform:domain": "example.org", "platform:suffix": "-staging", "platform:key": KEY },
      (key) => key === "platform:key",
    );
    expect(readConfig({ stack: "staging", raw, catalogue, platformKey: undefined }).config?.key).toBe(KEY);
  });

  it("marks services whose settings hold a Pulumi secret", () => {
    const text = staging("platform:redis: {secrets: {redis_password: {secure: v1:abc}}}");
    expect([...(read("staging", text).config?.guarded ?? [])]).toEqual(["redis"]);
  });
});

describe("refuses, with place and hint,", () => {
  it.each<[name: string, stack: string, text: string, expected: string]>([
    [
      "a suffix in production",
      "production",
      staging(),
      "Pulumi.production.yaml:3:3  `platform:suffix`: production has no suffix",
    ],
    [
      "no suffix elsewhere",
      "staging",
      production,
      "two environments on one host would share their data  (write `-staging`)",
    ],
    ["a suffix that ends no name", "staging", staging().replace("-staging", "_x"), "cannot end a name"],
    ["a missing suffix", "staging", "config:\n  platform:domain: example.org\n", "`platform:suffix`: is missing"],
    ["a missing domain", "staging", "config:\n  platform:suffix: -x\n", "`platform:domain`: is missing"],
    [
      "a domain that is none",
      "staging",
      staging().replace("example.org", "https://x"),
      ":2:3  `platform:domain`: is no domain name",
    ],
    [
      "an unknown key",
      "staging",
      staging("platform:dmain: x"),
      ":4:3  `platform:dmain`: unknown key  (did you mean `domain`?)",
    ],
    [
      "a misspelt service",
      "staging",
      staging("platform:services: [rediss]"),
      ":4:23  `platform:services.0`: there is no service `rediss`  (did you mean `redis`?)",
    ],
    ["an empty list of services", "staging", staging("platform:services: []"), "`platform:services`"],
    [
      "disposable data in production",
      "production",
      `${production}  platform:data: disposable\n`,
      "production's data is not disposable",
    ],
    ["a word that data cannot be", "staging", staging("platform:data: temp"), "`platform:data`"],
    ["a master key in clear", "staging", staging(`platform:key: ${KEY}`), "the master key stands here in clear"],
    ["a bad indent", "staging", "config:\n   a: 1\n  b: 2\n", "Pulumi.staging.yaml:3:"],
  ])("%s", (_name, stack, text, expected) => {
    const { config, problems } = read(stack, text);
    expect(config).toBeUndefined();
    expect(problems).toEqual(expect.arrayContaining([expect.stringContaining(expected)]));
  });

  it.each([
    ["no master key", undefined, "the stack has no master key"],
    ["a short master key", "short", "the master key is shorter than 32 characters"],
  ])("%s", (_name, key, expected) => {
    const { raw } = fromStackFile("staging", staging());
    const { problems } = readConfig({ stack: "staging", raw: raw!, catalogue, platformKey: key });
    expect(problems.map(printProblem)).toEqual([expect.stringContaining(expected)]);
  });

  it("never with the value of a key", () => {
    const { raw } = fromStackFile("staging", staging("platform:key: hunter2-in-clear"));
    const { problems } = readConfig({ stack: "staging", raw: raw!, catalogue, platformKey: "too-short-hunter3" });
    expect(JSON.stringify(problems satisfies Problem[])).not.toMatch(/hunter/);
  });

  it("all of it at once", () => {
    const text = "config:\n  platform:domain: X\n  platform:services: [a, b]\n  platform:x: 1\n";
    expect(read("staging", text, "short").problems).toHaveLength(6);
  });
});

it("reads what the engine hands over like the file", () => {
  const raw = fromEngine(
    "staging",
    { "platform:services": '["redis"]', "platform:suffix": "-1", "platform:x": "{broken" },
    () => false,
  );
  expect(raw.values).toEqual({ "platform:services": ["redis"], "platform:suffix": "-1", "platform:x": "{broken" });
});
