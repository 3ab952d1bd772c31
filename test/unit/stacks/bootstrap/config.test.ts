import { describe, expect, test } from "vitest";
import { printProblem } from "../../../../components/compose/problem.ts";
import { readSettings } from "../../../../stacks/bootstrap/config.ts";
import { fromStackFile, readStackFile } from "../../../../stacks/config/stack-file.ts";

const LEAST = ["bootstrap:domain: example.org", "bootstrap:image: {repository: ghcr.io/you/dockmaster}"];

function read(...lines: string[]) {
  const text = ["config:", ...lines.map((line) => `  ${line}`), ""].join("\n");
  const { raw } = fromStackFile("bootstrap", text);
  const { settings, problems } = readSettings(raw!);
  return { settings, problems: problems.map(printProblem) };
}

describe("the bootstrap stack's config", () => {
  test("is in order as committed", () => {
    const { raw } = fromStackFile("bootstrap", readStackFile("bootstrap")!);
    expect(readSettings(raw!).problems).toEqual([]);
  });

  test("has defaults for what it does not say", () => {
    expect(read(...LEAST).settings).toEqual({
      domain: "example.org",
      image: { repository: "ghcr.io/you/dockmaster", platform: "linux/amd64" },
      runner: {
        memory: "1g",
        doorMemory: "512m",
        branch: "main",
        env: {},
        engines: {},
        secrets: [],
        signIn: 1,
        waitTimeout: 180,
        adopt: false,
      },
      vault: { kv: "secret", approle: "approle", existing: false },
    });
  });

  test("in the comments of the committed file is in order too", () => {
    const text = readStackFile("bootstrap")!;
    const shown = text
      .split("\n")
      .map((line) => line.replace(/^( {2,4})# (?=[ a-z]+[\w:]*:( |$))/, "$1").replaceAll(/…/g, "A".repeat(8)))
      .map((line) => line.replace(/use: v1\.2\.4@sha256:A+/, `use: v1.2.4@sha256:${"a".repeat(64)}`))
      .join("\n");
    const { raw, problems: syntax } = fromStackFile("bootstrap", shown);
    expect(syntax).toEqual([]);
    const { settings, problems } = readSettings(raw!);
    expect(problems.map(printProblem)).toEqual([]);
    expect(settings).toMatchObject({
      image: { use: expect.any(String), pull: "example" },
      runner: { kept: "bootstrap/iac_runner" },
      github: { repository: "example/platform", reviewers: ["anna", "team:platform"] },
      host: { address: "server.example.org" },
    });
  });
});

describe("refuses, with place and hint,", () => {
  const image = LEAST[1]!;
  test.each<[string, string[], string]>([
    [
      "a missing domain",
      [image],
      "`bootstrap:domain`: is missing  (the runner answers at `iac.<domain>`: write `example.org`)",
    ],
    ["a domain that is none", ["bootstrap:domain: https://x", image], ":2:3  `bootstrap:domain`: is no domain name"],
    [
      "an image with a tag",
      [LEAST[0]!, "bootstrap:image: {repository: ghcr.io/you/dockmaster:v1}"],
      "`bootstrap:image.repository`: is no name of an image",
    ],
    [
      "an image that floats",
      [LEAST[0]!, "bootstrap:image: {repository: you/dockmaster, use: latest}"],
      "`bootstrap:image.use`: names no image",
    ],
    ["an unknown key", [...LEAST, "bootstrap:runer: {}"], "unknown key  (did you mean `runner`?)"],
    [
      "a key of another stack",
      [...LEAST, "platform:suffix: -x"],
      ":4:3  `platform:suffix`: is a key of the environments' stacks  (leave it out)",
    ],
    [
      "a secret in clear",
      [...LEAST, "bootstrap:runner: {env: {WEBHOOK_SECRET: canary}}"],
      "is a secret  (name it below `secrets`, its value comes from Vault)",
    ],
    ["a variable of the image", [...LEAST, "bootstrap:runner: {env: {DATA_DIR: /x}}"], "is set by the platform"],
    [
      "users of an engine worker",
      [...LEAST, "bootstrap:runner: {env: {ENGINE_USERS: 0-7}}"],
      "`bootstrap:runner.env.ENGINE_USERS`: is set by the platform",
    ],
    [
      "a secret of one worker in clear",
      [...LEAST, "bootstrap:runner: {engines: {staging: {env: {PLATFORM_KEY: canary}}}}"],
      "is a secret  (name it below `secrets`, its value comes from Vault)",
    ],
    [
      "an unknown key of one worker",
      [...LEAST, "bootstrap:runner: {engines: {staging: {memroy: 2g}}}"],
      "`bootstrap:runner.engines.staging.memroy`: unknown key  (did you mean `memory`?)",
    ],
    [
      "a secret that the runner does not know",
      [...LEAST, "bootstrap:runner: {secrets: [FOO]}"],
      "is no secret of the runner",
    ],
    [
      "a kept path with its mount",
      [...LEAST, "bootstrap:runner: {kept: /secret/data/x}"],
      "is no path below the KV mount",
    ],
    [
      "a repository without an owner",
      [...LEAST, "bootstrap:github: {repository: x}"],
      "is no repository  (write `owner/name`)",
    ],
    [
      "more reviewers than GitHub takes",
      [...LEAST, "bootstrap:github: {repository: a/b, reviewers: [a, b, c, d, e, f, g]}"],
      "GitHub takes six reviewers at most",
    ],
    [
      "a host whose key nobody knows",
      [...LEAST, "bootstrap:host: {address: x}"],
      "`bootstrap:host.hostKey`: is missing  (write what `ssh-keyscan",
    ],
  ])("%s", (_name, lines, expected) => {
    const { settings, problems } = read(...lines);
    expect(settings).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining(expected)]);
    expect(problems.join()).not.toContain("canary");
  });

  test("all of it at once", () => {
    const { problems } = read(
      "bootstrap:domain: X",
      "bootstrap:image: {}",
      "bootstrap:runner: {memory: much, branch: -x}",
    );
    expect(problems).toHaveLength(4);
  });
});
