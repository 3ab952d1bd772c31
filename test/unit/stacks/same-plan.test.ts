import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ServicePlan } from "../../../components/platform/plan.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import { planStack } from "../../../stacks/plan.ts";
import { copyProgram } from "./refusals.ts";

const KEY = "a-master-key-that-is-long-enough-for-all";
const CONFIG = [
  "platform:domain: example.org",
  "platform:suffix: -staging",
  "platform:redis: {memory: 1g, policy: allkeys-lru}",
];

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "dockmaster-same-"));
});
afterEach(() => rmSync(home, { recursive: true }));

type Plans = Record<string, ServicePlan>;

function plansOf(program: { planStack: typeof planStack }, lines: readonly string[] = CONFIG): Plans {
  const text = ["config:", ...lines.map((line) => `  ${line}`), ""].join("\n");
  const { plan, problems } = program.planStack("staging", fromStackFile("staging", text).raw!, KEY);
  expect(problems).toEqual([]);
  return Object.fromEntries(plan!.services.map((service) => [service.name, service]));
}

/** The plans of a copy of the program in which something was changed. */
async function planCopy(change: (folder: string) => void, lines?: readonly string[]): Promise<Plans> {
  const folder = join(home, "elsewhere");
  copyProgram(folder);
  change(folder);
  return plansOf(await import(join(folder, "stacks/plan.ts")), lines);
}

const here = plansOf({ planStack });
const differing = (plans: Plans) =>
  Object.keys(here).filter((name) => JSON.stringify(plans[name]) !== JSON.stringify(here[name]));

describe("the same inputs make the same plan, byte for byte,", () => {
  it("in another folder with untracked files around", async () => {
    const plans = await planCopy((folder) => {
      for (const file of ["redis/notes.txt", "redis/.env", "redis/compose.override.yaml", "untracked.yaml"]) {
        writeFileSync(join(folder, "components", file), "services: {}\n");
      }
      writeFileSync(join(folder, ".env"), "REDIS_MEMORY=9g\n");
    });
    expect(JSON.stringify(plans)).toBe(JSON.stringify(here));
  });

  it("with the keys of the config in another order", () => {
    const lines = ["platform:redis: {policy: allkeys-lru, memory: 1g}", ...CONFIG.slice(0, 2).reverse()];
    expect(JSON.stringify(plansOf({ planStack }, lines))).toBe(JSON.stringify(here));
  });

  it("whatever stands in the environment", () => {
    const before = { ...process.env };
    Object.assign(process.env, { SUFFIX: "-other", REDIS_MEMORY: "9g", DOMAIN: "other.example" });
    try {
      expect(JSON.stringify(plansOf({ planStack }))).toBe(JSON.stringify(here));
    } finally {
      for (const name of ["SUFFIX", "REDIS_MEMORY", "DOMAIN"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });
});

describe("a change is a change of one service only:", () => {
  it("its compose file", async () => {
    const edit = (folder: string) => {
      const file = join(folder, "components/redis/compose.yaml");
      writeFileSync(file, readFileSync(file, "utf8").replace("stop_grace_period: 30s", "stop_grace_period: 45s"));
    };
    expect(differing(await planCopy(edit))).toEqual(["redis"]);
  });

  it("a comment of its compose file is none", async () => {
    const edit = (folder: string) => appendFileSync(join(folder, "components/redis/compose.yaml"), "# a comment\n");
    expect(differing(await planCopy(edit))).toEqual([]);
  });

  it("a file that it mounts", async () => {
    const edit = (folder: string) => appendFileSync(join(folder, "components/postgres/databases.sh"), "# more\n");
    expect(differing(await planCopy(edit))).toEqual(["postgres"]);
  });

  it("a value of its env", () => {
    expect(differing(plansOf({ planStack }, [...CONFIG, "platform:minio: {memory: 2g}"]))).toEqual(["minio"]);
  });

  it("its secrets, but for those whom it shares them with", () => {
    const rotated = (name: string) => differing(plansOf({ planStack }, [...CONFIG.slice(0, 2), ...own(name)]));
    expect(rotated("minio")).toEqual(["minio"]);
    expect(rotated("redis").sort()).toEqual(["authentik", "redis"]);
  });
});

function own(name: string): string[] {
  const redis =
    name === "redis" ? "memory: 1g, policy: allkeys-lru, secretVersion: 2" : "memory: 1g, policy: allkeys-lru";
  return [`platform:redis: {${redis}}`, ...(name === "redis" ? [] : [`platform:${name}: {secretVersion: 2}`])];
}
