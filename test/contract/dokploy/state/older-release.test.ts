import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type * as compose from "../../../../components/dokploy/compose.ts";
import type * as diff from "../../../../components/dokploy/rules/diff.ts";
import type * as inputs from "../../../../components/dokploy/rules/inputs.ts";
import { composeFile, type Fixture, openFixture } from "../fixture.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..", "..");
const web = { name: "web", composeFile: composeFile("web"), env: { EXTRA: "1" } };

let fixture: Fixture;
let folder: string;
beforeAll(async () => {
  fixture = await openFixture();
  folder = mkdtempSync(join(tmpdir(), "older-release-"));
  execFileSync("tar", ["-xzf", join(ROOT, "test/fixtures/releases/before-rooms.tar.gz"), "-C", folder]);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
});
afterAll(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true, force: true });
});

// A rollback runs the older release's provider on what the newer one left in state and on Dokploy.
it("an older release reads a state in which parts may differ, sees what differs, and puts it back", async () => {
  const load = async <M>(file: string) =>
    (await import(/* @vite-ignore */ join(folder, "components/dokploy", file))) as M;
  const older = await load<typeof compose>("compose.ts");
  const { changedKeys } = await load<typeof diff>("diff.ts");
  const { composeInputs } = await load<typeof inputs>("inputs.ts");
  await fixture.engine.up(fixture.context, { services: [{ ...web, ignore: ["env"] }] });
  const left = fixture.engine.outputs("web");
  const { composeId } = left;
  expect(left.ignore).toEqual(["env"]);

  const untouched = await older.readCompose(fixture.context, composeId, left);
  expect(untouched.props).toEqual(left);
  expect(changedKeys(left, composeInputs(left))).toEqual([]);

  fixture.emulator.control.edit(composeId, { env: "EXTRA=by-hand" });
  const { props } = await older.readCompose(fixture.context, composeId, left);
  expect(props).toMatchObject({ drift: ["env.EXTRA"], deployed: false });
  const { outs } = await older.updateCompose(fixture.context, composeId, props!, composeInputs(left));
  expect(outs).not.toHaveProperty("ignore");
  expect(outs).toMatchObject({ deployed: true, drift: [] });
  expect((await fixture.live("web")).env).toBe("EXTRA=1\n");
});
