import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDockerContainers } from "../../../emulator/containers/docker.ts";
import { whyNoDocker } from "../../docker.ts";
import { openPlatform, type Platform } from "./platform.ts";

/** What decides about networks, with what the release before private networks did. */
const giveNetworksBefore = (text: string) =>
  text.replace(
    /^export function giveNetworks\([^)]*\): PlainFile \{\n/m,
    (head) => `${head}  return { ...compose, networks: { default: { name: networkName(context.suffix) } } };\n`,
  );

/** Puts the program into the state of the release before; returns what brings it back. */
function goBack({ folder }: Platform): () => void {
  const edits: [string, (text: string) => string][] = [
    ["components/compose/networks.ts", giveNetworksBefore],
    ["stacks/platform.ts", (text) => text.replace(/^ +network: networkName\(config\.suffix\),\n/m, "")],
  ];
  const now = edits.map(([path, edit]): [string, string] => {
    const file = join(folder, path);
    const text = readFileSync(file, "utf8");
    const changed = edit(text);
    if (changed === text) throw new Error(`${path} is not as expected`);
    writeFileSync(file, changed);
    return [file, text];
  });
  return () => {
    for (const [file, text] of now) writeFileSync(file, text);
  };
}

describe("the update that brings private networks", { timeout: 240_000 }, () => {
  let platform: Platform;
  let goOn: () => void;
  const lines = ["platform:domain: example.org", "platform:suffix: -staging"];

  beforeAll(async () => {
    platform = await openPlatform();
    platform.config("staging", lines);
    goOn = goBack(platform);
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
    goOn();
  }, 120_000);
  afterAll(() => platform?.close());

  /** Without what names networks: the lines that may differ. */
  const withoutNetworks = (text: string) =>
    text
      .replaceAll(/^ {4}networks:\n(?: {6,}.*\n)+/gm, "")
      .replaceAll(/^ {4}external_links:\n(?: {6,}.*\n)+/gm, "")
      .replaceAll(/^networks:\n(?: {2,}.*\n)+/gm, "");

  test("is all that a preview shows", async () => {
    const { ok, text, changes } = await platform.preview("staging");
    expect(ok, text).toBe(true);
    expect(changes).toEqual({
      "Environment environment": "update",
      ...Object.fromEntries(["authentik", "minio", "postgres", "redis"].map((name) => [`Compose ${name}`, "update"])),
    });
    const lines = text.split("\n").filter((line) => /^\s+[-+~] /.test(line));
    expect(lines.filter((line) => line.includes("networks"))).not.toEqual([]);
    const others =
      /image|environment:|volumes|secrets|command|entrypoint|container_name|healthcheck|labels|domains|env\b/;
    expect(lines.filter((line) => others.test(line))).toEqual([]);
  });

  test("changes nothing but the networks, keeps volumes, and nothing afterwards", async () => {
    const before = await platform.services("staging");
    const volumes = await platform.containers.volumes();
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
    const after = await platform.services("staging");
    const plain = (services: typeof before) =>
      services.map(({ name, appName, composeFile, env }) => ({
        name,
        appName,
        env,
        text: withoutNetworks(composeFile),
      }));
    expect(plain(after)).toEqual(plain(before));
    expect(after.map(({ composeFile }) => composeFile)).not.toEqual(before.map(({ composeFile }) => composeFile));
    expect(await platform.containers.volumes()).toEqual(volumes);
    const seen = (from: string, name: string) => platform.containers.resolve(`platform-${from}-staging`, name);
    expect(seen("authentik-server", "platform-postgres-staging")).toEqual(["platform-postgres-staging"]);
    expect(seen("authentik-worker", "platform-redis-staging")).toEqual(["platform-redis-staging"]);
    expect(seen("postgres-databases", "platform-postgres-staging")).toEqual(["platform-postgres-staging"]);
    expect(seen("authentik-server", "worker")).toEqual(["platform-authentik-worker-staging"]);
    expect(seen("authentik-server", "platform-postgres-databases-staging")).toEqual([]);
    expect((await platform.up("staging")).changes).toEqual({});
  });

  test("can be taken back with one rollback", async () => {
    const back = goBack(platform);
    const { ok, text } = await platform.up("staging");
    back();
    expect(ok, text).toBe(true);
    expect((await platform.up("staging")).ok).toBe(true);
  });

  test("makes the network again that a prune took away", async () => {
    for (const { appName } of await platform.services("staging")) await platform.containers.stop(appName);
    const names = new Set((await platform.containers.networks()).map(({ name }) => name));
    expect(names.has("platform-staging")).toBe(true);
    await platform.containers.removeNetwork("platform-staging");
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect((await platform.containers.networks()).map(({ name }) => name)).toContain("platform-staging");
  });
});

const run = promisify(execFile);
const docker = async (...words: string[]): Promise<string> => (await run("docker", words)).stdout.trim();
const noDocker = await whyNoDocker("postgres:17.6-bookworm", "redis:8.2.3-bookworm");
const missing = process.env.REQUIRE_DOCKER === "1" ? undefined : noDocker;

const FILE = `services:
  web:
    image: redis:8.2.3-bookworm
    entrypoint: [sleep]
    command: [infinity]
    init: true
    environment: ["DATABASE_HOST=postgres", "CACHE_URL=redis://redis:6379"]
    healthcheck:
      test: [CMD-SHELL, "redis-cli -u redis://redis:6379 ping"]
      interval: 2s
      retries: 20
    depends_on: {redis: {condition: service_healthy}, postgres: {condition: service_healthy}}
  redis:
    image: redis:8.2.3-bookworm
    command: [sh, -c, "exec redis-server --protected-mode no"]
    volumes: ["cache:/data"]
    healthcheck: {test: [CMD, redis-cli, ping], interval: 1s, retries: 20}
  postgres:
    image: postgres:17.6-bookworm
    environment: {POSTGRES_HOST_AUTH_METHOD: trust}
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {test: [CMD, pg_isready, -U, postgres], interval: 1s, retries: 60}
volumes: {cache: , data: }
`;

const define = (name: string) => `import { defineService } from "../platform/service.ts";

export const ${name} = defineService({
  name: "${name}",
  settings: {},
  describe: () => ({ data: ["cache", "data"], routes: [{ container: "web", host: "${name}", port: 80 }] }),
});
`;

// Both services have a `postgres` and a `redis`; both environments have both services. First as the release before ran them.
describe.skipIf(missing)(
  `two services with databases of their own${missing ? ` (${missing})` : ""}`,
  { timeout: 600_000 },
  () => {
    const stacks = { staging: `-t${process.pid}`, qa: `-u${process.pid}` };
    const services = ["shop", "blog"];
    let platform: Platform;
    const full = (service: string, container: string, suffix: string) => `platform-${service}-${container}${suffix}`;
    const inside = (service: string, container: string, suffix: string, ...words: string[]) =>
      docker("exec", full(service, container, suffix), ...words);
    const each = async (look: (service: string, suffix: string) => Promise<void>) => {
      for (const suffix of Object.values(stacks)) for (const service of services) await look(service, suffix);
    };
    /** Again, as the runner does it, when the machine was too busy to keep a connection. */
    const bring = async () => {
      for (const stack of Object.keys(stacks)) {
        let outcome = await platform.up(stack);
        for (let again = 1; again < 3 && outcome.text.includes("dokploy_unreachable"); again++)
          outcome = await platform.up(stack);
        expect(outcome.ok, outcome.text).toBe(true);
      }
    };

    beforeAll(async () => {
      expect(noDocker).toBeUndefined();
      platform = await openPlatform({ host: createDockerContainers() });
      for (const name of services) {
        const folder = join(platform.folder, "components", name);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, "compose.yaml"), FILE);
        writeFileSync(join(folder, "index.ts"), define(name));
      }
      writeFileSync(
        join(platform.folder, "stacks/catalogue.ts"),
        `import { blog } from "../components/blog/index.ts";
import { shop } from "../components/shop/index.ts";
import type { Service } from "../components/platform/service.ts";

export const catalogue: readonly Service[] = [blog, shop];
`,
      );
      for (const [stack, suffix] of Object.entries(stacks))
        platform.config(stack, ["platform:domain: example.org", `platform:suffix: ${suffix}`]);
    });
    afterAll(async () => {
      for (const stack of Object.keys(stacks))
        for (const { appName } of (await platform?.services(stack)) ?? [])
          await docker("compose", "-p", appName, "down", "--volumes", "--timeout", "1").catch(() => "");
      for (const suffix of Object.values(stacks)) {
        const left = (await docker("volume", "ls", "--quiet")).split("\n").filter((name) => name.endsWith(suffix));
        if (left.length > 0) await docker("volume", "rm", ...left).catch(() => "");
        await docker("network", "rm", `platform${suffix}`).catch(() => "");
      }
      await platform?.close();
    }, 120_000);

    test("run as before, and take data with them", async () => {
      const goOn = goBack(platform);
      // Bare names lead nowhere there.
      for (const name of services) {
        const file = join(platform.folder, "components", name, "compose.yaml");
        const old = FILE.replaceAll("redis://redis:", `redis://platform-${name}-redis$\{SUFFIX:-}:`);
        writeFileSync(
          file,
          old.replace("DATABASE_HOST=postgres", `DATABASE_HOST=platform-${name}-postgres$\{SUFFIX:-}`),
        );
      }
      await bring();
      await each(async (service, suffix) => {
        const mark = `${service}${suffix}`;
        await inside(service, "redis", suffix, "redis-cli", "SET", "mark", mark);
        await inside(service, "redis", suffix, "redis-cli", "SAVE");
        await inside(
          service,
          "postgres",
          suffix,
          "psql",
          "-U",
          "postgres",
          "-c",
          `CREATE TABLE mark AS SELECT '${mark}' AS value`,
        );
      });
      goOn();
      for (const name of services) writeFileSync(join(platform.folder, "components", name, "compose.yaml"), FILE);
    });

    test("go over with their data, each to its own by the bare name, none to another's", async () => {
      await bring();
      await each(async (service, suffix) => {
        const mark = `${service}${suffix}`;
        for (const host of ["redis", full(service, "redis", suffix)])
          expect(await inside(service, "web", suffix, "redis-cli", "-h", host, "GET", "mark")).toBe(mark);
        const query = ["psql", "-U", "postgres", "-Atc", "SELECT value FROM mark", "-h"];
        for (const host of ["postgres", full(service, "postgres", suffix)])
          expect(await inside(service, "postgres", suffix, ...query, host)).toBe(mark);
        for (const other of services.filter((name) => name !== service)) {
          const there = inside(
            service,
            "web",
            suffix,
            "redis-cli",
            "-t",
            "2",
            "-h",
            full(other, "redis", suffix),
            "PING",
          );
          expect(await there.catch(() => "not reached")).toBe("not reached");
        }
      });
    });

    test("and nothing is left to do, and nothing is drift", async () => {
      for (const stack of Object.keys(stacks)) {
        expect((await platform.up(stack)).changes).toEqual({});
        const drift = await platform.drift(stack);
        expect(drift.ok, drift.text).toBe(true);
      }
    });
  },
);
