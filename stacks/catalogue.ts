import { authentik } from "../components/authentik/index.ts";
import { minio } from "../components/minio/index.ts";
import type { Service } from "../components/platform/service.ts";
import { postgres } from "../components/postgres/index.ts";
import { redis } from "../components/redis/index.ts";

/** Every service that a stack can run. A new one is its folder and its line here; the order means nothing. */
export const catalogue: readonly Service[] = [authentik, minio, postgres, redis];
