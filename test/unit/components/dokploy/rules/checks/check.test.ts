import { expect, it } from "vitest";
import { fullCheck, nameOfCheck } from "../../../../../../components/dokploy/rules/checks/check.ts";
import { checksDuring, fullDuring } from "../../../../../../components/dokploy/rules/checks/during.ts";
import { changedKeys } from "../../../../../../components/dokploy/rules/diff.ts";
import { withDefaults } from "../../../../../../components/dokploy/rules/inputs.ts";
import type { ComposeOutputs } from "../../../../../../components/dokploy/rules/outputs.ts";
import { rightSettings } from "../../../../../../components/dokploy/rules/settings.ts";

it("a request is in the state as releases of before wrote it, so that none of them sees a change", () => {
  const before = { url: "https://web.example.org/", expect: 200, attempts: 10, interval: 3 };
  for (const during of [undefined, "release", ["release"]] as const) {
    expect(fullCheck({ url: before.url, ...(during && { during }) })).toEqual(before);
  }
});

it.each([
  [undefined, undefined],
  ["release", undefined],
  [["release"], undefined],
  ["watch", ["watch"]],
  [["watch"], ["watch"]],
  [
    ["watch", "release", "watch"],
    ["release", "watch"],
  ],
] as const)("during %j is kept as %j", (given, kept) => {
  expect(fullDuring({ during: given as never })).toEqual(kept ? { during: kept } : {});
});

it("tells those of a release from those of the time after it", () => {
  const all = [
    { url: "a" },
    { url: "b", during: "watch" as const },
    { url: "c", during: ["watch", "release"] as const },
  ];
  const urls = (moment: "release" | "watch") => checksDuring(all, moment).map(({ url }) => url);
  expect([urls("release"), urls("watch")]).toEqual([
    ["a", "c"],
    ["b", "c"],
  ]);
});

it("the name of a request shows nothing that may be secret", () => {
  expect(nameOfCheck({ url: "https://ann:secret@web.example.org/x?token=secret#secret" })).toBe(
    "GET https://web.example.org/x",
  );
});

it("checks of a kind that this release does not know, in a state, are compared as a whole and never looked into", () => {
  const inputs = withDefaults({
    environmentId: "e",
    name: "web",
    service: "web",
    composeFile: "services: {}\n",
    owner: { project: "p", stack: "s", keyId: "0".repeat(16) },
  });
  const olds = {
    ...inputs,
    checks: [{ carrierPigeon: { flights: 3 } }],
    settings: rightSettings("app", 120, "e"),
    deployed: true,
    appName: "app",
  } as unknown as ComposeOutputs;
  expect(changedKeys(olds, inputs as never)).toEqual(["checks"]);
  expect(changedKeys({ ...olds, checks: [] }, inputs as never)).toEqual([]);
});
