import { describe, expect, it } from "vitest";
import { createCompose } from "../../../../components/dokploy/compose.ts";
import { composeFile, contextTo, openFixture } from "../fixture.ts";

describe("an older Dokploy", () => {
  it.each([
    ["0.29.5", { A: "1" }, /config_invalid: Dokploy v0\.29\.5 is too old \(update Dokploy to v0\.29\.6 or newer\)/],
    [
      "0.29.9",
      { A: "with $ in it" },
      /config_invalid: web: env A needs escaping, which Dokploy does since v0\.30\.0 only/,
    ],
  ] as const)("%s is refused before anything is sent, where it matters", async (version, env, reason) => {
    const fixture = await openFixture();
    await fixture.engine.up(fixture.context, { services: [] });
    const environmentId = fixture.engine.environment()?.environmentId ?? "";
    const numbers = version.split(".").map(Number) as unknown as readonly [number, number, number];
    const context = contextTo({ ...fixture.dokploy, version: async () => numbers });
    const inputs = {
      environmentId,
      name: "web",
      service: "web",
      owner: { project: "p", stack: "s", keyId: "0".repeat(16) },
      composeFile: composeFile("web"),
      env,
      domains: [],
      checks: [],
      waitTimeout: 5,
      stages: 1,
      adopt: false,
    };
    const requests = await fixture.requests(() => expect(createCompose(context, inputs)).rejects.toThrow(reason));
    expect(requests).toEqual({});
    if (version === "0.29.9") await createCompose(context, { ...inputs, env: { A: "plain" } });
    await fixture.close();
  });

  it("is asked for its version once", async () => {
    const fixture = await openFixture();
    const services = ["a", "b", "c"].map((name) => ({ name, composeFile: composeFile(name) }));
    const requests = await fixture.requests(() => fixture.engine.up(fixture.context, { services }));
    expect(requests["settings.getDokployVersion"]).toBe(1);
    await fixture.close();
  });
});
