import fc from "fast-check";
import { expect, it } from "vitest";
import { deriveSecret, fingerprint, ownerId, type SecretIdentity } from "../../../../components/platform/keys.ts";

const KEY = "a-master-key-that-is-long-enough-for-all";
const identity: SecretIdentity = { stack: "staging", service: "redis", name: "redis_password", version: 1 };

it("derives for ever the same value: data was initialised with it", () => {
  expect(deriveSecret(KEY, identity)).toBe("T2enoFEXPu1Zh26u9rkrTE4wLUehV4OfOESG40uh");
});

it.each<[string, Partial<SecretIdentity>]>([
  ["stack", { stack: "production" }],
  ["service", { service: "postgres" }],
  ["name", { name: "other" }],
  ["version", { version: 2 }],
])("derives another value for another %s", (_what, change) => {
  expect(deriveSecret(KEY, { ...identity, ...change })).not.toBe(deriveSecret(KEY, identity));
});

it("derives 40 letters and digits from every key", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), (key, name) => {
      expect(deriveSecret(key, { ...identity, name })).toMatch(/^[A-Za-z0-9]{40}$/);
    }),
  );
});

it("fingerprints values whatever their order, and not their text", () => {
  const print = fingerprint(KEY, "staging", { a: "1", b: "2" });
  expect(print).toMatch(/^[0-9a-f]{16}$/);
  expect(fingerprint(KEY, "staging", { b: "2", a: "1" })).toBe(print);
  expect(fingerprint(KEY, "staging", { a: "2", b: "1" })).not.toBe(print);
  expect(fingerprint(`${KEY}x`, "staging", { a: "1", b: "2" })).not.toBe(print);
});

it("gives each key and stack an owner id of its own", () => {
  const ids = [ownerId(KEY, "staging"), ownerId(KEY, "production"), ownerId(`${KEY}x`, "staging")];
  expect(new Set(ids).size).toBe(3);
  expect(ids).toEqual(ids.map(() => expect.stringMatching(/^[0-9a-f]{16}$/)));
});
