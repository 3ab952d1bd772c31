import { describe, expect, test } from "vitest";
import type { Relation, Standing } from "../../../../../automation/domain/releases/ancestry.ts";
import { assessDeploy, checkTag, type DeployFacts } from "../../../../../automation/domain/releases/release-rules.ts";

const id = (letter: string) => letter.repeat(40);
const at = (tag: string | null, letter: string, relation: Relation): Standing => ({
  tag,
  commit: id(letter),
  relation,
});

type Changes = Partial<Omit<DeployFacts, "target">> & { target?: Partial<DeployFacts["target"]> };

/** A plain deploy of `v1.0.5` on main to staging, which has `v1.0.4`. */
function facts({ target, ...changes }: Changes = {}): DeployFacts {
  return {
    stack: "staging",
    target: {
      tag: "v1.0.5",
      commit: id("5"),
      firstCommit: target?.commit ?? id("5"),
      kind: "staging",
      drops: [],
      onMain: true,
      proof: null,
      ...target,
    },
    rollback: false,
    replayable: true,
    mayHotfix: false,
    current: at("v1.0.4", "4", "ahead"),
    newest: at("v1.0.4", "4", "ahead"),
    askedBefore: false,
    hadHere: false,
    succeededOnStaging: false,
    missing: [],
    missingTags: [],
    ...changes,
  };
}

/** The promoted `v1.1.0` for production, which has `v1.0.4`. */
function production({ target, ...changes }: Changes = {}): DeployFacts {
  return facts({
    stack: "production",
    succeededOnStaging: true,
    target: { tag: "v1.1.0", kind: "production", ...target },
    ...changes,
  });
}

/** A hotfix for production, asked for by a request that nobody can send again. */
function hotfix({ target, ...changes }: Changes = {}): DeployFacts {
  return production({
    target: { tag: "v1.0.6", kind: "hotfix", onMain: false, ...target },
    succeededOnStaging: false,
    replayable: false,
    ...changes,
  });
}

describe("what may be deployed", () => {
  test.each<[string, DeployFacts, string]>([
    ["the first release of a stack", facts({ current: null, newest: null }), "first"],
    ["a newer release", facts(), "forward"],
    [
      "the same release again",
      facts({ current: at("v1.0.5", "5", "same"), newest: at("v1.0.5", "5", "same"), askedBefore: true }),
      "again",
    ],
    [
      "a branch on staging, the first time",
      facts({
        target: { onMain: false },
        current: at("v1.0.4", "4", "diverged"),
        newest: at("v1.0.4", "4", "diverged"),
      }),
      "forward",
    ],
    [
      "a release after a failed one",
      facts({ newest: at("v1.0.4", "4", "ahead"), current: at("v1.0.3", "3", "ahead") }),
      "forward",
    ],
    ["a failed release again", facts({ newest: at("v1.0.5", "5", "same"), askedBefore: true }), "forward"],
    [
      "a rollback of staging",
      facts({ rollback: true, current: at("v1.0.9", "9", "behind"), newest: at("v1.0.9", "9", "behind") }),
      "rollback",
    ],
    [
      "forward again after a rollback, asked by somebody and not by a recording",
      facts({ replayable: false, askedBefore: true }),
      "forward",
    ],
    ["a first release of production", production({ current: null, newest: null }), "first"],
    ["a promoted release", production(), "forward"],
    [
      "a staging tag, when its commit succeeded there",
      production({ target: { tag: "v1.0.5", kind: "staging" } }),
      "forward",
    ],
    [
      "what production has, again",
      production({ current: at("v1.1.0", "5", "same"), newest: at("v1.1.0", "5", "same"), succeededOnStaging: false }),
      "again",
    ],
    [
      "a rollback of production to what it had",
      production({
        rollback: true,
        hadHere: true,
        current: at("v1.9.0", "9", "behind"),
        newest: at("v1.9.0", "9", "behind"),
      }),
      "rollback",
    ],
    ["a hotfix whose tag a signer of main signed", hotfix({ target: { proof: { by: "ada" } } }), "hotfix"],
    ["a hotfix by a tag without trailers", hotfix({ target: { kind: null, proof: { by: "ada" } } }), "hotfix"],
    ["a hotfix that production's own secret asks for", hotfix({ mayHotfix: true }), "hotfix"],
    [
      "a hotfix again, once production has it",
      hotfix({ current: at("v1.0.6", "5", "same"), newest: at("v1.0.6", "5", "same") }),
      "again",
    ],
    [
      "a promotion whose main cherry-picked the hotfix",
      production({
        current: at("v1.0.6", "6", "diverged"),
        newest: at("v1.0.6", "6", "diverged"),
        missing: [{ commit: id("6"), covered: true }],
        missingTags: [{ tag: "v1.0.6", commit: id("6") }],
      }),
      "forward",
    ],
    [
      "a promotion that drops the hotfix on purpose",
      production({
        target: { drops: ["v1.0.6"] },
        current: at("v1.0.6", "6", "diverged"),
        newest: at("v1.0.6", "6", "diverged"),
        missing: [{ commit: id("6"), covered: false }],
        missingTags: [{ tag: "v1.0.6", commit: id("6") }],
      }),
      "forward",
    ],
  ])("%s", (_name, given, as) => {
    expect(assessDeploy(given)).toEqual({ ok: true, as });
  });
});

describe("what is superseded", () => {
  test.each<[string, DeployFacts, string]>([
    [
      "what the stack's release contains",
      facts({ current: at("v1.0.9", "9", "behind"), newest: at("v1.0.9", "9", "behind") }),
      "v1.0.9",
    ],
    ["what a queued release contains", facts({ newest: at("v1.0.7", "7", "behind") }), "v1.0.7"],
    ["what a failed later release contains", facts({ current: null, newest: at("v1.0.7", "7", "behind") }), "v1.0.7"],
    [
      "a late request to production",
      production({ current: at("v1.2.0", "9", "behind"), newest: at("v1.2.0", "9", "behind") }),
      "v1.2.0",
    ],
    ["a recorded request after a rollback", facts({ askedBefore: true }), "v1.0.4"],
    [
      "a recorded request for a branch that another release followed",
      facts({ target: { onMain: false }, askedBefore: true, newest: at("v1.0.4", "4", "diverged") }),
      "v1.0.4",
    ],
    [
      "an old request even when somebody asks who cannot be recorded",
      facts({ replayable: false, current: at("v1.0.9", "9", "behind") }),
      "v1.0.9",
    ],
    ["a commit without a tag, by its short name", facts({ current: at(null, "9", "behind") }), "9999999"],
  ])("%s", (_name, given, by) => {
    expect(assessDeploy(given)).toMatchObject({
      ok: false,
      status: "superseded",
      code: "superseded",
      supersededBy: by,
      hint: `to go back on purpose: dockmaster rollback ${given.stack} --to ${given.target.tag}`,
    });
  });
});

describe("what is refused", () => {
  const fix = { tag: "v1.0.6", kind: "hotfix" as const, onMain: false };
  test.each<[string, DeployFacts, string, RegExp]>([
    [
      "a moved tag",
      facts({ target: { firstCommit: id("f") } }),
      "tag_moved",
      /v1\.0\.5 named fffffff before and names 5555555 now/,
    ],
    ["a moved tag, by rollback too", facts({ rollback: true, target: { firstCommit: id("f") } }), "tag_moved", /named/],
    ["bootstrap", facts({ stack: "bootstrap" }), "by_hand_only", /bootstrap/],
    [
      "a rollback of production to what it never had",
      production({ rollback: true }),
      "never_had",
      /never had v1\.1\.0/,
    ],
    [
      "a commit that did not succeed on staging",
      production({ succeededOnStaging: false }),
      "not_on_staging",
      /has not succeeded on staging/,
    ],
    [
      "a hotfix's tag on main without staging",
      production({ target: { tag: "v1.0.6", kind: "hotfix" }, succeededOnStaging: false }),
      "not_on_staging",
      /staging/,
    ],
    ["a commit that is not on main", production({ target: { onMain: false } }), "not_on_main", /not on main/],
    [
      "a staging release that is not on main",
      production({ target: { ...fix, kind: "staging" } }),
      "not_on_main",
      /not on main/,
    ],
    [
      "a hotfix with a promotion's number",
      production({ target: { ...fix, tag: "v1.1.0" } }),
      "not_on_main",
      /no hotfix/,
    ],
    [
      "a hotfix of something else",
      production({ target: fix, current: at("v1.0.4", "4", "diverged") }),
      "not_on_main",
      /no hotfix of what production has \(v1\.0\.4\)/,
    ],
    [
      "a hotfix before the first release",
      production({ target: fix, current: null, newest: null }),
      "not_on_main",
      /nothing yet/,
    ],
    ...(["annotation", "signature", "identity", "signers", "allowance"] as const).map(
      (lacks): [string, DeployFacts, string, RegExp] => [
        `a hotfix whose tag lacks: ${lacks}`,
        hotfix({ target: { proof: { lacks } } }),
        "hotfix_unsigned",
        /^a hotfix needs a signed tag: /,
      ],
    ),
    ["a hotfix whose tag nobody looked at", hotfix(), "hotfix_unsigned", /signed tag/],
    [
      "what cannot be compared",
      production({ current: at("v1.0.4", "4", "unknown") }),
      "unknown_commit",
      /repository has no more/,
    ],
    [
      "what would take a hotfix away",
      production({
        current: at("v1.0.6", "6", "diverged"),
        newest: null,
        missing: [{ commit: id("6"), covered: false }],
        missingTags: [{ tag: "v1.0.6", commit: id("6") }],
      }),
      "would_lose",
      /^v1\.0\.6 would be taken away/,
    ],
  ])("%s", (_name, given, code, message) => {
    const decision = assessDeploy(given);
    expect(decision).toMatchObject({ ok: false, status: "conflict", code });
    expect(decision).toHaveProperty("message", expect.stringMatching(message));
    expect(decision).toHaveProperty("hint", expect.stringMatching(/\w/));
  });

  test.each<[string, DeployFacts]>([
    ["with a signed tag", hotfix({ replayable: true, target: { proof: { by: "ada" } } })],
    ["by a key that may", hotfix({ replayable: true, mayHotfix: true })],
  ])("a hotfix that can be sent again, %s", (_name, given) => {
    expect(assessDeploy(given)).toMatchObject({ ok: false, status: "unsigned", code: "signature_v2_required" });
  });

  test("what is no release tag", () => {
    expect(checkTag("v1.2.3")).toBeUndefined();
    expect(checkTag("main")).toMatchObject({ status: "invalid", code: "tag_invalid" });
    expect(assessDeploy(facts({ target: { tag: "main" } }))).toMatchObject({ ok: false, status: "invalid" });
  });
});
