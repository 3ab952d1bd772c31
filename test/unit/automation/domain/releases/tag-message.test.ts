import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReleaseKind } from "../../../../../automation/domain/releases/release-tag.ts";
import {
  formatTagMessage,
  parseTagMessage,
  type TagTrailers,
} from "../../../../../automation/domain/releases/tag-message.ts";

const NONE: TagTrailers = { kind: null, promotedFrom: null, releasedBy: null, drops: [] };

test("a tag's message has a line for people and the trailers below it", () => {
  const trailers: TagTrailers = {
    kind: "production",
    promotedFrom: "v1.0.7",
    releasedBy: "Ada <ada@example.org>",
    drops: ["v1.0.6"],
  };
  expect(formatTagMessage("v1.1.0", trailers)).toBe(
    [
      "Release v1.1.0",
      "",
      "Dockmaster-Kind: production",
      "Promoted-From: v1.0.7",
      "Released-By: Ada <ada@example.org>",
      "Drops: v1.0.6",
      "",
    ].join("\n"),
  );
});

describe("trailers", () => {
  const word = fc.stringMatching(/^[!-~]{1,20}$/);
  const trailers: fc.Arbitrary<TagTrailers> = fc.record({
    kind: fc.constantFrom<ReleaseKind | null>("staging", "production", "hotfix", null),
    promotedFrom: fc.option(word, { nil: null }),
    releasedBy: fc.option(word, { nil: null }),
    drops: fc.array(word, { maxLength: 3 }),
  });

  test("come back from a message as they were written", () => {
    fc.assert(
      fc.property(trailers, (each) => {
        expect(parseTagMessage(formatTagMessage("v1.0.1", each))).toEqual(each);
      }),
    );
  });

  test("cannot be added by a name with line ends in it", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary-ascii" }),
        fc.constantFrom("\n", "\r\n", "\u2028", "\u0085", "\n\n"),
        (text, end) => {
          const releasedBy = `${text}${end}Dockmaster-Kind: hotfix${end}Drops: v1.0.0`;
          const read = parseTagMessage(formatTagMessage("v1.0.1", { ...NONE, kind: "staging", releasedBy }));
          expect(read).toMatchObject({ kind: "staging", drops: [] });
        },
      ),
    );
  });

  test.each<[string, string, Partial<TagTrailers>]>([
    ["nothing", "", {}],
    ["one line only, whatever it says", "Dockmaster-Kind: hotfix", {}],
    ["an unknown kind", "Release\n\nDockmaster-Kind: nightly\n", {}],
    ["a paragraph that is not the last", "Release\n\nDockmaster-Kind: hotfix\n\nwritten later\n", {}],
    ["other trailers beside ours", "Release\n\nSigned-off-by: x\nDockmaster-kind: hotfix\n", { kind: "hotfix" }],
    [
      "Windows line ends",
      "Release\r\n\r\nDockmaster-Kind: staging\r\nReleased-By: bo\r\n",
      { kind: "staging", releasedBy: "bo" },
    ],
    [
      "a signature below",
      "R\n\nDockmaster-Kind: staging\n-----BEGIN SSH SIGNATURE-----\nU1N\n\nDrops: v1\n",
      { kind: "staging" },
    ],
  ])("are read from %s", (_name, message, expected) => {
    expect(parseTagMessage(message)).toEqual({ ...NONE, ...expected });
  });
});
