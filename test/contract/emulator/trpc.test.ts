import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { createClient } from "./client.ts";

/** What `@dokploy/cli` 0.30.7 sends. */
describe("the tRPC route, as the official CLI calls it", () => {
  let emulator: Emulator;
  let client: ReturnType<typeof createClient>;

  beforeAll(async () => {
    emulator = await startEmulator();
    client = createClient(emulator);
  });
  afterAll(() => emulator.close());

  it("answers a query without a parameter", async () => {
    expect(await client.get("trpc/project.all")).toEqual({ status: 200, body: { result: { data: { json: [] } } } });
  });

  it("fails every query with a parameter: its input lacks the envelope", async () => {
    const { composeId } = await client.createService();
    const input = encodeURIComponent(JSON.stringify({ composeId }));
    expect(await client.get(`trpc/compose.one?input=${input}`)).toMatchObject({
      status: 400,
      body: { error: { json: { code: -32600, data: { code: "BAD_REQUEST", path: "compose.one" } } } },
    });
  });

  it("carries out mutations", async () => {
    const { composeId } = await client.createService();
    expect(await client.post("trpc/compose.saveEnvironment", { json: { composeId, env: "A=1" } })).toEqual({
      status: 200,
      body: { result: { data: { json: true } } },
    });
    expect((await client.get(`compose.one?composeId=${composeId}`)).body.env).toBe("A=1");
  });

  it("coerces nothing", async () => {
    const { composeId } = await client.createService();
    const refused = await client.post("trpc/compose.delete", { json: { composeId, deleteVolumes: "false" } });
    expect(refused.status).toBe(400);
  });

  it.each([
    ["GET", "trpc/project.nope", 404],
    ["POST", "trpc/project.all", 405],
  ])("%s %s is %d", async (method, path, status) => {
    const answer = method === "GET" ? await client.get(path) : await client.post(path, { json: {} });
    expect(answer.status).toBe(status);
  });

  it("answers a wrong key with 401 and a code", async () => {
    const response = await fetch(`${emulator.url}/api/trpc/project.all`, { headers: { "x-api-key": "wrong" } });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { json: { data: { code: "UNAUTHORIZED" } } } });
  });

  it("answers nothing as an undefined value", async () => {
    expect((await client.post("trpc/compose.update", { json: { composeId: "nope" } })).body).toEqual({
      result: { data: { json: null, meta: { values: ["undefined"] } } },
    });
  });
});
