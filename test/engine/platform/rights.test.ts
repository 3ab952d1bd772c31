import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPlatform, type Platform } from "./platform.ts";

const NOTE = /components\/redis\/compose\.yaml:\d+:\d+ {2}allows `SYS_NICE`: it answers before all others/;

let platform: Platform;
let file: string;
const settings = "    x-dockmaster: {allow: [SYS_NICE], why: it answers before all others}\n";

beforeAll(async () => {
  platform = await openPlatform();
  file = join(platform.folder, "components/redis/compose.yaml");
  platform.config("staging", [
    "platform:domain: example.org",
    "platform:suffix: -staging",
    "platform:services: [redis]",
  ]);
});
afterAll(() => platform?.close());

const add = (lines: string) =>
  writeFileSync(file, readFileSync(file, "utf8").replace("    secrets:\n", `${lines}    secrets:\n`));

test("what a file takes beyond its containers is refused before anything is touched, and with its words said in every preview", async () => {
  add("    cap_add: [SYS_NICE]\n");
  const refused = await platform.preview("staging");
  expect(refused.ok).toBe(false);
  expect(refused.text).toContain("write `x-dockmaster: {allow: [SYS_NICE], why: …}` in the container");
  expect(platform.emulator.control.statistics().requests).toBe(0);

  add(settings);
  expect((await platform.preview("staging")).text).toMatch(NOTE);
  expect(await platform.up("staging")).toMatchObject({ ok: true, text: expect.stringMatching(NOTE) });
  // Also when nothing changes.
  const again = await platform.preview("staging");
  expect(again).toMatchObject({ ok: true, changes: {}, text: expect.stringMatching(NOTE) });
}, 180_000);
