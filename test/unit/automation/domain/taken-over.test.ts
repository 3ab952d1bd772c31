import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTakenOver } from "../../../../automation/domain/taken-over.ts";
import { printTakenOver } from "../../../../components/dokploy/adoption.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const key = fc.oneof(
  fc.stringMatching(/^env\.[A-Z][A-Z0-9_]{0,9}$/),
  fc.constantFrom("composeFile", "name", "domains", "settings.command"),
);

test("what the provider prints is what the runner reads", () => {
  const taken = fc.record({
    service: name,
    name: fc.string({ unit: "grapheme-ascii" }).filter((text) => text.trim() === text),
    composeId: fc.stringMatching(/^[\w-]{1,21}$/),
    differs: fc.option(fc.uniqueArray(key), { nil: undefined }),
    deploys: fc.boolean(),
    unfinished: fc.constant(false),
  });
  fc.assert(
    fc.property(taken, ({ service, differs, deploys, ...rest }) => {
      const line = printTakenOver({ service, differs, deploys, ...rest });
      expect(parseTakenOver(`before\n  ${line}\nafter`)).toEqual([{ service, ...(differs && { differs }), deploys }]);
    }),
  );
  const begun = { service: "web", name: "web", composeId: "x", differs: [], deploys: true, unfinished: true };
  expect(parseTakenOver(printTakenOver(begun))).toEqual([{ service: "web", deploys: true, unfinished: true }]);
});

test.each(["", "web: takes over", "web was changed by hand: composeFile", "web is deployed"])(
  "%j says nothing",
  (text) => {
    expect(parseTakenOver(text)).toEqual([]);
  },
);
