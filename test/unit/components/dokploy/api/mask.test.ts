import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMask } from "../../../../../components/dokploy/api/mask.ts";

describe("a mask", () => {
  it("hides every secret of some length, wherever it stands", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(secret.trim().length >= 4);
        expect(createMask([secret])(before + secret + after)).not.toContain(secret.trim());
      }),
    );
  });

  it.each([
    ["as JSON", 'se"cret\\value', JSON.stringify('se"cret\\value')],
    ["in an address", "se cret/value", "se%20cret%2Fvalue"],
    ["in a compose file", "pa$$word", "pa$$$$word"],
    ["as base64", "secret-value", Buffer.from("secret-value").toString("base64")],
    ["line by line", "first line\nsecond line", "log: second line"],
  ])("hides a value %s", (_, secret, text) => {
    const masked = createMask([secret])(`<${text}>`);
    expect(masked).toContain("***");
    for (const line of secret.split("\n")) expect(masked).not.toContain(line);
  });

  it("hides the longer of two values first", () => {
    expect(createMask(["secret", "secret-longer"])("is secret-longer")).toBe("is ***");
  });

  it("leaves readable what stands in clear anyway, and words too short to be secrets", () => {
    const mask = createMask(["redis", "80", undefined, "hidden-one"], ["container_name: platform-redis"]);
    expect(mask("platform-redis on 80: hidden-one")).toBe("platform-redis on 80: ***");
  });
});
