// Builds the images that the tests with real Docker need from Debian packages and Go modules, for machines that reach no registry.
// An image that is there already is left alone. Runs on Node >= 20; ends with 3 where they cannot be built.
// Usage: images.mjs [--list] [image…]; without an image, those of the tests and of the components that have a recipe. --list only names
// them, a line each.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runStep } from "../../../tools/setup/run.mjs";
import { OPENBAO_VERSION } from "../openbao/path.mjs";
import { run, Unavailable } from "./command.mjs";
import { authentikFiles } from "./images/authentik.mjs";
import { busyboxFiles } from "./images/busybox.mjs";
import { minioFiles } from "./images/minio.mjs";
import { openbaoFiles } from "./images/openbao.mjs";
import { postgresFiles } from "./images/postgres.mjs";
import { redisFiles } from "./images/redis.mjs";

/**
 * What fills an image of that name.
 * @type {Record<string, (folders: {work: string, root: string}) => Promise<{changes: string[]}>>}
 */
const recipes = {
  busybox: busyboxFiles,
  postgres: postgresFiles,
  redis: redisFiles,
  "minio/minio": minioFiles,
  "openbao/openbao": openbaoFiles,
  "ghcr.io/goauthentik/server": authentikFiles,
};

/** Of the agents that hand over secrets from Vault. */
const AGENT = `openbao/openbao:${OPENBAO_VERSION}`;

function imagesOfComponents() {
  const components = new URL("../../../components/", import.meta.url);
  return readdirSync(components, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("compose.yaml"))
    .flatMap((name) => [...readFileSync(new URL(name, components), "utf8").matchAll(/^\s*image: *(\S+)/gm)])
    .map(([, image = ""]) => image)
    .filter((image) => (image.split(":")[0] ?? "") in recipes);
}

async function build(/** @type {string} */ image) {
  const recipe = recipes[image.split(":")[0] ?? ""];
  if (!recipe) throw new Unavailable(`no recipe for ${image}: there is one for ${Object.keys(recipes).join(", ")}`);
  const work = mkdtempSync(join(tmpdir(), "image-"));
  const root = join(work, "root");
  mkdirSync(root);
  try {
    const { changes } = await recipe({ work, root });
    const archive = join(work, "image.tar");
    await runStep(`Packing ${image}`, "tar", ["-C", root, "-cf", archive, "."]);
    const options = changes.flatMap((change) => ["--change", change]);
    await runStep(`Importing ${image}`, "docker", ["import", ...options, archive, image]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  const asked = process.argv.slice(2).filter((word) => word !== "--list");
  const wanted = [...new Set(asked.length > 0 ? asked : ["busybox:1.36", AGENT, ...imagesOfComponents()])];
  if (process.argv.includes("--list")) console.log(wanted.join("\n"));
  else {
    for (const image of wanted) if (!run("docker", ["image", "inspect", image]).ok) await build(image);
    console.error(`  Images: ${wanted.join(", ")}`);
  }
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  console.error(`  No test images here: ${error.message}`);
  process.exitCode = 3;
}
