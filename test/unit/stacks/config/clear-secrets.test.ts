import { describe, expect, it } from "vitest";
import { printProblem } from "../../../../components/compose/problem.ts";
import { readSettings } from "../../../../stacks/bootstrap/config.ts";
import { findClearSecrets } from "../../../../stacks/config/clear-secrets.ts";
import { fromEngine } from "../../../../stacks/config/raw-config.ts";
import { fromStackFile } from "../../../../stacks/config/stack-file.ts";
import { planStack } from "../../../../stacks/plan.ts";

const SECURE = "{secure: v1:abc}";
const file = (...lines: string[]) =>
  fromStackFile("staging", ["config:", ...lines.map((line) => `  ${line}`)].join("\n")).raw!;
const problems = (raw: ReturnType<typeof file>) =>
  findClearSecrets(raw, "staging", ["postgres", "redis"]).map(printProblem);

describe("a secret in clear in a stack's file is refused:", () => {
  it.each([
    [
      "a service's",
      ["platform:redis: {secrets: {redis_password: canary}}"],
      "Pulumi.staging.yaml:2:30  `platform:redis.secrets.redis_password`: the value stands here in clear  (make a new one, and set it with `dockmaster secret set staging redis redis_password`)",
    ],
    ["a number", ["platform:redis: {secrets: {redis_password: 1234}}"], "`platform:redis.secrets.redis_password`"],
    [
      "one beside an encrypted one",
      [`platform:redis: {secrets: {a: ${SECURE}, b: canary}}`],
      "`platform:redis.secrets.b`: the value stands here in clear",
    ],
    ["the master key", ["platform:key: canary"], "`platform:key`: the master key stands here in clear"],
    [
      "Dokploy's key",
      ["dokploy:apiKey: canary"],
      "`dokploy:apiKey`: Dokploy's key stands here in clear  (make a new one, and hand it over as DOKPLOY_API_KEY or set it with `pulumi config set --secret dokploy:apiKey`)",
    ],
    ["Prometheus' token", ["prometheus:token: canary"], "`prometheus:token`: Prometheus' token stands here in clear"],
    ["Vault's token", ["vault:token: canary"], "`vault:token`: Vault's token stands here in clear"],
    ["GitHub's token", ["github:token: canary"], "`github:token`: GitHub's token stands here in clear"],
    [
      "a password in an address",
      ["dokploy:url: https://me:canary@x.org"],
      "`dokploy:url`: a sign-in stands here in clear",
    ],
    [
      "one in a list of them",
      ["dokploy:alsoAt: 'https://a.org, https://me:canary@x.org'"],
      "`dokploy:alsoAt`: a sign-in",
    ],
    ["one in Vault's", ["platform:vault: {address: 'https://canary@x.org'}"], "`platform:vault.address`: a sign-in"],
  ])("%s", (_, lines, expected) => {
    const found = problems(file(...lines));
    expect(found).toEqual([expect.stringContaining(expected)]);
    expect(found[0]).not.toContain("canary");
  });

  it.each([
    ["a Pulumi secret", `platform:redis: {secrets: {redis_password: ${SECURE}}}`],
    ["secrets that are one Pulumi secret", `platform:redis: {secrets: ${SECURE}}`],
    ["keys that are Pulumi secrets", `dokploy:apiKey: ${SECURE}`],
    ["an address with an @ in its path", "dokploy:url: https://x.org/a@b"],
    ["a service without secrets", "platform:redis: {memory: 1g}"],
    ["a service without settings", "platform:redis:"],
  ])("but not %s", (_, line) => {
    expect(problems(file(line))).toEqual([]);
  });

  it("by `check`, and by `bootstrap` too", () => {
    const lines = ["platform:domain: example.org", "platform:suffix: -staging"];
    const raw = file(...lines, "platform:redis: {secrets: {redis_password: canary}}");
    const { plan, problems: found } = planStack("staging", raw, "k".repeat(40));
    expect(plan).toBeUndefined();
    expect(found.map(printProblem)).toEqual([expect.stringContaining("stands here in clear")]);
    expect(readSettings(file("dokploy:apiKey: canary")).problems.map(printProblem)).toContainEqual(
      expect.stringContaining("Dokploy's key stands here in clear"),
    );
  });
});

describe("what the engine hands over", () => {
  const secrets = (value: object) => ({ "platform:redis": JSON.stringify({ secrets: value }) });
  const engine = (value: object, isSecret: boolean, written?: string) =>
    problems(fromEngine("staging", secrets(value), () => isSecret, written === undefined ? undefined : file(written)));

  it("is in clear where no part of a key is a secret", () => {
    expect(engine({ a: "canary" }, false)).toEqual([expect.stringContaining("`platform:redis.secrets.a`")]);
  });

  it("is in clear where the file says so, though another part of the key is a secret", () => {
    const written = `platform:redis: {secrets: {a: ${SECURE}, b: canary}}`;
    expect(engine({ a: "decrypted", b: "canary" }, true, written)).toEqual([
      expect.stringMatching(/^Pulumi\.staging\.yaml:2:\d+ {2}`platform:redis\.secrets\.b`/),
    ]);
  });

  it.each([
    ["the file has encrypted it", `platform:redis: {secrets: {a: ${SECURE}}}`],
    ["another file was given, which has it", "platform:redis: {}"],
    ["another file was given, which has another value", "platform:redis: {secrets: {a: old}}"],
    ["there is no file", undefined],
  ])("is a secret where %s", (_, written) => {
    expect(engine({ a: "decrypted" }, true, written)).toEqual([]);
  });
});

it("a value of `env` that looks like a password is noted, one that is encrypted or plain is not", () => {
  const notesOf = (env: string) => {
    const raw = file("platform:domain: example.org", "platform:suffix: -staging", `platform:redis: {env: ${env}}`);
    return planStack("staging", raw, "k".repeat(40)).notes;
  };
  const notes = notesOf("{SMTP_PASSWORD: canary, LEVEL: info}");
  expect(notes.map((note) => `${printProblem(note)} [${note.note}]`)).toEqual([
    "Pulumi.staging.yaml:4:26  `platform:redis.env.SMTP_PASSWORD`: the value looks like a password, and stands here in clear  (make it a secret of the service: name it below `secrets:` of its compose file) [clear-password]",
  ]);
  expect(JSON.stringify(notes)).not.toContain("canary");
  expect(notesOf(`{SMTP_PASSWORD: ${SECURE}, SMTP_PASSWORD_FILE: /run/x}`)).toEqual([]);
});
