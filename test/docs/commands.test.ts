import { expect, test } from "vitest";
import { listRunnable } from "./pages.ts";
import { runBlocks, SESSIONS } from "./session.ts";

test.each(listRunnable())(
  "the commands of $page work as written, from top to bottom",
  async ({ session, blocks }) => {
    const place = await SESSIONS[session]!();
    try {
      const { code, output } = await runBlocks(place, blocks);
      expect(code, output.slice(-4000)).toBe(0);
    } finally {
      await place.close();
    }
  },
  600_000,
);
