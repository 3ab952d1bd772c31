import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { path, unpackSystem } from "./system.mjs";

/** Debian's Redis behind the interface of the official image. @param {{work: string, root: string}} folders */
export async function redisFiles({ work, root }) {
  await unpackSystem({ work, root, packages: ["redis-server"], user: "redis", entrypoint: "redis-entrypoint.sh" });
  mkdirSync(join(root, "data"));
  return {
    changes: [
      `ENV PATH=${path}`,
      "WORKDIR /data",
      "VOLUME /data",
      "EXPOSE 6379",
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'CMD ["redis-server"]',
    ],
  };
}
