import { expect, test } from "vitest";
import { assessInputs, totalDigest } from "../../../../cli/stack/inputs.ts";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "x" };
const before = { composeFile: "services: {}\n", env: { MEMORY: "256m", PASSWORD: SECRET }, __provider: "text" };

test("equal inputs are equal, in whatever order they come", () => {
  const now = { __provider: "other text", env: { PASSWORD: SECRET, MEMORY: "256m" }, composeFile: "services: {}\n" };
  expect(assessInputs({ before, live: before, now }).map(({ name, state }) => [name, state])).toEqual([
    ["composeFile", "equal"],
    ["env.MEMORY", "equal"],
    ["env.PASSWORD", "equal"],
  ]);
  expect(totalDigest(now)).toBe(totalDigest(before));
});

test("tells what this checkout changed from what a hand changed", () => {
  const now = { ...before, env: { ...before.env, MEMORY: "512m" } };
  expect(assessInputs({ before, live: before, now })).toContainEqual(
    expect.objectContaining({ name: "env.MEMORY", state: "changed here", from: "256m", to: "512m" }),
  );
  const live = { ...before, env: { ...before.env, MEMORY: "1g" } };
  expect(assessInputs({ before, live, now })).toContainEqual(
    expect.objectContaining({ name: "env.MEMORY", state: "changed by hand", from: "256m", to: "1g" }),
  );
  expect(totalDigest(now)).not.toBe(totalDigest(before));
});

test("a key that a hand took away is changed by hand", () => {
  const live = { ...before, env: { PASSWORD: SECRET } };
  expect(assessInputs({ before, live, now: before })).toContainEqual(
    expect.objectContaining({ name: "env.MEMORY", state: "changed by hand", from: "256m" }),
  );
});

test("a service that was never made is new, and has no old values", () => {
  for (const row of assessInputs({ now: before })) expect(row).toEqual({ ...row, state: "new" });
});

test("shows neither secrets nor long texts, only digests", () => {
  const now = { ...before, composeFile: "services: {a: {image: 'redis:8'}}\n" };
  const text = JSON.stringify(assessInputs({ before, live: before, now }));
  expect(text).not.toContain("ciphertext");
  expect(text).not.toContain("redis:8");
  expect(text).toContain("[secret]");
});

test("a secret is told by the fingerprints in both texts, or by what the refresh found; its two values look alike", () => {
  const text = (print: string, secrets: string) =>
    `services: {a: {labels: [dockmaster.secrets=${print}], secrets: [${secrets}]}}\nsecrets: {password: {environment: PASSWORD}, token: {environment: TOKEN}}\n`;
  const inputs = (print: string, secrets: string) => ({
    composeFile: text(print, secrets),
    env: { PASSWORD: SECRET, TOKEN: SECRET },
  });
  const states = (secrets: string, drift: string[] = []) =>
    assessInputs({ before: inputs("1", secrets), live: inputs("1", secrets), now: inputs("2", secrets), drift })
      .filter(({ name }) => name.startsWith("env."))
      .map(({ name, state }) => [name, state]);
  expect(states("password")).toEqual([
    ["env.PASSWORD", "changed here"],
    ["env.TOKEN", "equal"],
  ]);
  expect(states("password, token")).toEqual([
    ["env.PASSWORD", "may have changed here"],
    ["env.TOKEN", "may have changed here"],
  ]);
  expect(states("password", ["env.TOKEN"])).toContainEqual(["env.TOKEN", "changed by hand"]);
});
