import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDocumentedService, documentedFiles } from "../../unit/stacks/documented-service.ts";
import { openPlatform, type Platform } from "./platform.ts";

describe("the service that docs/guides/add-a-service.md adds", { timeout: 120_000 }, () => {
  let platform: Platform;
  const [first = "", ...config] = (documentedFiles["Pulumi.staging.yaml"] ?? "").trimEnd().split("\n");
  const lines = config.map((line) => line.slice(2));
  beforeAll(async () => {
    platform = await openPlatform();
  });
  afterAll(() => platform?.close());

  test("comes up beside what runs already, which stays as it is", async () => {
    expect(first).toBe("config:");
    platform.config("staging", [...lines.slice(0, 2), "platform:services: [postgres, redis]"]);
    expect((await platform.up("staging")).ok).toBe(true);
    const before = await platform.running("staging");

    addDocumentedService(platform.folder);
    platform.config("staging", lines);
    const { ok, text, changes } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect(changes).toMatchObject({ "Compose shop": "create", "Compose postgres": "update" });
    const after = await platform.running("staging");
    expect(after["platform-shop-staging"]).toMatch(/ healthy$/);
    for (const name of ["platform-postgres-staging", "platform-redis-staging"]) expect(after[name]).toBe(before[name]);
    const order = (await platform.services("staging")).map(({ name }) => name);
    expect(order.indexOf("shop")).toBeGreaterThan(order.indexOf("postgres"));
  });

  test("has its route, and reads the password that PostgreSQL gives its role", async () => {
    const labels = JSON.stringify(await platform.containers.inspect("platform-shop-staging"));
    expect(labels).toContain("Host(`shop-staging.example.org`)");
    const secret = (container: string, name: string) => platform.containers.readFile(container, `/run/secrets/${name}`);
    const password = secret("platform-shop-staging", "shop_database_password");
    expect(password).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(secret("platform-postgres-databases-staging", "database_shop")).toBe(password);
    expect((await platform.up("staging")).changes).toEqual({});
  });
});
