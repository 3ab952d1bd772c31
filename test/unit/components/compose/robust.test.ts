import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { renderCompose } from "../../../../components/compose/render.ts";
import { inputFor } from "./render-example.ts";

const folder = join(import.meta.dirname, "..", "..", "..", "..", "components", "postgres");
const postgres = parse(readFileSync(join(folder, "compose.yaml"), "utf8"));

type Step = string | number;

/** Every place in a document, from its root. */
function places(value: unknown, path: Step[] = []): Step[][] {
  if (value === null || typeof value !== "object") return [path];
  const below = Object.entries(value).flatMap(([key, item]) =>
    places(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [path, ...below];
}

function replace(value: unknown, [step, ...rest]: Step[], by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? replace(item, rest, by) : item));
  const map = value as Record<string, unknown>;
  return { ...map, [step]: replace(map[step], rest, by) };
}

const oddities = [
  null,
  0,
  -1,
  1.5,
  true,
  "",
  "x",
  "${",
  "$(x)",
  "a:b:c:d",
  "0440",
  "2024-05-01",
  [],
  [null],
  {},
  { a: 1 },
  [["x"]],
  "service:nobody",
  "\u0000",
];

it("answers every broken file with problems that have a place, and never throws", () => {
  fc.assert(
    fc.property(fc.constantFrom(...places(postgres)), fc.constantFrom(...oddities), (path, oddity) => {
      const text = stringify(replace(postgres, path, oddity));
      const { rendered, problems } = renderCompose(
        inputFor(text, { service: "postgres" }, { "databases.sh": "echo\n" }),
      );
      expect(rendered === undefined).toBe(problems.length > 0);
      for (const problem of problems) {
        expect(problem.line).toBeGreaterThan(0);
        expect(problem.hint).not.toBe("");
      }
    }),
    { numRuns: 400 },
  );
});

it("answers every text with problems, and never throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."services:\n  web&*<-[]{}\"'|>\t#!%@`") }), (text) => {
      expect(renderCompose(inputFor(text)).problems).not.toEqual([]);
    }),
    { numRuns: 300 },
  );
});
