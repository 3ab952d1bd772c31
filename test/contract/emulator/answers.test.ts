import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import type { ComposeRow } from "../../../emulator/state/records.ts";
import { createClient, SERVICE } from "./client.ts";

interface User {
  accessedProjects: string[];
  accessedEnvironments: string[];
  accessedServices: string[];
  user: { apiKeys: object[] };
}

// What a real v0.30.2 answered, and its source says, beyond the recorded walk.
describe("answers as the real server's", () => {
  let emulator: Emulator;
  let client: ReturnType<typeof createClient>;
  let service: ComposeRow;
  beforeAll(async () => {
    emulator = await startEmulator({ apiKey: "key" });
    client = createClient(emulator);
    service = await client.createService();
  });
  afterAll(() => emulator.close());

  const readLogs = (query: string) => client.get(`compose.readLogs?composeId=${service.composeId}&${query}`);
  const text = async (path: string) =>
    (await fetch(`${emulator.url}/api/${path}`, { headers: { "x-api-key": "key" } })).json();

  it("the log of a container that is not there is what Docker says of it", async () => {
    expect(await text(`compose.readLogs?composeId=${service.composeId}&containerId=gone`)).toBe(
      "Error response from daemon: No such container: gone\n",
    );
    expect((await readLogs("containerId=gone")).status).toBe(200);
  });

  it("the search in a log is `grep -iF`, and fails where nothing is found", async () => {
    expect((await readLogs("containerId=gone&search=no%20such")).body).toContain("No such container");
    const { status, body } = await readLogs("containerId=gone&search=xyz");
    expect(status).toBe(500);
    expect(body).toMatchObject({ message: expect.stringContaining("| grep -iF 'xyz'") });
  });

  it("an environment's services have icons", async () => {
    await client.post("compose.update", { composeId: service.composeId, icon: "data:image/png;base64,AA==" });
    const one = await client.get(`environment.one?environmentId=${service.environmentId}`);
    expect(one.body.compose).toMatchObject([{ icon: "data:image/png;base64,AA==", server: null }]);
    const list = await client.get(`environment.byProjectId?projectId=${one.body.projectId}`);
    expect(list.body).toMatchObject([{ compose: [{ icon: "data:image/png;base64,AA==" }] }]);
  });

  it("a user's keys have their times and whether they count, and no part of the key", async () => {
    const { user } = (await client.get("user.get")).body as User;
    expect(user.apiKeys).toEqual([
      {
        id: expect.any(String),
        name: "emulator",
        prefix: null,
        enabled: true,
        expiresAt: null,
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
  });

  it("what somebody makes is noted with them, owners too, and stays noted", async () => {
    const before = (await client.get("user.get")).body as User;
    const { project, environment } = (await client.post("project.create", { name: "noted" })).body;
    const { projectId } = project;
    const { environmentId } = (await client.post("environment.create", { name: "staging", projectId })).body;
    const wanted = { name: "web", environmentId, sourceType: "raw", composeFile: SERVICE };
    const { composeId } = (await client.post("compose.create", wanted)).body;
    await client.post("compose.delete", { composeId, deleteVolumes: false });
    const after = (await client.get("user.get")).body as User;
    expect(after.accessedProjects).toEqual([...before.accessedProjects, projectId]);
    expect(after.accessedEnvironments).toEqual([
      ...before.accessedEnvironments,
      environment.environmentId,
      environmentId,
    ]);
    expect(after.accessedServices).toEqual([...before.accessedServices, composeId]);
  });

  it.each([
    ["", "Add a hostname"],
    [" a.example.org", "Domain name cannot have leading or trailing spaces"],
    ["a_b.example.org", "Invalid domain name."],
    ["-a.example.org", "Invalid domain name."],
    ["*.example.org", "Invalid domain name."],
  ])("a domain with the host %j is refused in its words", async (host, message) => {
    const wanted = { host, composeId: service.composeId, serviceName: "web", domainType: "compose" };
    const { status, body } = await client.post("domain.create", wanted);
    expect(status).toBe(400);
    expect(body.issues).toMatchObject([{ path: ["host"], message: expect.stringContaining(message) }]);
  });

  it.each([
    [400, "Invalid JSON", '{"composeId":'],
    [413, "Body exceeded 1mb limit", `"${"x".repeat(1024 * 1024)}"`],
  ])("%d comes without a content type, and says it in the status line", async (status, message, body) => {
    const answer = await new Promise<{ statusCode?: number; statusMessage?: string; headers: object; text: string }>(
      (resolve, reject) => {
        const headers = { "x-api-key": "key", "content-type": "application/json" };
        const sent = request(`${emulator.url}/api/compose.deploy`, { method: "POST", headers }, async (response) => {
          let text = "";
          for await (const chunk of response) text += chunk;
          resolve(Object.assign(response, { text }));
        });
        sent.on("error", reject);
        sent.end(body);
      },
    );
    expect([answer.statusCode, answer.statusMessage, answer.text]).toEqual([status, message, message]);
    expect(answer.headers).not.toHaveProperty("content-type");
    expect(answer.headers).toHaveProperty("x-frame-options", "DENY");
  });

  it("volumes go with the Compose project that made them, whatever the file of a later one says", async () => {
    const composeFile = `${SERVICE}    volumes: ["data:/data"]\nvolumes: {data: {name: shared-data}}\n`;
    const volumes = () => emulator.control.volumes();
    const first = await client.createService({ composeFile });
    await client.deploy(first.composeId);
    await client.post("compose.delete", { composeId: first.composeId, deleteVolumes: false });
    const second = await client.createService({ composeFile });
    await client.deploy(second.composeId);
    await client.post("compose.delete", { composeId: second.composeId, deleteVolumes: true });
    expect(await volumes()).toContain("shared-data");

    const own = await client.createService({ composeFile: composeFile.replace("shared-data", "own-data") });
    await client.deploy(own.composeId);
    expect(await volumes()).toContain("own-data");
    await client.post("compose.delete", { composeId: own.composeId, deleteVolumes: true });
    expect(await volumes()).not.toContain("own-data");
  });

  it("what a deployment leaves running sleeps for as long as it would for real", async () => {
    const state = async ({ appName }: ComposeRow) => {
      const { body } = await client.get(`docker.getContainersByAppNameMatch?appName=${appName}`);
      return (body as { state: string }[]).map((row) => row.state);
    };
    const sleeping = (seconds: number) =>
      client.createService({ composeFile: SERVICE.replace('["sleep", "3000"]', `["sleep", "${seconds}"]`) });
    const long = await sleeping(1000);
    const short = await sleeping(2);
    for (const { composeId } of [long, short]) await client.deploy(composeId);
    const deadline = Date.now() + 30_000;
    while ((await state(short))[0] !== "exited") {
      if (Date.now() > deadline) throw new Error("the short one never ends");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // In simulated time that were half an hour.
    expect(await state(long)).toEqual(["running"]);
  });
});
