import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectDokploy, type Dokploy } from "../../../../components/dokploy/api/client.ts";
import type { DokployError } from "../../../../components/dokploy/api/errors.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";

// Dokploy verifies a key twice per request. What the second check refuses has the answer of a missing right.
describe("a key with a rate limit", () => {
  let emulator: Emulator;
  let dokploy: Dokploy | undefined;
  beforeEach(async () => {
    emulator = await startEmulator();
  });
  afterEach(async () => {
    dokploy?.close();
    await emulator.close();
  });

  const key = async (wanted: object): Promise<string> => {
    const ask = async (procedure: string, body?: object) => {
      const headers = { "x-api-key": emulator.apiKey, "content-type": "application/json" };
      const request = body ? { headers, method: "POST", body: JSON.stringify(body) } : { headers };
      return (await fetch(`${emulator.url}/api/${procedure}`, request)).json();
    };
    const [{ id }] = (await ask("organization.all")) as [{ id: string }];
    return (
      (await ask("user.createApiKey", { name: "k", metadata: { organizationId: id }, ...wanted })) as { key: string }
    ).key;
  };
  const connect = (apiKey: string) => {
    dokploy = connectDokploy({ url: emulator.url, apiKey, backoff: 20 });
    return dokploy;
  };
  const failure = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      ({ kind }: DokployError) => kind,
    );
  const raw = async (apiKey: string) => {
    const answer = await fetch(`${emulator.url}/api/project.all`, { headers: { "x-api-key": apiKey } });
    return [answer.status, ((await answer.json()) as { code?: string }).code];
  };

  it("is answered without a code before the first check, and with one between the two", async () => {
    const even = await key({ rateLimitMax: 2 });
    expect([await raw(even), await raw(even)]).toEqual([
      [200, undefined],
      [401, undefined],
    ]);
    const odd = await key({ rateLimitMax: 3 });
    expect([await raw(odd), await raw(odd), await raw(odd)]).toEqual([
      [200, undefined],
      [401, "UNAUTHORIZED"],
      [401, undefined],
    ]);
  });

  it("is answered with a code when eight requests come at once, because all are at the first check before one is at the second", async () => {
    const limited = await key({ rateLimitMax: 8 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => raw(limited)));
    expect(answers.filter(([, code]) => code === "UNAUTHORIZED").length).toBeGreaterThan(1);
  });

  it.each([
    ["one after another", 3, 1],
    ["eight at once", 8, 8],
    ["eight at once, in the middle of them", 21, 8],
  ])("is told as what it is: %s", async (_, rateLimitMax, atOnce) => {
    const server = connect(await key({ rateLimitMax }));
    const kinds = new Set<string | undefined>();
    for (let round = 0; round < 3; round++) {
      const calls = await Promise.all(Array.from({ length: atOnce }, () => failure(server.projects())));
      for (const kind of calls) if (kind !== undefined) kinds.add(kind);
    }
    expect([...kinds]).toEqual(["limited-key"]);
  });

  it("works on when its window has passed meanwhile, and nothing is done twice", async () => {
    const server = connect(await key({ rateLimitMax: 3, rateLimitTimeWindow: 60 }));
    await server.createProject({ name: "one", description: "" });
    await server.createProject({ name: "two", description: "" });
    const projects = await connect(emulator.apiKey).projects();
    expect(projects.map(({ name }) => name).sort()).toEqual(["one", "two"]);
  });

  it("is no missing right, and a missing right is no limit", async () => {
    const member = connect(emulator.control.createApiKey({ role: "member", rateLimitEnabled: false }));
    expect(await failure(member.compose("x"))).toBe("permission");
    // What tRPC itself says to others than owners and admins, always, while the key is good for everything else.
    emulator.control.addFault({ kind: "unauthorized", check: "second", procedure: "project.all", times: "always" });
    expect(await failure(connect(emulator.apiKey).projects())).toBe("permission");
    emulator.control.clearFaults();
    emulator.control.addFault({ kind: "unauthorized", check: "second", procedure: "project.all" });
    expect(await failure(connect(emulator.apiKey).projects())).toBeUndefined();
  });

  it("that is deleted in the middle is told as a key that stopped working", async () => {
    emulator.control.addFault({ kind: "unauthorized", check: "second", times: "always" });
    expect(await failure(connect(emulator.apiKey).projects())).toBe("limited-key");
  });
});
