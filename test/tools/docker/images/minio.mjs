import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { goProgram } from "../go-program.mjs";
import { path, unpackSystem } from "./system.mjs";

const RELEASE = "2025-04-22T22-12-26Z";
const module = new URL("../minio/", import.meta.url);

/** MinIO's server and client behind the interface of the official image. @param {{work: string, root: string}} folders */
export async function minioFiles({ work, root }) {
  const version = "github.com/minio/minio/cmd";
  const otherwise = "MinIO is built from its Go module, and there is no Go here";
  const programs = {
    minio: await goProgram({
      name: "minio",
      module,
      source: "github.com/minio/minio",
      ldflags: `-X ${version}.ReleaseTag=RELEASE.${RELEASE} -X ${version}.Version=2025-04-22T22:12:26Z`,
      label: "Building MinIO from its Go module (once, 3 to 8 minutes)",
      otherwise,
    }),
    mc: await goProgram({
      name: "mc",
      module,
      source: "github.com/minio/mc",
      ldflags: "",
      label: "Building MinIO's client from its Go module (once, about a minute)",
      otherwise,
    }),
  };
  await unpackSystem({ work, root, packages: [], user: "minio", entrypoint: "minio-entrypoint.sh" });
  for (const [name, program] of Object.entries(programs)) copyFileSync(program, join(root, "usr/bin", name));
  symlinkSync("/usr/local/bin/docker-entrypoint.sh", join(root, "usr/bin/docker-entrypoint.sh"));
  mkdirSync(join(root, "data"));
  return {
    changes: [
      `ENV PATH=${path}`,
      "ENV MC_CONFIG_DIR=/tmp/.mc",
      "VOLUME /data",
      "EXPOSE 9000",
      'ENTRYPOINT ["/usr/bin/docker-entrypoint.sh"]',
      'CMD ["minio"]',
    ],
  };
}
