import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSimulatedContainers } from "../../../emulator/containers/simulated.ts";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { type Lacking, lacking } from "../../fixtures/walk/lacking.ts";
import type { Difference, Known } from "./replay/compare.ts";
import { createReplay } from "./replay/replay.ts";
import type { Section, Step } from "./replay/step.ts";

const folder = new URL("../../fixtures/walk/", import.meta.url);
const sections = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => /^\d\d-\d\d\/.*\.json$/.test(name))
  .sort()
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Section);

const needed = new Set<Lacking>();

describe("the walk that was recorded on a real Dokploy v0.30.2", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "walk-"));
  const containers = createSimulatedContainers({
    stateFile: join(dataDir, "containers.json"),
    imageExists: (image) => !image.startsWith("does/"),
  });
  const known: Known = new Map();
  let emulator: Emulator;
  let replay: ReturnType<typeof createReplay>;

  beforeAll(async () => {
    emulator = await startEmulator({ dataDir, containers });
    known.set("<MEMBER_KEY>", emulator.control.createApiKey({ role: "member", rateLimitEnabled: false }));
    replay = createReplay(emulator, containers, known);
  });
  afterAll(async () => {
    await emulator.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  // One server goes through all sections in their order, as the real one did.
  for (const { section, title, steps } of sections) {
    it(`answers §${section} ${title}`, async () => {
      const unexpected: string[] = [];
      for (const [i, step] of steps.entries()) {
        for (const difference of await replay(step)) {
          if (!isLacking(section, step, difference)) unexpected.push(describeDifference(i, step, difference));
        }
      }
      expect(unexpected).toEqual([]);
    });
  }

  it("lacks nothing that the table of lacking things names without need", () => {
    expect(lacking.filter((entry) => !needed.has(entry))).toEqual([]);
  });

  it("covers every request of the walk", () => {
    const requests = sections.flatMap(({ steps }) => steps).filter((step) => "method" in step && !step.unrecorded);
    expect(requests.length).toBe(258);
  });
});

function isLacking(section: string, step: Step, { at }: Difference): boolean {
  const entries = lacking.filter(
    (entry) =>
      entry.section === section &&
      (entry.step === undefined || entry.step === nameOf(step)) &&
      (entry.at === undefined || entry.at.test(at)),
  );
  for (const entry of entries) needed.add(entry);
  return entries.length > 0;
}

function nameOf(step: Step): string {
  if ("method" in step) return `${step.method} ${step.path.split("?")[0]}`;
  return Object.keys(step)[0] ?? "";
}

function describeDifference(i: number, step: Step, { at, recorded, actual }: Difference): string {
  return `step ${i} ${nameOf(step)} at "${at}": recorded ${JSON.stringify(recorded)}, got ${JSON.stringify(actual)}`;
}
