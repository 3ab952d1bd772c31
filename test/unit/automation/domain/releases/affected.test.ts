import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AffectedRow,
  affectedServices,
  matchingRows,
} from "../../../../../automation/domain/releases/affected.ts";

const SERVICES = ["postgres", "redis", "authentik", "minio"];

describe("a changed path", () => {
  test.each<[string, AffectedRow, string[]]>([
    ["components/redis/compose.yaml", "service", ["redis"]],
    ["components/postgres/init/10-roles.sql", "service", ["postgres"]],
    ["platform/01.postgres/compose.yaml", "service", ["postgres"]],
    ["platform/10.authentik/deep/er/file", "service", ["authentik"]],
    ["components/platform-service.ts", "all", SERVICES],
    ["components/compose/render.ts", "all", SERVICES],
    ["components/dokploy/deploy.ts", "all", SERVICES],
    ["components/vault/secrets.ts", "all", SERVICES],
    ["components/names/clashes.ts", "all", SERVICES],
    ["components/platform/service.ts", "all", SERVICES],
    ["components/engine/watchdog.ts", "all", SERVICES],
    ["stacks/platform.ts", "all", SERVICES],
    ["libs/console.py", "all", SERVICES],
    ["text/mask/mask.ts", "all", SERVICES],
    ["tools/outgoing/request.mjs", "all", SERVICES],
    ["tools/setup.mjs", "project", []],
    ["Pulumi.yaml", "all", SERVICES],
    ["Pulumi.staging.yaml", "all", SERVICES],
    ["Pulumi.production.yaml", "all", SERVICES],
    ["package-lock.json", "all", SERVICES],
    ["stacks/bootstrap.ts", "runner", []],
    ["Pulumi.bootstrap.yaml", "runner", []],
    ["automation/worker.ts", "runner", []],
    ["automation/package-lock.json", "runner", []],
    ["components/runner/compose.yaml", "runner", []],
    ["components/bootstrap/runner/compose.yaml", "runner", []],
    ["cli/main.ts", "runner", []],
    ["bootstrap/05.vault/deploy.py", "runner", []],
    ["finance_report/finance_report/compose.yaml", "application", []],
    ["finance/app/x", "application", []],
    ["docs/index.md", "project", []],
    ["README.md", "project", []],
    ["test/unit/components/redis/x.test.ts", "project", []],
    [".github/workflows/platform-staging.yml", "project", []],
    ["components/clickhouse/compose.yaml", "other", []],
    ["platform/postgres/compose.yaml", "other", []],
    ["platform/01.postgresql/compose.yaml", "other", []],
    ["components", "other", []],
    ["somewhere/components/redis/compose.yaml", "other", []],
    ["Pulumi.Staging.yaml.orig", "other", []],
    ["components/redis/with\nline end", "service", ["redis"]],
  ])("%s: %s", (path, row, services) => {
    expect(affectedServices([path], SERVICES)).toEqual({ services, paths: [{ path, row, services }] });
  });
});

test("several paths touch the services in their order, each once, and every path says why", () => {
  const { services, paths } = affectedServices(
    ["components/minio/index.ts", "README.md", "components/redis/index.ts", "components/redis/compose.yaml"],
    SERVICES,
  );
  expect(services).toEqual(["redis", "minio"]);
  expect(paths.map(({ row }) => row)).toEqual(["service", "project", "service", "service"]);
});

test("nothing touches nothing", () => {
  expect(affectedServices([], SERVICES)).toEqual({ services: [], paths: [] });
  expect(affectedServices(["components/redis/compose.yaml", "stacks/platform.ts"], [])).toMatchObject({ services: [] });
});

test("a service named like a folder of the platform or the runner is never touched", () => {
  const services = ["runner", "vault", "names", "redis"];
  expect(affectedServices(["stacks/platform.ts", "components/runner/compose.yaml"], services).services).toEqual([
    "redis",
  ]);
});

test("a path of the runner matches one row also when the runner has a compose file", () => {
  expect(matchingRows("components/runner/compose.yaml", ["runner", "redis"])).toEqual(["runner"]);
});

test("a path of the platform's own matches one row also when a service has the name of its folder", () => {
  for (const name of ["compose", "dokploy", "engine", "names", "platform", "vault"]) {
    expect(matchingRows(`components/${name}/x.ts`, [name, "redis"])).toEqual(["all"]);
  }
});

test("names are no patterns", () => {
  expect(affectedServices(["components/redisXio/a"], ["redis.io"]).services).toEqual([]);
});

test("no path matches two rows", () => {
  const part = fc.constantFrom(
    ...["components", "stacks", "platform", "automation", "runner", "redis", "01.redis", "compose", "bootstrap.ts"],
    ...["Pulumi.bootstrap.yaml", "Pulumi.staging.yaml", "docs", "test", "README.md", "libs", "package.json", "x"],
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      expect(matchingRows(parts.join("/"), SERVICES).length).toBeLessThanOrEqual(1);
    }),
  );
});

test("every folder of the tree matches exactly one row", () => {
  const files = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0").filter(Boolean);
  const services = files.flatMap((file) => /^components\/([^/]+)\/compose\.yaml$/.exec(file)?.[1] ?? []);
  expect(services).toContain("postgres");
  const unmatched = files.filter((file) => file.includes("/") && matchingRows(file, services).length !== 1);
  expect(unmatched).toEqual([]);
});
