import { describe, expect, it } from "vitest";
import { escapesEnv, parseVersion, requireSupported } from "../../../../../components/dokploy/api/version.ts";

describe("the server's version", () => {
  it.each([
    ["v0.29.5", false, false],
    ["v0.29.6", true, false],
    ["v0.29.13", true, false],
    ["v0.30.0", true, true],
    ["v0.30.2", true, true],
    ["v1.0.0", true, true],
    ["canary", true, true],
  ])("%s: supported %s, escapes env %s", (text, supported, escapes) => {
    const version = parseVersion(text);
    expect(escapesEnv(version)).toBe(escapes);
    if (supported) expect(() => requireSupported(version)).not.toThrow();
    else expect(() => requireSupported(version)).toThrow(/v0\.29\.5 is too old/);
  });
});
