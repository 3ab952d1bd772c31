import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { IMAGE_FILES } from "../../../../../stacks/bootstrap/release.ts";
import { ENGINE_PROGRAMS, ENGINE_VERSION } from "../../../../../tools/engine-path.mjs";
import { shortcutEnvironment } from "../../../../../tools/shortcuts/environment.mjs";

// There is no registry that this machine reaches, so the image is judged by its description.
const ROOT = new URL("../../../../..", import.meta.url).pathname;
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

interface Instruction {
  word: string;
  rest: string;
}

/** Instructions of each stage, without comments and line breaks. */
function stages(): { name: string; base: string; steps: Instruction[] }[] {
  const lines = read("Dockerfile")
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const found: { name: string; base: string; steps: Instruction[] }[] = [];
  for (const line of lines) {
    const [word = "", ...words] = line.split(" ");
    if (word === "FROM") found.push({ base: words[0] ?? "", name: words[2] ?? "", steps: [] });
    else found.at(-1)?.steps.push({ word, rest: words.join(" ") });
  }
  return found;
}

const all = stages();
const final = all.at(-1)!;
const rests = (word: string) => final.steps.filter((step) => step.word === word).map(({ rest }) => rest);

describe("the runner's image", () => {
  test("begins with the very Node that the tests run on, pinned by a full version and a digest", () => {
    const bases = all.filter(({ base }) => !all.some(({ name }) => name === base)).map(({ base }) => base);
    const { version } = JSON.parse(read("node_modules/node/package.json"));
    expect(bases).toEqual([expect.stringMatching(`^node:${version}-bookworm-slim@sha256:[0-9a-f]{64}$`)]);
  });

  test("has the engine that the project is tested with, checked against the sums in the repository", () => {
    const engine = all.find(({ name }) => name === "engine")!;
    expect(engine.steps).toContainEqual({ word: "ARG", rest: `PULUMI_VERSION=${ENGINE_VERSION}` });
    const { dependencies } = JSON.parse(read("package.json"));
    expect(dependencies["@pulumi/pulumi"]).toBe(ENGINE_VERSION);
    const commands = engine.steps.map(({ rest }) => rest).join("\n");
    expect(commands).toMatch(/grep " {2}\$\{archive\}\\\$" engine-checksums.txt \| sha256sum --check --strict/);
    // Sums that come from where the archive comes from say nothing of it.
    expect(commands).not.toMatch(/checksums.*releases|releases.*checksums\.txt"/);
    expect(engine.steps).toContainEqual({ word: "COPY", rest: "tools/engine-checksums.txt ./" });
    for (const program of ENGINE_PROGRAMS) expect(commands).toContain(`pulumi/${program}`);
  });

  test("has what the lock file names, and runs no script of a package", () => {
    const modules = all.find(({ name }) => name === "modules")!;
    expect(modules.steps.map(({ rest }) => rest).join()).toMatch(/npm ci --omit=dev --ignore-scripts/);
  });

  test("runs as a user of its own, by number, as the compose file says too", () => {
    expect(rests("USER")).toEqual(["1000:1000"]);
    const { services } = parse(read("components/bootstrap/runner/compose.yaml"));
    expect(services.runner.user).toBe(rests("USER")[0]);
  });

  test("has folders that only those get into whom the compose file's volumes are for", () => {
    const made = rests("RUN")
      .join(" && ")
      .matchAll(/install --directory --owner=(\d+) --group=(\d+) --mode=(\d+) (\S+)/g);
    const folders = Object.fromEntries(
      [...made].map(([, owner, group, mode, path]) => [path, `${owner}:${group} ${mode}`]),
    );
    expect(folders).toEqual({
      "/data": "1000:1000 0700",
      // Whoever carries out a run gets through to what is its own, and sees nothing on the way.
      "/engine": "0:0 0711",
      // The door gets through to the socket.
      "/run/engine": "0:1000 0710",
      "/run/engines": "0:0 0755",
    });
    const { runner, engine } = parse(read("components/bootstrap/runner/compose.yaml")).services;
    const places = [...runner.volumes, ...engine.volumes].map((mount: string) => mount.split(":")[1]);
    expect(places).toEqual(["/data", "/run/engines/engine", "/engine", "/run/engine"]);
  });

  test("has a worker that starts as root, with a check of its health by its own program", () => {
    const { engine } = parse(read("components/bootstrap/runner/compose.yaml")).services;
    expect(engine.user).toBe("0:0");
    expect(engine.healthcheck.test).toEqual(["CMD", ...engine.command, "--check"]);
  });

  test("is asked for its health at the same place as by the compose file", () => {
    const command = JSON.parse(/CMD (\[.*\])$/.exec(rests("HEALTHCHECK")[0]!)![1]!);
    const { services } = parse(read("components/bootstrap/runner/compose.yaml"));
    expect(["CMD", ...command]).toEqual(services.runner.healthcheck.test);
    expect(command.join(" ")).toContain("/health/live");
    expect(services.runner.command).toEqual(JSON.parse(rests("CMD")[0]!));
  });

  test("keeps all that it writes in its data folder and /tmp", () => {
    const env = Object.fromEntries(
      [
        ...rests("ENV")
          .join(" ")
          .matchAll(/(\w+)=(\S+)/g),
      ].map(([, key, value]) => [key, value]),
    );
    expect(env).toMatchObject({
      DATA_DIR: "/data",
      HOME: "/tmp",
      npm_config_cache: "/data/npm",
      HOST: "0.0.0.0",
      PORT: "8080",
    });
    expect(rests("VOLUME")).toEqual(["/data"]);
  });

  test("says which commit and release it is, in its last layer", () => {
    const words = final.steps.map(({ word }) => word);
    expect(words.slice(-5)).toEqual(["ARG", "ARG", "LABEL", "ENV", "CMD"]);
    expect(rests("LABEL")[0]).toContain('org.opencontainers.image.revision="${' + 'COMMIT}"');
    expect(rests("LABEL")[0]).toContain('org.opencontainers.image.version="${' + 'RELEASE}"');
    // The process cannot read labels.
    expect(rests("ENV").at(-1)).toContain("DOCKMASTER_IMAGE_RELEASE=${" + "RELEASE}");
    expect(rests("ENV").at(-1)).toContain("DOCKMASTER_IMAGE_COMMIT=${" + "COMMIT}");
  });

  test("copies nothing that the list of its files, or the build context, leaves out", () => {
    const copied = rests("COPY").filter((rest) => !rest.startsWith("--from"));
    const paths = copied.flatMap((rest) => rest.split(" ").slice(0, -1));
    expect([...new Set(["Dockerfile", ".dockerignore", ...paths])].sort()).toEqual([...IMAGE_FILES].sort());
    const allowed = read(".dockerignore").match(/(?<=^!).+/gm);
    expect(allowed?.sort()).toEqual([...new Set(paths)].sort());
    for (const path of paths) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });

  test("holds every file that the runner and its updates import", () => {
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      // Types are stripped with their imports; what the CLI loads when it is called is not the runner's.
      const text = read(file).replaceAll(/import type [^;]*;/g, "");
      for (const [, path] of text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)) {
        visit(relative(ROOT, join(ROOT, dirname(file), path!)));
      }
    };
    for (const start of ["automation/main.mjs", "automation/engine-worker.mjs", "automation/engine/child.ts"])
      visit(start);
    expect(seen.size).toBeGreaterThan(50);
    const inside = (file: string) => IMAGE_FILES.some((path) => file === path || file.startsWith(`${path}/`));
    expect([...seen].filter((file) => !inside(file))).toEqual([]);
    // Every process of an update is told to load this one first, and does not start without it.
    const [, preload] = /--require "(.+)"/.exec(shortcutEnvironment({}).NODE_OPTIONS ?? "") ?? [];
    expect(inside(relative(ROOT, preload!))).toBe(true);
  });
});
