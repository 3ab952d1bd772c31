import { expect, test } from "vitest";
import { busybox, endless } from "./fixture.ts";
import { describeOnEachHost } from "./hosts.ts";

const withSecret = (more: string) => `services: {web: {${endless}, secrets: [password], ${more}}}
secrets: {password: {environment: PASSWORD}}
`;
const env = 'PASSWORD="s3cret"\n';

describeOnEachHost("traps of Compose", (stage) => {
  test("a changed volume definition asks a question and hangs until the process is killed; the data stays", async () => {
    const { up, host, containers } = stage();
    const file = (label: string) => `services: {db: {${endless}, volumes: ["data:/data"]}}
volumes: {data: {name: data-ID, labels: ["v=${label}"]}}
`;
    await up("app", file("1"));
    await host.writeData(`app-${stage().id}-db-1`, `data-${stage().id}`, "rows", "42");
    const before = await containers("app");
    const kill = new AbortController();
    const question = `Volume "data-ID" exists but doesn't match configuration in compose file. Recreate (data will be lost)?`;
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const hanging = up("app", file("2"), {
      wait: 1,
      signal: kill.signal,
      onLine: (line) => line.includes("data will be lost") && resolve(),
    });
    await asked;
    // The wait time-out of one second does not count yet: nothing ends the question but the kill.
    const ended = Symbol("ended");
    const rest = new Promise((resolve) => setTimeout(resolve, host.speed === 1 ? 3000 : 50));
    expect(await Promise.race([hanging.then(() => ended), rest])).not.toBe(ended);
    kill.abort();
    const { ok, output } = await hanging;
    expect(ok).toBe(false);
    expect(output).toContain(question);
    expect(await containers("app")).toEqual(before);
    expect(await host.readFile(`app-${stage().id}-db-1`, "/data/rows")).toBe("42");
  });

  test("a command without -d stays attached", async () => {
    const { up, app, containers } = stage();
    const kill = new AbortController();
    const command = `compose -p ${app("app")} -f docker-compose.yml up`;
    const attached = up("app", `services: {web: {${endless}}}\n`, { command, signal: kill.signal });
    const state = async () => (await containers("app")).get("app-ID-web-1")?.status;
    await expect.poll(state, { timeout: 30_000 }).toBe("running");
    kill.abort();
    expect((await attached).ok).toBe(false);
  });

  test("a read-only service takes no secret from the environment", async () => {
    const { up } = stage();
    const { ok, output } = await up("app", withSecret("read_only: true"), { env });
    expect(ok).toBe(false);
    expect(output).toContain("in read-only service web: `file` is the sole supported option");
  });

  test("a tmpfs above /run/secrets hides the secrets without a word", async () => {
    const { up, host, id } = stage();
    expect((await up("app", withSecret("tmpfs: [/run]"), { env })).ok).toBe(true);
    expect(await host.readFile(`app-${id}-web-1`, "/run/secrets/password")).toBeUndefined();
  });

  test("an empty config becomes no file", async () => {
    const { up, host, id } = stage();
    const file = `services: {web: {${endless}, configs: [{source: empty, target: /etc/empty}]}}\nconfigs: {empty: {content: ""}}\n`;
    await up("app", file);
    expect(await host.readFile(`app-${id}-web-1`, "/etc/empty")).toBeUndefined();
  });

  test("a one-letter volume name is taken for a drive", async () => {
    const { up } = stage();
    const { ok, output } = await up("app", `services: {web: {${endless}, volumes: ["v:/data"]}}\nvolumes: {v: {}}\n`);
    expect(ok).toBe(false);
    expect(output).toContain("invalid mount path: 'v:/data' mount path must be absolute");
  });

  test("a secret whose variable is missing leaves the container created", async () => {
    const { up, containers } = stage();
    const { ok, output } = await up("app", withSecret("labels: []"));
    expect(ok).toBe(false);
    expect(output).toMatch(/environment variable "PASSWORD" required by secret "[^"]*password" is not set/);
    expect((await containers("app")).get("app-ID-web-1")?.status).toBe("created");
  });

  test("a secret that nobody uses may lack its variable", async () => {
    const { up } = stage();
    const file = `services: {web: {${endless}}}\nsecrets: {password: {environment: PASSWORD}}\n`;
    expect((await up("app", file)).ok).toBe(true);
  });

  test("a container_name in use is a conflict, and the first container is not touched", async () => {
    const { up, containers, down } = stage();
    const file = `services: {web: {${endless}, container_name: name-ID}}\n`;
    await up("first", file);
    const before = await containers("first");
    const { ok, output } = await up("second", file);
    expect(ok).toBe(false);
    expect(output).toMatch(/Error response from daemon: Conflict\. The container name "\/name-ID" is already in use/);
    await down("second", true);
    expect(await containers("first")).toEqual(before);
  });

  test("secrets do not show in docker inspect, not even in the environment", async () => {
    const { up, host, id } = stage();
    await up("app", withSecret("labels: []"), { env });
    expect(await host.readFile(`app-${id}-web-1`, "/run/secrets/password")).toBe("s3cret");
    expect(JSON.stringify(await host.containers.inspect(`app-${id}-web-1`))).not.toContain("s3cret");
  });

  test("the logs hold what the program printed, with time stamps", async () => {
    const { up, host, id } = stage();
    await up("app", `services: {web: {${busybox}, command: [sh, -c, "echo one; echo two; sleep 3600"]}}\n`);
    const log = async () => (await host.containers.logs(`app-${id}-web-1`, 1)) ?? "";
    await expect.poll(log, { timeout: 20_000 }).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z two\n$/);
  });
});
