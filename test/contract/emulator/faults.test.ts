import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { createClient } from "./client.ts";

describe("faults on demand", () => {
  let emulator: Emulator;
  let client: ReturnType<typeof createClient>;

  beforeEach(async () => {
    emulator = await startEmulator();
    client = createClient(emulator);
  });
  afterEach(() => emulator.close());

  it("answers 5xx as JSON, once, and then works again", async () => {
    emulator.control.addFault({ kind: "error", status: 503, procedure: "project.all" });
    expect(await client.get("settings.getDokployVersion")).toMatchObject({ status: 200 });
    expect(await client.get("project.all")).toMatchObject({ status: 503, body: { code: "INTERNAL_SERVER_ERROR" } });
    expect(await client.get("project.all")).toMatchObject({ status: 200 });
  });

  it("answers as a proxy does whose server is away", async () => {
    emulator.control.addFault({ kind: "html", procedure: "project.*" });
    const { status, body } = await client.get("project.all");
    expect(status).toBe(502);
    expect(body).toContain("502 Bad Gateway");
  });

  it("answers as to a rate-limited key, without a code", async () => {
    emulator.control.addFault({ kind: "unauthorized" });
    expect(await client.get("project.all")).toEqual({ status: 401, body: { message: "Unauthorized" } });
  });

  it("answers as to a key whose limit falls between Dokploy's two checks, with a code", async () => {
    emulator.control.addFault({ kind: "unauthorized", check: "second" });
    expect(await client.get("project.all")).toEqual({
      status: 401,
      body: {
        message: "UNAUTHORIZED",
        code: "UNAUTHORIZED",
        data: { code: "UNAUTHORIZED", httpStatus: 401, path: "project.all", zodError: null },
      },
    });
  });

  it("breaks the connection before a write takes effect", async () => {
    emulator.control.addFault({ kind: "drop-before", procedure: "project.create" });
    await expect(client.post("project.create", { name: "x" })).rejects.toThrow("fetch failed");
    expect((await client.get("project.all")).body).toEqual([]);
  });

  it("breaks the connection after a write took effect", async () => {
    emulator.control.addFault({ kind: "drop-after", procedure: "project.create" });
    await expect(client.post("project.create", { name: "x" })).rejects.toThrow("fetch failed");
    expect((await client.get("project.all")).body).toHaveLength(1);
  });

  it("waits before it answers", async () => {
    emulator.control.addFault({ kind: "latency", ms: 120, procedure: "project.all" });
    const start = performance.now();
    await client.get("project.all");
    expect(performance.now() - start).toBeGreaterThan(115);
  });

  it("strikes the tRPC route as well", async () => {
    emulator.control.addFault({ kind: "error", procedure: "project.all" });
    expect(await client.get("trpc/project.all")).toMatchObject({ status: 500 });
  });

  it("fails one service's deployment with the given lines", async () => {
    const { composeId } = await client.createService();
    emulator.control.addFault({ kind: "fail-deploy", service: "web", log: ["no space left on device"] });
    const failed = await client.deploy(composeId);
    expect(failed.status).toBe("error");
    expect(failed.log).toContain(
      "no space left on device\nError: ❌ Docker command failed\n\nError occurred ❌, check the logs for details.\n",
    );
    expect((await client.deploy(composeId)).status).toBe("done");
  });

  it("loses a job that it has accepted: no row, no queue entry", async () => {
    const { composeId } = await client.createService();
    emulator.control.addFault({ kind: "lose-job", service: composeId });
    expect(await client.post("compose.deploy", { composeId })).toMatchObject({ status: 200, body: { success: true } });
    await emulator.control.idle();
    expect(await client.deployments(composeId)).toEqual([]);
  });

  it("keeps a job running until it is interrupted twice, while the others wait", async () => {
    const { composeId } = await client.createService();
    const other = await client.createService();
    emulator.control.addFault({ kind: "stuck", service: composeId, log: ["? Volume exists (y/N)"] });
    await client.post("compose.deploy", { composeId, title: "stuck" });
    await client.post("compose.deploy", { composeId: other.composeId });
    expect(await client.deployments(composeId)).toMatchObject([{ status: "running", finishedAt: null }]);
    await client.post("compose.killBuild", { composeId });
    expect(await client.deployments(other.composeId)).toEqual([]);
    await client.post("compose.killBuild", { composeId });
    await emulator.control.idle();
    expect(await client.deployments(composeId)).toMatchObject([{ status: "error" }]);
    expect(await client.deployments(other.composeId)).toMatchObject([{ status: "done" }]);
  });

  it("hands container faults to the simulated containers", async () => {
    const command = "compose -p APP -f docker-compose.yml up -d --wait --wait-timeout 30";
    const { composeId, appName } = await client.createService();
    await client.post("compose.update", { composeId, command: command.replace("APP", appName) });
    emulator.control.addFault({ kind: "containers", service: appName, outcome: "fail" });
    expect(await client.deploy(composeId)).toMatchObject({ status: "error" });
    expect(await client.deploy(composeId)).toMatchObject({ status: "done" });
  });

  it("lets Compose end without an error at its time limit although nothing became healthy", async () => {
    const { composeId, appName } = await client.createService();
    const command = `compose -p ${appName} -f docker-compose.yml up -d --wait --wait-timeout 1`;
    await client.post("compose.update", { composeId, command });
    const starting = { kind: "containers", service: appName, outcome: "starting", times: 1 } as const;
    emulator.control.addFault(starting);
    expect(await client.deploy(composeId)).toMatchObject({ status: "error" });
    emulator.control.addFault({ ...starting, passesAtTimeout: true });
    expect(await client.deploy(composeId)).toMatchObject({ status: "done" });
  });

  describe("its own endpoint", () => {
    const call = (method: string, path: string, body?: unknown) =>
      fetch(`${emulator.url}/_emulator/${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });

    it("arms, lists and clears faults", async () => {
      const armed = await call("POST", "faults", [{ kind: "error" }, { kind: "stuck", service: "redis" }]);
      expect(await armed.json()).toMatchObject([{ kind: "error" }, { kind: "stuck", service: "redis" }]);
      await call("DELETE", "faults");
      expect(await (await call("GET", "faults")).json()).toEqual([]);
    });

    it("says what is wrong with a fault", async () => {
      const refused = await call("POST", "faults", { kind: "error", status: 200 });
      expect(refused.status).toBe(400);
      expect(((await refused.json()) as { error: string }).error).toContain("status");
    });

    it("counts requests by procedure", async () => {
      await client.get("project.all");
      await client.get("trpc/project.all");
      await client.get("user.session");
      expect(await (await call("GET", "stats")).json()).toEqual({
        requests: 3,
        procedures: { "project.all": 2, "user.session": 1 },
      });
      await call("DELETE", "stats");
      expect(await (await call("GET", "stats")).json()).toEqual({ requests: 0, procedures: {} });
    });

    it("empties the server and keeps its keys", async () => {
      const { composeId } = await client.createService();
      await client.deploy(composeId);
      await call("POST", "reset");
      expect(await client.get("project.all")).toEqual({ status: 200, body: [] });
      expect(await client.get(`deployment.allByCompose?composeId=${composeId}`)).toEqual({ status: 200, body: [] });
    });
  });
});
