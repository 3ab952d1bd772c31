import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { engineAgent, engineName, engineUsers } from "../../../../../components/bootstrap/runner/engines.ts";

describe("the engine worker of a stack", () => {
  test.each([
    ["staging", "engine-staging"],
    ["customer-of-ours-production-eu", "engine-customer-of-ours-p-9b9808"],
  ])("of %s is called %s", (stack, name) => {
    expect(engineName(stack)).toBe(name);
  });

  test("has an agent whose name fits in a host name, whatever the stack's is", () => {
    // As the runner takes them.
    const stacks = fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/);
    fc.assert(
      fc.property(stacks, (stack) => {
        const { name, env } = engineAgent(engineName(stack));
        expect(name).toMatch(/^vault-agent-[a-z][a-z0-9-]*$/);
        expect(`platform-runner-${name}-bootstrap`.length).toBeLessThanOrEqual(63);
        expect(env.roleId).toMatch(/^ENGINE_[A-Z0-9_]+_ROLE_ID$/);
      }),
    );
  });
});

describe("the users of the workers", () => {
  const parse = (range = "") => range.split("-").map(Number) as [number, number];

  test("are eight for each, of nobody else", () => {
    const { staging, production } = engineUsers(["staging", "production"]);
    const [first, last] = parse(staging);
    expect(last - first).toBe(7);
    expect(first).toBeGreaterThanOrEqual(20_000);
    expect(staging).not.toBe(production);
  });

  test("never overlap, nor reach those of the system", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 40 }), (stacks) => {
        const ranges = Object.values(engineUsers(stacks)).map(parse);
        const all = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
        expect(new Set(all).size).toBe(stacks.length * 8);
        expect(all.every((user) => user >= 20_000 && user < 52_000)).toBe(true);
      }),
    );
  });

  test("stay the same when a stack is added: files belong to them", () => {
    const two = engineUsers(["staging", "production"]);
    expect(engineUsers(["staging", "production", "alpha", "qa"])).toMatchObject(two);
  });

  test("of two stacks that meet are neighbours", () => {
    // Found by trying: both would begin at the same.
    const found = new Map<string, string>();
    let pair: [string, string] | undefined;
    for (let index = 0; pair === undefined; index++) {
      const stack = `s${index}`;
      const range = engineUsers([stack])[stack]!;
      const other = found.get(range);
      if (other !== undefined) pair = [other, stack].sort() as [string, string];
      found.set(range, stack);
    }
    const users = engineUsers(pair);
    expect(parse(users[pair[1]])[0]).toBe(parse(users[pair[0]])[1] + 1);
  });
});
