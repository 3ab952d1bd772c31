import { expect, test } from "vitest";
import { placeSecrets, type SecretNeeds } from "../../../../components/vault/place.ts";

const LAYOUT = { project: "platform" };

function needs(service: string, more: Partial<SecretNeeds> = {}): SecretNeeds {
  return { service, own: {}, shares: [], borrowed: {}, ...more };
}

const redis = needs("redis", { own: { redis_password: { rotation: 2 }, admin: {} }, shares: ["redis_password"] });
const authentik = needs("authentik", {
  own: { key: {} },
  borrowed: { cache_password: { service: "redis", name: "redis_password" } },
});
const SHARED = "secret/data/platform/staging/shared/redis_redis_password";

test("what is not shared is in the owner's path, what is has a path of its own", () => {
  const minio = needs("minio", { own: { root: { kind: "given" } } });
  const { places, paths, shared } = placeSecrets(LAYOUT, "staging", [redis, authentik, minio]);
  expect(places).toEqual({
    redis: {
      redis_password: { path: SHARED, field: "redis_password" },
      admin: { path: "secret/data/platform/staging/redis", field: "admin" },
    },
    authentik: {
      key: { path: "secret/data/platform/staging/authentik", field: "key" },
      cache_password: { path: SHARED, field: "redis_password" },
    },
    minio: { root: { path: "secret/data/platform/staging/minio", field: "root" } },
  });
  expect(paths).toEqual({
    [SHARED]: { owner: "redis", fields: { redis_password: { rotation: 2 } } },
    "secret/data/platform/staging/redis": { owner: "redis", fields: { admin: {} } },
    "secret/data/platform/staging/authentik": { owner: "authentik", fields: { key: {} } },
    "secret/data/platform/staging/minio": { owner: "minio", fields: { root: { kind: "given" } } },
  });
  expect(shared).toEqual({ redis: [], authentik: ["redis_redis_password"], minio: [] });
});

test("a first reader does not move a secret: it keeps its value", () => {
  const alone = placeSecrets(LAYOUT, "staging", [redis]);
  const read = placeSecrets(LAYOUT, "staging", [redis, authentik]);
  expect(alone.places.redis).toEqual(read.places.redis);
});

test("a name that no template could address is written with `_`", () => {
  const minio = needs("minio", { own: { "bucket_my-files": {} }, shares: ["bucket_my-files"] });
  const reader = needs("shop", { borrowed: { files: { service: "minio", name: "bucket_my-files" } } });
  const { places, shared } = placeSecrets(LAYOUT, "staging", [minio, reader]);
  expect(places.minio?.["bucket_my-files"]).toEqual({
    path: "secret/data/platform/staging/shared/minio_bucket_my_files",
    field: "bucket_my_files",
  });
  expect(shared.shop).toEqual(["minio_bucket_my_files"]);
});

test("two stacks and two projects have nothing in common", () => {
  const all = [needs("redis", { own: { a: {} } })];
  const paths = [
    placeSecrets({ project: "platform" }, "staging", all),
    placeSecrets({ project: "platform" }, "production", all),
    placeSecrets({ project: "other", kv: "kv" }, "staging", all),
  ].map((placed) => Object.keys(placed.paths));
  expect(paths).toEqual([
    ["secret/data/platform/staging/redis"],
    ["secret/data/platform/production/redis"],
    ["kv/data/other/staging/redis"],
  ]);
});
