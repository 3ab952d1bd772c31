import { describe, expect, test } from "vitest";
import { ensureRegistry, planRegistry, registryOf } from "../../../../../components/bootstrap/runner/registry.ts";

const login = { server: "ghcr.io", username: "you", password: "canary" };
const fields = {
  registryName: "dockmaster ghcr.io",
  username: "you",
  password: "canary",
  registryUrl: "ghcr.io",
  registryType: "cloud",
  imagePrefix: null,
};

describe("the registry login of Dokploy", () => {
  test("is made when there is none of ours", () => {
    const theirs = { registryId: "1", registryName: "mine", registryUrl: "ghcr.io", username: "you" };
    expect(planRegistry([theirs], login)).toEqual({ procedure: "registry.create", body: fields });
  });

  test("is sent again when it is there: its password may be another by now", () => {
    const own = { registryId: "7", registryName: "dockmaster ghcr.io", registryUrl: "ghcr.io", username: "old" };
    expect(planRegistry([own], login)).toEqual({ procedure: "registry.update", body: { ...fields, registryId: "7" } });
  });

  test("is not sent to something that is no Dokploy", async () => {
    const dokploy = { get: async () => ({ hello: "world" }), post: async () => undefined, close: async () => {} };
    await expect(ensureRegistry(dokploy, login)).rejects.toMatchObject({
      hint: expect.stringContaining("DOKPLOY_URL"),
    });
  });

  test("repeats only what may be repeated", async () => {
    const sent: unknown[] = [];
    const dokploy = {
      get: async () => [],
      post: async (procedure: string, _body: object, options?: object) => void sent.push([procedure, options]),
      close: async () => {},
    };
    await ensureRegistry(dokploy, login);
    expect(sent).toEqual([["registry.create", { idempotent: false }]]);
  });

  test.each([
    ["ghcr.io/you/dockmaster", "ghcr.io"],
    ["registry.example.org:5000/dockmaster", "registry.example.org:5000"],
    ["localhost/dockmaster", "localhost"],
    ["you/dockmaster", "docker.io"],
    ["dockmaster", "docker.io"],
  ])("of %s is at %s", (repository, server) => {
    expect(registryOf(repository)).toBe(server);
  });
});
