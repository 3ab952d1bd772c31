import { expect, test } from "vitest";
import { endless } from "./fixture.ts";
import { describeOnEachHost } from "./hosts.ts";

const withVolume = (definition: string) =>
  `services: {db: {${endless}, volumes: ["data:/data"]}}\nvolumes: {data: ${definition}}\n`;
const named = withVolume("{name: data-ID}");

describeOnEachHost("volumes", (stage) => {
  const write = async (app: string, volume: string) =>
    stage().host.writeData(`${app}-${stage().id}-db-1`, volume, "rows", "42");
  const read = async (app: string) => stage().host.readFile(`${app}-${stage().id}-db-1`, "/data/rows");
  const exists = async (volume: string) => (await stage().host.containers.volumes()).includes(volume);

  test("a fixed name keeps its data over delete and create, with a warning about its creator", async () => {
    const { up, down, id } = stage();
    await up("first", named);
    await write("first", `data-${id}`);
    await down("first", false);
    const { ok, output } = await up("second", named);
    expect(ok).toBe(true);
    expect(output).toContain("already exists but was created for project");
    expect(await read("second")).toBe("42");
  });

  test("are removed with the project that created them", async () => {
    const { up, down, id } = stage();
    await up("first", named);
    await down("first", true);
    expect(await exists(`data-${id}`)).toBe(false);
  });

  test("stay when a later project is removed with its volumes", async () => {
    const { up, down, id } = stage();
    await up("first", named);
    await down("first", false);
    await up("second", named);
    await down("second", true);
    expect(await exists(`data-${id}`)).toBe(true);
  });

  test("without a name belong to the project and are left behind by a plain removal", async () => {
    const { up, down, app } = stage();
    await up("first", withVolume("{}"));
    await down("first", false);
    expect(await exists(`${app("first")}_data`)).toBe(true);
    await up("first", withVolume("{}"));
    await down("first", true);
    expect(await exists(`${app("first")}_data`)).toBe(false);
  });

  test("external ones are used without a question and never removed", async () => {
    const { up, down, id } = stage();
    await up("first", named);
    await down("first", false);
    expect((await up("second", withVolume("{name: data-ID, external: true}"))).ok).toBe(true);
    await down("second", true);
    expect(await exists(`data-${id}`)).toBe(true);
  });

  test("external ones that are missing are an error", async () => {
    const { up } = stage();
    const { ok, output } = await up("app", withVolume("{name: missing-ID, external: true}"));
    expect(ok).toBe(false);
    expect(output).toContain('external volume "missing-ID" not found');
  });

  test("another name is a new, empty volume; the old one stays", async () => {
    const { up, containers, id } = stage();
    await up("app", named);
    await write("app", `data-${id}`);
    const before = await containers("app");
    await up("app", withVolume("{name: data2-ID}"));
    expect((await containers("app")).get("app-ID-db-1")?.id).not.toBe(before.get("app-ID-db-1")?.id);
    expect(await read("app")).toBeUndefined();
    expect(await exists(`data-${id}`)).toBe(true);
  });

  test("of memory are shared by writer and reader, and a read-only mount at /run/secrets works", async () => {
    const { up, host, id } = stage();
    const file = `services:
  agent: {${endless}, volumes: ["files:/data"]}
  app: {${endless}, read_only: true, volumes: ["files:/run/secrets:ro"], depends_on: [agent]}
volumes: {files: {name: files-ID, driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: "size=1m,mode=0755"}}}
`;
    expect((await up("app", file)).ok).toBe(true);
    await host.writeData(`app-${id}-agent-1`, `files-${id}`, "password", "s3cret");
    expect(await host.readFile(`app-${id}-app-1`, "/run/secrets/password")).toBe("s3cret");
  });

  test("of memory are empty once all their containers have stopped", async () => {
    const { up, host, id, app, folder } = stage();
    const file = `services: {agent: {${endless}, volumes: ["files:/data"]}}
volumes: {files: {name: files-ID, driver: local, driver_opts: {type: tmpfs, device: tmpfs}}}
`;
    await up("app", file);
    await host.writeData(`app-${id}-agent-1`, `files-${id}`, "password", "s3cret");
    expect((await host.containers.stop(app("app"))).ok).toBe(true);
    expect((await host.containers.start(app("app"), folder("app"))).ok).toBe(true);
    expect(await host.readFile(`app-${id}-agent-1`, "/data/password")).toBeUndefined();
  });

  test("a stop and a start keep container, secrets and data", async () => {
    const { up, host, id, app, folder, containers } = stage();
    await up(
      "app",
      named.replace("volumes: [", "secrets: [pw], volumes: [").concat("secrets: {pw: {environment: PW}}\n"),
      { env: "PW=x1\n" },
    );
    await write("app", `data-${id}`);
    const before = await containers("app");
    await host.containers.stop(app("app"));
    expect((await containers("app")).get("app-ID-db-1")?.status).toBe("exited");
    await host.containers.start(app("app"), folder("app"));
    expect((await containers("app")).get("app-ID-db-1")).toMatchObject({
      id: before.get("app-ID-db-1")?.id,
      status: "running",
    });
    expect(await read("app")).toBe("42");
    expect(await host.readFile(`app-${id}-db-1`, "/run/secrets/pw")).toBe("x1");
  });
});
