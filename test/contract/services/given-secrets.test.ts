import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { fromEngine } from "../../../stacks/config/raw-config.ts";
import { planStack } from "../../../stacks/plan.ts";
import { whyNoDocker } from "../../docker.ts";

const run = promisify(execFile);
const SUFFIX = `-g${process.pid}`;
const KEY = "k".repeat(40);
const SERVICES = ["postgres", "redis", "minio", "authentik"];

/** Every secret that can be given, by service; the bucket is there for its user. */
const SECRETS: Record<string, string[]> = {
  postgres: ["postgres_password", "database_authentik"],
  redis: ["redis_password"],
  minio: ["minio_root_password", "bucket_files"],
  authentik: ["authentik_secret_key", "authentik_admin_password", "authentik_admin_token"],
};

interface ComposeText {
  services: Record<string, { command?: string[] }>;
  networks?: Record<string, { name?: string; external?: boolean }>;
}

type Values = Record<string, Record<string, string>>;

function planned(values: Values = {}) {
  const config: Record<string, string> = { "platform:domain": "example.org", "platform:suffix": SUFFIX };
  for (const service of SERVICES) {
    const buckets = service === "minio" ? { buckets: ["files"] } : {};
    config[`platform:${service}`] = JSON.stringify({ secrets: values[service] ?? {}, ...buckets });
  }
  const plan = planStack(
    "staging",
    fromEngine("staging", config, (key) => SERVICES.includes(key.slice("platform:".length))),
    KEY,
  );
  return plan;
}

const { refuseValue } = planned();
/** A value for every secret: `wanted` where it is taken, else as much of it as is. */
function valuesOf(wanted: string): Values {
  const taken = (service: string, name: string) =>
    [wanted, `${wanted}-long-enough`, wanted.replaceAll(" ", "_"), wanted.replace(/[^\x21-\x7e]/g, "_")].find(
      (value) => refuseValue(service, name, value).length === 0,
    );
  return Object.fromEntries(
    Object.entries(SECRETS).map(([service, names]) => [
      service,
      Object.fromEntries(
        names.flatMap((name) => (taken(service, name) === undefined ? [] : [[name, taken(service, name)!]])),
      ),
    ]),
  );
}

const NASTY = [
  `a b#c 'd' $e \\ "f" ;`,
  "-p:@/%41?&=+[x]{y}|*~!^<>,.$(id)$HOME$$1`id` requirepass",
  `%s%n\\n\\x41\\\\"'#`,
  "żółć-пароль-密码-🔑-é-\u00a0-ß-İ",
  `${"0123456789abcdef".repeat(60)}"'\\`,
];

const noDocker = await whyNoDocker(
  "postgres:17.6-bookworm",
  "redis:8.2.3-bookworm",
  "minio/minio:RELEASE.2025-04-22T22-12-26Z",
  "ghcr.io/goauthentik/server:2025.8.4",
);
const missing = process.env.REQUIRE_DOCKER === "1" ? undefined : noDocker;

describe.skipIf(missing)(`values given for secrets${missing ? ` (${missing})` : ""}`, { timeout: 600_000 }, () => {
  let folder: string;
  const networks = new Set<string>();
  beforeAll(async () => {
    expect(noDocker).toBeUndefined();
    folder = mkdtempSync(join(tmpdir(), "dockmaster-given-"));
  });
  afterAll(async () => {
    for (const service of SERVICES) await compose(service, {}, "down", "--volumes", "--timeout", "1").catch(() => "");
    const { stdout } = await run("docker", ["volume", "ls", "--quiet"]);
    const left = stdout.split("\n").filter((name) => name.endsWith(SUFFIX));
    if (left.length > 0) await run("docker", ["volume", "rm", ...left]).catch(() => "");
    for (const name of networks) await run("docker", ["network", "rm", name]).catch(() => "");
    rmSync(folder, { recursive: true, force: true });
  });

  async function compose(service: string, env: Record<string, string>, ...words: string[]): Promise<void> {
    const all = ["compose", "-p", `given-${service}${SUFFIX}`, "-f", join(folder, `${service}.yaml`), ...words];
    await run("docker", all, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, maxBuffer: 1e8 });
  }

  /** Brings a service to healthy, which means that everybody in it has signed in with its own password. */
  async function up(values: Values): Promise<void> {
    const { plan, problems } = planned(values);
    expect(problems).toEqual([]);
    const start = async (service: string) => {
      const { composeFile, env, secretEnv } = plan!.services.find(({ name }) => name === service)!;
      writeFileSync(join(folder, `${service}.yaml`), composeFile);
      const parsed = (parse(composeFile) as ComposeText).networks ?? {};
      for (const { name, external } of Object.values(parsed)) {
        if (name === undefined) continue;
        if (external && !networks.has(name)) await run("docker", ["network", "create", name]);
        networks.add(name);
      }
      await compose(service, { ...env, ...secretEnv }, "up", "-d", "--wait", "--wait-timeout", "180");
    };
    // One after the other: two that make the same network at once are in each other's way.
    for (const service of SERVICES) await start(service);
  }

  const inside = async (container: string, script: string) =>
    (await run("docker", ["exec", `platform-${container}${SUFFIX}`, "sh", "-c", script])).stdout;

  test.each(NASTY)("the four services run with %j", async (value) => {
    await up(valuesOf(value));
    expect(await inside("redis", "redis-cli PING")).toContain("NOAUTH");
  });

  const values = fc
    .string({
      unit: fc.oneof(
        fc.constantFrom(..." #'\"\\$%@:/?&-+=[]{}`!|;<>*~^,."),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
      ),
      minLength: 1,
      maxLength: 60,
    })
    .filter((value) => !/[\0\r\n]/.test(value));

  test("Redis takes whatever the platform lets through", async () => {
    const { plan } = planned();
    const { composeFile } = plan!.services.find(({ name }) => name === "redis")!;
    const services = Object.values((parse(composeFile) as ComposeText).services);
    const script =
      services.map(({ command }) => command?.[2] ?? "").find((text) => text.includes("redis-server")) ?? "";
    expect(script).toContain("requirepass");
    const samples = fc
      .sample(values, { numRuns: 60, seed: 15 })
      .filter((value) => refuseValue("redis", "redis_password", value).length === 0);
    expect(samples.length).toBeGreaterThan(30);
    const files = samples.map((value) => Buffer.from(value).toString("base64")).join(" ");
    // The service's own command, as the container's shell gets it, with each value in turn.
    const loop = `
mkdir -p /run/secrets /data; cd /data
export APPENDONLY=no MAXMEMORY=10mb MAXMEMORY_POLICY=noeviction
for value in ${files}; do
  printf %s "$value" | base64 -d > /run/secrets/redis_password
  sh /command.sh >/tmp/log 2>&1 &
  for try in $(seq 100); do redis-cli PING >/dev/null 2>&1 && break; sleep 0.05; done
  export REDISCLI_AUTH="$(cat /run/secrets/redis_password)"
  test "$(redis-cli PING)" = PONG || { echo "not taken: $value"; tail -3 /tmp/log; exit 1; }
  redis-cli SHUTDOWN NOSAVE; wait; unset REDISCLI_AUTH
done
echo all taken`;
    const command = script.replaceAll("$$", "$");
    writeFileSync(join(folder, "command.sh"), command);
    const mounted = `${join(folder, "command.sh")}:/command.sh:ro`;
    const words = ["run", "--rm", "--entrypoint", "sh", "-v", mounted, "redis:8.2.3-bookworm", "-c", loop];
    expect((await run("docker", words).catch((error) => error)).stdout).toContain("all taken");
  });

  test("PostgreSQL's roles and MinIO's users take whatever the platform lets through", async () => {
    const samples = fc.sample(values, { numRuns: 12, seed: 15 });
    for (const value of samples.filter((each) => refuseValue("postgres", "postgres_password", each).length === 0)) {
      await signIn("postgres-databases", value, [
        `export PGHOST=/var/run/postgresql PGUSER=postgres`,
        `psql -Xqw -v ON_ERROR_STOP=1 <<'SQL'
\\set password \`cat /tmp/value\`
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', 'authentik', :'password') \\gexec
SQL`,
        `PGPASSWORD="$(cat /tmp/value)" psql -XAtqw -h platform-postgres${SUFFIX} -U authentik -d authentik -c 'SELECT 1'`,
      ]);
    }
    for (const value of samples.filter((each) => refuseValue("minio", "bucket_files", each).length === 0)) {
      const address = "http://127.0.0.1:9000";
      await signIn("minio", value, [
        `as() { bash /as.sh test ${address} "$@"; }`,
        `printf '%s\\n%s\\n' given "$(cat /tmp/value)" | as platform /run/secrets/minio_root_password --quiet admin user add server`,
        "as platform /run/secrets/minio_root_password --quiet admin policy attach server readwrite --user given || true",
        "as given /tmp/value --quiet ls server",
      ]);
    }
  });

  async function signIn(container: string, value: string, script: string[]): Promise<void> {
    const write = `printf %s ${Buffer.from(value).toString("base64")} | base64 -d > /tmp/value`;
    const text = ["set -e", write, ...script].join("\n");
    const words = ["exec", `platform-${container}${SUFFIX}`, "bash", "-c", text];
    const said = await run("docker", words).then(
      () => "",
      (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
    );
    expect(said, JSON.stringify(value)).toBe("");
  }
});
