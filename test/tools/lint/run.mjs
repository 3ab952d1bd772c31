// Checks the workflows (actionlint, zizmor), base images, looks for secrets (gitleaks) and builds the documentation strictly:
// `node test/tools/lint/run.mjs`.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { findFloating } from "./base-images.mjs";
import { secretScans } from "./secrets.mjs";
import { installActionlint, installGitleaks, installMkdocs, installZizmor } from "./setup.mjs";

const root = join(import.meta.dirname, "..", "..", "..");

/** @param {string} program @param {string[]} words @param {NodeJS.ProcessEnv} [env] @returns {boolean} */
function passes(program, words, env = {}) {
  const { status, error } = spawnSync(program, words, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  if (error) console.error(`${program}: ${error.message}`);
  return status === 0;
}

/** @type {Record<string, () => Promise<boolean>>} */
const CHECKS = {
  actionlint: async () => passes(await installActionlint(), ["-color"]),
  // Its online audits need a token of GitHub's; what this machine can tell, it tells offline.
  zizmor: async () => passes(await installZizmor(), ["--offline", "--persona", "pedantic", "--quiet", ".github"]),
  gitleaks: async () => {
    const program = await installGitleaks();
    return secretScans(root).every((words) => passes(program, words));
  },
  images: async () => {
    const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
    const found = files
      .filter((file) => /dockerfile/i.test(basename(file)) && !/\.[mc]?[jt]s$/.test(file))
      .flatMap((file) => findFloating(readFileSync(join(root, file), "utf8")).map((line) => `${file}: ${line}`));
    for (const line of found) console.error(`${line}\n  name the image by its digest: <name>:<tag>@sha256:…`);
    return found.length === 0;
  },
  mkdocs: async () =>
    passes("python3", ["-m", "mkdocs", "build", "--strict", "--config-file", "docs/mkdocs.yml"], {
      PYTHONPATH: await installMkdocs(),
      NO_MKDOCS_2_WARNING: "true",
    }),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  console.error(`There is no check ${unknown.join(", ")}: name one of ${Object.keys(CHECKS).join(", ")}`);
  process.exit(2);
}
let status = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  try {
    const ok = await check();
    console.log(`${ok ? "✔" : "✘"} ${name}`);
    if (!ok) status = 1;
  } catch (error) {
    console.error(`✘ ${name}: ${error instanceof Error ? error.message : error}`);
    status = 1;
  }
}
process.exit(status);
