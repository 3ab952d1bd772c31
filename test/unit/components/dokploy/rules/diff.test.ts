import { describe, expect, it } from "vitest";
import { changedKeys } from "../../../../../components/dokploy/rules/diff.ts";
import {
  type ComposeInputs,
  type RawComposeInputs,
  UNKNOWN,
  withDefaults,
} from "../../../../../components/dokploy/rules/inputs.ts";
import type { ComposeOutputs } from "../../../../../components/dokploy/rules/outputs.ts";
import { rightSettings } from "../../../../../components/dokploy/rules/settings.ts";

const domain = { host: "a.example.org", service: "web", port: 80 };
const said: RawComposeInputs = {
  environmentId: "e1",
  name: "web",
  service: "web",
  owner: { project: "platform", stack: "staging", keyId: "0123456789abcdef" },
  composeFile: "services: {}\nvolumes: {data: {name: d}}\n",
  env: { A: "1" },
  domains: [domain],
};
const inputs = (patch: object = {}) => withDefaults({ ...said, ...patch }) as ComposeInputs;
const olds: ComposeOutputs = {
  ...inputs(),
  schemaVersion: 1,
  composeId: "c1",
  appName: "web-abc",
  serverUrl: "http://x",
  organizationId: "o1",
  settings: rightSettings("web-abc", 120, "e1"),
  declared: ["A"],
  volumes: { d: "{}" },
  foreignDomains: [],
  deployment: "t",
  deployed: true,
  drift: [],
};

describe("what an update would change", () => {
  it.each<[string, object, string[]]>([
    ["nothing", {}, []],
    ["nothing, in another order", { owner: { keyId: "0123456789abcdef", stack: "staging", project: "platform" } }, []],
    ["line ends", { composeFile: "services: {}\r\nvolumes: {data: {name: d}}\r\n" }, []],
    ["adopt, which is for creation only", { adopt: true }, []],
    ["env, by key", { env: { A: "2", B: "x" } }, ["env.A", "env.B"]],
    ["text", { composeFile: "services: {}\n" }, ["composeFile"]],
    ["name", { name: "other" }, ["name"]],
    ["owner", { owner: { project: "platform", stack: "staging", keyId: "f".repeat(16) } }, ["owner"]],
    ["routes", { domains: [{ ...domain, port: 81 }] }, ["domains"]],
    ["checks", { checks: [{ url: "http://x" }] }, ["checks"]],
    ["stages", { stages: 2 }, ["stages"]],
    ["the wait time-out", { waitTimeout: 60 }, ["settings.command"]],
    ["what a preview does not know yet", { env: { A: UNKNOWN } }, ["env"]],
    ["an environment that a preview does not know yet", { environmentId: UNKNOWN }, []],
    ["what may differ from now on", { ignore: ["env.B"] }, ["ignore"]],
    [
      "what may differ and the program changes",
      { ignore: ["env", "domains", "name"], name: "other", env: { A: "2" }, domains: [] },
      ["name", "env.A", "domains", "ignore"],
    ],
    [
      "what may differ and a preview does not know yet",
      { ignore: ["env", "domains"], env: UNKNOWN, domains: UNKNOWN },
      ["env", "domains", "ignore"],
    ],
    [
      "a route that may differ and a preview does not know yet",
      { ignore: ["domains"], domains: [UNKNOWN] },
      ["domains", "ignore"],
    ],
  ])("is named: %s", (_, patch, expected) => {
    expect(changedKeys(olds, inputs(patch))).toEqual(expected);
  });

  it.each<[string, Partial<ComposeOutputs>, string[]]>([
    ["a deployment that did not end well", { deployed: false }, ["deployed"]],
    ["a setting changed by hand", { settings: { ...olds.settings, autoDeploy: true } }, ["settings.autoDeploy"]],
    ["an env value added by hand", { env: { A: "1", B: "(set by hand)" } }, ["env.B"]],
  ])("is named although the program is the same: %s", (_, patch, expected) => {
    expect(changedKeys({ ...olds, ...patch }, inputs())).toEqual(expected);
  });

  it("is not what a hand changed already and that may differ from now on", () => {
    const byHand = {
      name: "mine",
      env: { A: "by hand", B: "(set by hand)" },
      domains: [],
      settings: { ...olds.settings, autoDeploy: true },
      foreignDomains: ["mine.example.org/"],
      drift: [
        "name",
        "env.A",
        "env.B",
        "domains.a.example.org/",
        "settings.autoDeploy",
        "domains.mine.example.org/ (made by hand)",
      ],
    };
    const ignore = ["name", "env", "domains", "settings"];
    expect(changedKeys({ ...olds, ...byHand }, inputs({ ignore }))).toEqual(["ignore"]);
    expect(changedKeys({ ...olds, ...byHand }, inputs({ ignore: ["env.A"] }))).toEqual([
      "name",
      "env.B",
      "domains",
      "domains.mine.example.org/ (made by hand)",
      "ignore",
      "settings.autoDeploy",
    ]);
  });

  it.each([
    ["another environment", { environmentId: "e2" }, /would have to move to e2/],
    [
      "another definition of its volume",
      { composeFile: "volumes: {data: {name: d, driver: nfs}}" },
      /definition of volume d changed/,
    ],
  ])("is refused for %s, because that costs data", (_, patch, reason) => {
    expect(() => changedKeys(olds, inputs(patch))).toThrow(reason);
  });

  it("is refused for state of a newer release", () => {
    expect(() => changedKeys({ ...olds, schemaVersion: 2 }, inputs())).toThrow(/newer release/);
  });

  it("does not count a setting that older state does not have", () => {
    const { randomize: _, ...settings } = olds.settings;
    expect(changedKeys({ ...olds, settings: settings as ComposeOutputs["settings"] }, inputs())).toEqual([]);
  });
});
