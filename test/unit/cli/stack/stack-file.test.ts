import { expect, test } from "vitest";
import { readGiven, readVersion, withSetting } from "../../../../cli/stack/stack-file.ts";

const FILE = `# who edits this
config:
  platform:domain: example.org # ours
  platform:services: [postgres, redis]
  platform:redis:
    memory: 512m
    secretVersion: 3
    secrets:
      redis_password:
        secure: v1:abc
`;

test("adds a setting to a service that has some, and to one that has none; everything else stays as it was", () => {
  expect(withSetting(FILE, "redis", "secretVersion", 4)).toBe(FILE.replace("secretVersion: 3", "secretVersion: 4"));
  expect(withSetting(FILE, "postgres", "adopt", true)).toBe(`${FILE}  platform:postgres:\n    adopt: true\n`);
});

test("reads which secrets are given and which version is asked for", () => {
  expect([readVersion(FILE, "redis"), readGiven(FILE, "redis")]).toEqual([3, ["redis_password"]]);
  expect([readVersion(FILE, "postgres"), readGiven(FILE, "postgres")]).toEqual([1, []]);
});

test("an empty file, and a service without settings, get them", () => {
  for (const text of ["", "config:\n", "config:\n  platform:redis:\n"]) {
    expect(withSetting(text, "redis", "adopt", true)).toContain("platform:redis:\n    adopt: true");
  }
});
