import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { createLog } from "../../../automation/log.ts";
import { LOG_EVENTS, type LogEvent } from "../../../automation/log-events.ts";

const root = new URL("../../..", import.meta.url).pathname;
const names = Object.keys(LOG_EVENTS) as LogEvent[];

test("a line has its event, the message that belongs to it, and the fields", () => {
  let text = "";
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  const log = createLog("debug", (line) => line.replaceAll("private", "[secret]"), sink);
  log.child({ run: "run-1" }).warn({ event: "vault.unreachable", reason: "private" });
  expect(JSON.parse(text)).toMatchObject({
    event: "vault.unreachable",
    msg: "Vault unreachable",
    run: "run-1",
    reason: "[secret]",
  });
});

describe("the events", () => {
  test("are named after what happened to what, each with words of its own", () => {
    for (const name of names) expect(name).toMatch(/^[a-z]+\.[a-z]+(_[a-z]+)*$/);
    expect(new Set(Object.values(LOG_EVENTS)).size).toBe(names.length);
  });

  test("are documented, all and no others", () => {
    const page = readFileSync(join(root, "docs/reference/log.md"), "utf8");
    const documented = [...page.matchAll(/^\| `([a-z_.]+)` \|/gm)].map(([, name]) => name);
    expect(documented).toEqual(names);
  });

  test("are each used somewhere", () => {
    const files = readdirSync(join(root, "automation"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith("log-events.ts"))
      .map((file) => readFileSync(join(root, "automation", file), "utf8"));
    for (const name of names)
      expect(
        files.some((text) => text.includes(`"${name}"`)),
        name,
      ).toBe(true);
  });
});
