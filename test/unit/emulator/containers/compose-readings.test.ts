import { describe, expect, test } from "vitest";
import { env, files } from "./compose-files.ts";
import { readSimulated } from "./readings.ts";
// What `docker compose config` v2.40.0 makes of them; the contract tests compare it with the Compose at hand.
import recorded from "./recorded-readings.json" with { type: "json" };

describe("reads or refuses as docker compose config does", () => {
  for (const [name, text] of Object.entries(files))
    test(name, () => {
      expect(readSimulated(text, env)).toEqual((recorded as Record<string, unknown>)[name]);
    });
});
