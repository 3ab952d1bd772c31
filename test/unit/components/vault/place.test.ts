import { expect, test } from "vitest";
import { placeSecrets } from "../../../../components/vault/place.ts";

const LAYOUT = { project: "platform" };

test("what only its owner reads is in the owner's path, what others read has a path of its own", () => {
  const { places, paths, shared } = placeSecrets(LAYOUT, "staging", [
    { service: "redis", own: { redis_password: { rotation: 2 }, admin: {} }, borrowed: {} },
    {
      service: "authentik",
      own: { key: {} },
      borrowed: { cache_password: { service: "redis", name: "redis_password" } },
    },
    { service: "minio", own: { root: { kind: "given" } }, borrowed: {} },
  ]);
  const sharedPath = "secret/data/platform/staging/shared/redis_redis_password";
  expect(places).toEqual({
    redis: {
      redis_password: { path: sharedPath, field: "redis_password" },
      admin: { path: "secret/data/platform/staging/redis", field: "admin" },
    },
    authentik: {
      key: { path: "secret/data/platform/staging/authentik", field: "key" },
      cache_password: { path: sharedPath, field: "redis_password" },
    },
    minio: { root: { path: "secret/data/platform/staging/minio", field: "root" } },
  });
  expect(paths).toEqual({
    [sharedPath]: { owner: "redis", fields: { redis_password: { rotation: 2 } } },
    "secret/data/platform/staging/redis": { owner: "redis", fields: { admin: {} } },
    "secret/data/platform/staging/authentik": { owner: "authentik", fields: { key: {} } },
    "secret/data/platform/staging/minio": { owner: "minio", fields: { root: { kind: "given" } } },
  });
  expect(shared).toEqual({ redis: ["redis_redis_password"], authentik: ["redis_redis_password"], minio: [] });
});

test("two stacks and two projects have nothing in common", () => {
  const needs = [{ service: "redis", own: { a: {} }, borrowed: {} }];
  const paths = [
    placeSecrets({ project: "platform" }, "staging", needs),
    placeSecrets({ project: "platform" }, "production", needs),
    placeSecrets({ project: "other", kv: "kv" }, "staging", needs),
  ].map((placed) => Object.keys(placed.paths));
  expect(paths).toEqual([
    ["secret/data/platform/staging/redis"],
    ["secret/data/platform/production/redis"],
    ["kv/data/other/staging/redis"],
  ]);
});
