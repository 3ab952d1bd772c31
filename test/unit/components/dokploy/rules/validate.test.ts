import { describe, expect, it } from "vitest";
import { type RawComposeInputs, UNKNOWN, withDefaults } from "../../../../../components/dokploy/rules/inputs.ts";
import { mistakesIn } from "../../../../../components/dokploy/rules/validate.ts";

const good: RawComposeInputs = {
  environmentId: "e",
  name: "redis",
  service: "redis",
  owner: { project: "platform", stack: "staging", keyId: "0123456789abcdef" },
  composeFile: "services: {}\n",
};

const mistakes = (patch: object, escapes = true) => mistakesIn(withDefaults({ ...good, ...patch }), escapes);
const domain = { host: "a.example.org", service: "web", port: 80 };

describe("inputs", () => {
  it("are fine with no more than what is required", () => {
    expect(mistakes({})).toEqual([]);
  });

  it.each([
    ["no name", { name: "" }, "name is missing"],
    ["no owner", { owner: undefined }, "owner.keyId is not 16 hexadecimal digits"],
    ["a time-out of nothing", { waitTimeout: 0 }, "waitTimeout is not a number above 0"],
    ["NUL in the file", { composeFile: "a\0" }, "composeFile contains a NUL character"],
    ["an env value that cannot travel", { env: { SECRET: "a\rb" } }, "env SECRET contains a carriage return"],
    ["a host with blanks", { domains: [{ ...domain, host: "a b" }] }, "domain a b is not a host name"],
    ["a port beyond all", { domains: [{ ...domain, port: 70_000 }] }, "port 70000 is not 1 to 65535"],
    ["a path that is none", { domains: [{ ...domain, path: "x" }] }, "paths begin with /"],
    [
      "two routes with the same host and path",
      { domains: [domain, { ...domain, host: "A.example.org", path: "/", port: 81 }, { ...domain, path: "/x" }] },
      "domain a.example.org/ is there more than once",
    ],
    ["a check that is no address", { checks: [{ url: "localhost" }] }, "check localhost is not an http(s) address"],
    ["too many bytes", { env: { A: '"'.repeat(50_000) } }, "bytes as Dokploy writes them, more than 92160"],
  ])("are refused with %s", (_, patch, expected) => {
    expect(mistakes(patch)).toEqual([expect.stringContaining(expected)]);
  });

  it("are refused with all mistakes at once", () => {
    expect(mistakes({ name: "", waitTimeout: -1, env: { "1": "x" } })).toHaveLength(3);
  });

  it("never show a value", () => {
    expect(mistakes({ env: { SECRET: "canary-value\r" } }).join()).not.toContain("canary");
  });

  it("that a preview does not know yet are not judged", () => {
    const unknown = {
      environmentId: UNKNOWN,
      composeFile: UNKNOWN,
      env: { A: UNKNOWN },
      waitTimeout: UNKNOWN,
      domains: UNKNOWN,
      checks: UNKNOWN,
      owner: UNKNOWN,
    };
    expect(mistakes(unknown)).toEqual([]);
    expect(mistakes({ env: UNKNOWN })).toEqual([]);
  });

  it("count the file as Dokploy writes it again", () => {
    const flow = `services: {a: {labels: [${Array(7_000).fill("a").join(",")}]}}`;
    expect(flow.length).toBeLessThan(20_000);
    expect(mistakes({ composeFile: flow })).toEqual([]);
    expect(mistakes({ composeFile: `services: {a: {labels: [${Array(14_000).fill("a").join(",")}]}}` })).toHaveLength(
      1,
    );
  });
});
