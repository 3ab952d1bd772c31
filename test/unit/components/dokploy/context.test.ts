import { describe, expect, it } from "vitest";
import { serverUrl } from "../../../../components/dokploy/api/connection.ts";
import { contextFrom } from "../../../../components/dokploy/context.ts";
import { reasonOf } from "../../../../components/dokploy/failure.ts";

const config = (values: Record<string, string>) => ({ get: (key: string) => values[key] });
const env = { DOKPLOY_URL: "https://env.example.org", DOKPLOY_API_KEY: "env-key" };

describe("the connection", () => {
  it("comes from the environment first, then from the stack's configuration", () => {
    const stack = config({ "dokploy:url": "https://stack.example.org", "dokploy:apiKey": "stack-key" });
    expect(contextFrom(stack, env)).toMatchObject({
      dokploy: { url: "https://env.example.org" },
      secrets: ["env-key"],
    });
    expect(contextFrom(stack, {})).toMatchObject({
      dokploy: { url: "https://stack.example.org" },
      secrets: ["stack-key"],
    });
    expect(contextFrom(undefined, env).dokploy.url).toBe("https://env.example.org");
  });

  it.each([
    [
      {},
      /^config_invalid: DOKPLOY_URL is not set \(set DOKPLOY_URL in the environment, or run: pulumi config set dokploy:url <value>\)/,
    ],
    [
      { ...env, DOKPLOY_API_KEY: "" },
      /^config_invalid: DOKPLOY_API_KEY is not set \(.*pulumi config set --secret dokploy:apiKey/,
    ],
    [
      { ...env, DOKPLOY_URL: "http://dokploy:3000" },
      /^config_invalid: DOKPLOY_URL reaches dokploy without encryption, and keys would go there in clear \(.+set ALLOW_INSECURE=dokploy/,
    ],
    [{ ...env, DOKPLOY_API_KEY: "two words" }, /^config_invalid: DOKPLOY_API_KEY holds characters that no key has/],
    [{ ...env, DOKPLOY_URL: "dokploy.example.org" }, /^config_invalid: DOKPLOY_URL is not an http\(s\) address/],
    [
      { ...env, DOKPLOY_URL: "https://user:pw@dokploy" },
      /^config_invalid: DOKPLOY_URL is not an http\(s\) address \(.+without user name/,
    ],
  ])("says what is missing or wrong, and what to do", (variables, reason) => {
    let said = "";
    try {
      contextFrom(config({}), variables);
    } catch (error) {
      said = reasonOf(error, (text) => text);
    }
    expect(said).toMatch(reason);
    expect(said).not.toContain("pw");
  });

  it("may be in clear where environment or stack file name the host", () => {
    const inside = { ...env, DOKPLOY_URL: "http://dokploy:3000" };
    expect(contextFrom(undefined, { ...inside, ALLOW_INSECURE: "dokploy" }).dokploy.url).toBe("http://dokploy:3000");
    const named = config({ "platform:allowInsecure": "vault,dokploy:3000" });
    expect(contextFrom(named, inside).dokploy.url).toBe("http://dokploy:3000");
  });

  it.each([
    ["https://Dokploy.Example.org/", "https://dokploy.example.org"],
    ["https://dokploy.example.org:443/api/", "https://dokploy.example.org"],
    ["http://127.0.0.1:3000//", "http://127.0.0.1:3000"],
    [" https://example.org/dokploy/api ", "https://example.org/dokploy"],
    ["https://example.org//dokploy//api", "https://example.org/dokploy"],
    ["https://example.org//evil.example.org", "https://example.org/evil.example.org"],
  ])("has one spelling of its address: %j", (text, expected) => {
    expect(serverUrl(text)).toBe(expected);
  });

  it("is one for the whole process", () => {
    expect(contextFrom(undefined, env)).toBe(contextFrom(undefined, env));
    expect(contextFrom(undefined, { ...env, DOCKMASTER_ALLOW_EMPTY: "1" }).allowEmpty).toBe(true);
  });

  it("knows the other addresses of its server", () => {
    const also = { ...env, DOKPLOY_ALSO_AT: "http://dokploy:3000/, https://b.example.org" };
    expect(contextFrom(undefined, also).alsoAt).toEqual(["http://dokploy:3000", "https://b.example.org"]);
  });

  it("looks at no configuration where the environment holds all there is: it may be the one of the last update", () => {
    const old = { get: (key: string) => (key === "dokploy:alsoAt" ? "http://old.example.org" : "old") };
    const now = { ...env, DOCKMASTER_SETTINGS: "environment" };
    expect(contextFrom(old, now).alsoAt).toEqual([]);
    expect(() => contextFrom(old, { ...now, DOKPLOY_API_KEY: "" })).toThrow("DOKPLOY_API_KEY is not set");
  });
});
