import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tellSeen, toldOnce } from "../../../../components/engine/seen.ts";
import type { LeftResource } from "../../../../components/look/left.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "seen-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const environment = (id: string, name = "0"): LeftResource => ({
  type: "environment",
  id,
  organizationId: "",
  serverUrl: "https://dokploy.example.org",
  parts: { name },
});
const lines = (file: string) =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("one line each, with the format's number, for nobody else to read", () => {
  const file = join(folder, "seen.jsonl");
  tellSeen(environment("1"), file);
  tellSeen({ type: "environment", service: "", id: "1", forget: true }, file);
  expect(lines(file)).toEqual([
    { format: 1, ...environment("1") },
    { format: 1, type: "environment", service: "", id: "1", forget: true },
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("nobody asks: nothing is written", () => {
  expect(() => tellSeen(environment("1"), undefined)).not.toThrow();
  expect(() => tellSeen(environment("1"), "")).not.toThrow();
});

test("where it cannot be written, nothing fails, and nothing old stays", () => {
  expect(() => tellSeen(environment("1"), join(folder, "nowhere", "seen.jsonl"))).not.toThrow();
});

test("what could not be read back is forgotten", () => {
  const file = join(folder, "seen.jsonl");
  tellSeen(environment("1", "x".repeat(100)), file);
  expect(lines(file)).toEqual([{ format: 1, type: "environment", service: "", id: "1", forget: true }]);
});

test("what holds once the state has it is told to the update that comes after, unless more was said since", () => {
  const file = join(folder, "seen.jsonl");
  const forget = { type: "environment" as const, service: "", forget: true as const };
  tellSeen({ ...forget, id: "1", once: environment("1") }, file);
  tellSeen({ ...forget, id: "2", once: environment("2") }, file);
  tellSeen({ ...forget, id: "2" }, file);
  expect(toldOnce("1", file)).toEqual(environment("1"));
  expect(toldOnce("2", file)).toBeUndefined();
  expect(toldOnce("1", undefined)).toBeUndefined();
});
