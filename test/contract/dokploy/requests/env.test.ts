import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusedEnv } from "../../../../components/dokploy/api/env.ts";
import { type Fixture, openFixture, running } from "../fixture.ts";

/** Characters that some step on the way to the container treats in its own way: dotenv, Dokploy, Compose's interpolation. */
const special = fc.constantFrom(
  ..."\"'`\\$#{}=:;, \t\n-%é☃~!&|<>()[]*?",
  "${",
  "{X}",
  "$$",
  "\\n",
  "\\$",
  "-----BEGIN KEY-----\n",
  "https://u:p@h/?q=1#f",
);
const value = fc
  .oneof(
    fc.array(special, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.string({ unit: "grapheme", maxLength: 40 }),
  )
  .filter((text) => refusedEnv({ KEY: text }, true).length === 0);

describe("env values", () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());

  it("reach the container byte for byte, and come back from Dokploy without drift", { timeout: 120_000 }, async () => {
    const batch = fc.array(value, { minLength: 20, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(batch, async (values) => {
        const env = Object.fromEntries(values.map((text, index) => [`KEY_${index}`, text]));
        const lines = Object.keys(env)
          .map((key) => `      - "${key}=\${${key}}"`)
          .join("\n");
        const file = `services:\n  web:\n    image: web:1\n    container_name: web\n    healthcheck: {test: ["CMD", "true"], interval: 1s}\n    environment:\n${lines}\n`;
        const said = { services: [{ name: "web", composeFile: file, env }] };
        const result = await fixture.engine.up(fixture.context, said);
        expect(result.web?.reason).toBeUndefined();
        expect((await running(fixture.containers, "web")).env).toMatchObject(env);
        expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});
