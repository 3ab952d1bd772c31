import { describe, expect, it } from "vitest";
import { Unavailable } from "../../tools/docker/command.mjs";
import { composeReader } from "../../tools/docker/compose-reader.mjs";
import { compareFiles } from "./compare.ts";

/** How many random files are compared; `FILES=20000 npx vitest run test/contract/compose` for the whole run. */
const FILES = Number(process.env.FILES ?? 1500);
/** The first seed. */
const SEED = Number(process.env.SEED ?? 1);
const BATCH = 2000;

const missing = await composeReader().then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof Unavailable) return error.message;
    throw error;
  },
);

describe.skipIf(missing !== undefined && process.env.REQUIRE_DOCKER !== "1")(
  `random compose files, read here and by Docker Compose${missing ? ` (${missing})` : ""}`,
  () => {
    it(`are accepted by both or refused by both, and mean the same when they were rendered: ${FILES} of them`, {
      timeout: 60_000 + FILES * 300,
    }, async () => {
      const total = { accepted: 0, refused: 0, listed: 0, rendered: 0 };
      for (let done = 0; done < FILES; done += BATCH) {
        const { differences, ...counts } = await compareFiles(SEED + done, Math.min(BATCH, FILES - done));
        expect(differences).toEqual([]);
        for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
      }
      console.info(`${FILES} files: ${JSON.stringify(total)}`);
      // A grammar of which nothing is accepted would compare nothing.
      expect(total.accepted).toBeGreaterThan(FILES / 5);
      expect(total.refused).toBeGreaterThan(FILES / 10);
      expect(total.rendered).toBeGreaterThan(FILES / 10);
    });
  },
);
