import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { printProblem } from "../../../components/compose/problem.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import type { planStack } from "../../../stacks/plan.ts";
import { addDocumentedService, documentedFiles } from "./documented-service.ts";
import { copyProgram } from "./refusals.ts";

const KEY = "a-master-key-that-is-long-enough-for-all";
const folder = mkdtempSync(join(tmpdir(), "dockmaster-shop-"));
let program: { planStack: typeof planStack };

beforeAll(async () => {
  copyProgram(folder);
  addDocumentedService(folder);
  program = await import(join(folder, "stacks/plan.ts"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function plan(stack: string, text: string) {
  const { plan: found, problems } = program.planStack(stack, fromStackFile(stack, text).raw!, KEY);
  expect(problems.map(printProblem)).toEqual([]);
  return new Map(found!.services.map((service) => [service.name, service]));
}

it("is one folder, and one line more in the catalogue", () => {
  expect(Object.keys(documentedFiles)).toEqual([
    "components/shop/compose.yaml",
    "components/shop/limits.conf",
    "components/shop/index.ts",
    "stacks/catalogue.ts",
    "Pulumi.staging.yaml",
  ]);
  const before = readFileSync(join(import.meta.dirname, "../../../stacks/catalogue.ts"), "utf8");
  const without = documentedFiles["stacks/catalogue.ts"]?.replace(/^import { shop }.*\n/m, "").replace(", shop]", "]");
  expect(without).toBe(before);
});

it("has its route, its database and its settings, as the page says", () => {
  const services = plan("staging", documentedFiles["Pulumi.staging.yaml"] ?? "");
  expect([...services.keys()]).toEqual(["postgres", "redis", "shop"]);
  const shop = services.get("shop")!;
  expect(shop).toMatchObject({
    needs: ["postgres"],
    env: { SHOP_MEMORY: "256m", SHOP_PAGE_SIZE: "50" },
    domains: [{ host: "shop-staging.example.org", service: "platform-shop-staging", port: 8080 }],
    data: ["uploads"],
  });
  expect(shop.secretEnv.SHOP_DATABASE_PASSWORD).toBe(services.get("postgres")?.secretEnv.DATABASE_SHOP);
  expect(services.get("postgres")?.env.POSTGRES_DATABASES).toBe("shop");
  const { services: containers, volumes } = parse(shop.composeFile);
  expect(Object.keys(containers)).toEqual(["platform-shop-staging"]);
  expect(volumes.uploads).toEqual({ name: "platform-shop-uploads-staging" });
  expect(shop.composeFile).toContain("max_upload = 20m");
});

it("works with its secrets in Vault as well, without a change", () => {
  const config = "config:\n  platform:domain: example.org\n  platform:suffix: ''\n  platform:secrets: vault\n";
  const services = plan("production", `${config}  vault:address: https://vault.example.org\n`);
  expect(services.get("shop")?.vault).toMatchObject({
    role: "platform.production.shop",
    shared: ["postgres_database_shop"],
    places: { shop_session_key: { path: "secret/data/platform/production/shop", field: "shop_session_key" } },
  });
});

it("may have the checks that the page shows", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/guides/add-a-service.md"), "utf8");
  const [, checks = ""] = /below platform:shop"\n([\s\S]*?)```/.exec(page) ?? [];
  const shop = plan("staging", `${documentedFiles["Pulumi.staging.yaml"]}${checks}`).get("shop");
  expect(shop?.checks).toEqual([{ url: "https://shop-staging.example.org/ready" }]);
  expect(shop?.ownChecks).toMatchObject([{ attempts: 3 }]);
});
