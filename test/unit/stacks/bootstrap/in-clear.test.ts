import { expect, test } from "vitest";
import { planInClear } from "../../../../stacks/bootstrap/in-clear.ts";

test.each<[string, Record<string, string | undefined>, { own?: string; allowed: string }, string, RegExp[]]>([
  ["nothing in clear", { DOKPLOY_URL: "https://d.example.org", VAULT_ADDR: undefined }, { allowed: "" }, "", []],
  ["a name of a Docker network", { DOKPLOY_URL: "http://dokploy:3000" }, { allowed: "" }, "dokploy", []],
  [
    "the same for both",
    { DOKPLOY_URL: "http://inside:3000", VAULT_ADDR: "http://inside:8200" },
    { allowed: "" },
    "inside",
    [],
  ],
  [
    "beside what the config names",
    { DOKPLOY_URL: "http://dokploy:3000" },
    { own: "gitea", allowed: "gitea" },
    "gitea,dokploy",
    [],
  ],
  [
    "one that the config names",
    { VAULT_ADDR: "http://10.0.0.5:8200" },
    { own: "10.0.0.5", allowed: "10.0.0.5" },
    "10.0.0.5",
    [],
  ],
  [
    "one that the laptop names",
    { VAULT_ADDR: "http://v.example.org" },
    { allowed: "v.example.org,other" },
    "v.example.org",
    [],
  ],
  ["a laptop's tunnel", { DOKPLOY_URL: "http://127.0.0.1:3000" }, { allowed: "" }, "", []],
  [
    "one that nobody names",
    { VAULT_ADDR: "http://v.example.org" },
    { allowed: "" },
    "",
    [/v\.example\.org without encryption/],
  ],
  [
    "an address that nobody names",
    { DOKPLOY_URL: "http://10.0.0.5" },
    { allowed: "dokploy" },
    "",
    [/10\.0\.0\.5 without/],
  ],
])("the runner's container: %s", (_, addresses, { own, allowed }, expected, problems) => {
  const plan = planInClear(addresses, { own, allowed });
  expect(plan.allowed).toBe(expected);
  expect(plan.problems).toEqual(
    problems.map((words) => expect.objectContaining({ message: expect.stringMatching(words) })),
  );
  const named = Object.values(addresses).some((address) => address?.startsWith("http:") && !address.includes("127."));
  expect(plan.note !== undefined).toBe(named && problems.length === 0);
});
