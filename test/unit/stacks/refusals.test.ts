import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { printProblem } from "../../../components/compose/problem.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import type { planStack } from "../../../stacks/plan.ts";
import { BROKEN_CONFIG, breakProgram, copyProgram, REFUSALS } from "./refusals.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-refusals-"));
const config = (...lines: string[]) => ["config:", ...lines.map((line) => `  ${line}`), ""].join("\n");

beforeAll(() => {
  copyProgram(folder);
  breakProgram(folder);
  writeFileSync(join(folder, "Pulumi.staging.yaml"), config(...BROKEN_CONFIG));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("a wrong key, a bad indent, an unknown service, a secret without source, a host without suffix, a floating image and an altered value are all said at once", async () => {
  const program: { planStack: typeof planStack } = await import(join(folder, "stacks/plan.ts"));
  const { raw } = fromStackFile("staging", config(...BROKEN_CONFIG));
  const { plan, problems } = program.planStack("staging", raw!, "k".repeat(40));
  expect(plan).toBeUndefined();
  expect(problems.map(printProblem)).toEqual(REFUSALS);
});
