import { describe, expect, test } from "vitest";
import type { RunView } from "../../../../automation/api/views.ts";
import type { Asked } from "../../../../cli/github/ask.ts";
import { assessDrift, formatDrift } from "../../../../cli/github/drift.ts";
import { fitBody, formatBlock } from "../../../../cli/github/format.ts";
import { formatPreview, maskEncrypted, PREVIEW_MARK } from "../../../../cli/github/preview.ts";
import { view } from "../../../integration/cli/fake-runner.ts";

const drifted: RunView["outcomes"] = [{ service: "redis", result: "changed", reason: "drift: env X" }];
const equal: RunView["outcomes"] = [{ service: "redis", result: "unchanged", reason: "equal" }];
const asked = (stack: string, run: Partial<RunView>): Asked => ({ stack, run: view({ env: stack, ...run }) });
const away = (stack: string): Asked => ({ stack, problem: { code: "away", message: "away", hint: "start it" } });

describe("a block", () => {
  test("is folded when it is long, and not when it is short", () => {
    expect(formatBlock("Title", "diff", "+a\n+b\n")).toBe("**Title**\n\n```diff\n+a\n+b\n```\n");
    const long = formatBlock("Title", "diff", "+a\n".repeat(21));
    expect(long).toMatch(/^<details><summary>Title<\/summary>\n\n```diff\n/);
    expect(long).toMatch(/\n```\n\n<\/details>\n$/);
  });

  test("cannot be ended by what is in it", () => {
    expect(formatBlock("Title", "", "a\n```\n</details>\n````\nb")).toContain(
      "`````\na\n```\n</details>\n````\nb\n`````",
    );
  });
});

describe("a body", () => {
  test("that fits is kept whole", () => expect(fitBody(["a", "b"], "note")).toBe("a\nb"));

  test("that is too long for GitHub loses its last parts, and says so", () => {
    const body = fitBody(["first", "x".repeat(70_000), "last"], "_too long_");
    expect(body).toBe("first\n_too long_ (2 left out)");
    expect(body.length).toBeLessThan(65_536);
  });
});

test.each([
  ["+    secure: v1:abc:def", "+    secure: [secret]"],
  ["-  encryptionsalt: v1:abc", "-  encryptionsalt: [secret]"],
  ["   secure: v1:abc", "   secure: [secret]"],
  ["+    insecure: v1:abc", "+    insecure: v1:abc"],
  ["+    image: secure:1", "+    image: secure:1"],
])("of what Pulumi encrypted a diff shows that it is there: %s", (line, shown) => {
  expect(maskEncrypted(`@@ -1 +1 @@\n${line}\n`)).toBe(`@@ -1 +1 @@\n${shown}\n`);
});

describe("a preview", () => {
  test("begins with the mark by which the next one finds it", () => {
    const body = formatPreview({ commit: "0123456789", answers: [], differences: new Map() });
    expect(body.startsWith(PREVIEW_MARK)).toBe(true);
    expect(body).toContain("## What 0123456 would change");
  });

  test("tells what each stack would do, or why nobody knows", () => {
    const answers = [asked("staging", { outcomes: drifted }), asked("production", { outcomes: equal }), away("other")];
    const body = formatPreview({
      commit: "c",
      answers,
      differences: new Map([["staging", { diff: "+a", services: [] }]]),
    });
    expect(body).toContain("### staging: would change redis");
    expect(body).toContain("### production: nothing would change");
    expect(body).toContain("### other: could not tell\n\n- **Failed**: away → start it");
    expect(body).toContain("**Files that differ from what staging has**\n\n```diff\n+a\n```");
  });

  test("of which the diff is too long keeps its tables", () => {
    const differences = new Map([["staging", { diff: "+a\n".repeat(40_000), services: [] }]]);
    const body = formatPreview({ commit: "c", answers: [asked("staging", { outcomes: drifted })], differences });
    expect(body).toContain("### staging: would change redis");
    expect(body).toContain("too long for a comment");
    expect(body.length).toBeLessThan(65_536);
  });
});

describe("drift", () => {
  test.each([
    ["none where every stack is as it was left", [asked("a", { outcomes: equal })], "none"],
    ["drift where one has some", [asked("a", { outcomes: equal }), asked("b", { outcomes: drifted })], "drift"],
    ["drift also when another could not be looked at", [away("a"), asked("b", { outcomes: drifted })], "drift"],
    ["unknown when one could not be looked at", [away("a"), asked("b", { outcomes: equal })], "unknown"],
    ["unknown when a check failed", [asked("a", { state: "failed", outcomes: drifted })], "unknown"],
  ] as const)("is %s", (_, answers, expected) => expect(assessDrift([...answers])).toBe(expected));

  test("is told with what fixes it", () => {
    const report = formatDrift([
      asked("staging", { outcomes: [...drifted, ...equal] }),
      asked("a", { outcomes: equal }),
    ]);
    expect(report).toContain("| redis | changed | ");
    expect(report).not.toContain("| unchanged |");
    expect(report).toContain("`dockmaster sync staging --wait`");
    expect(report).toContain("### a: as its last update left it");
  });
});
