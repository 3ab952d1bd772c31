import { expect, test } from "vitest";
import type { Observation } from "../../../../automation/domain/watching/observation.ts";
import { type Tellable, toWatchNotices } from "../../../../automation/notify/watch-notices.ts";

function observation(changes: Partial<Observation> = {}): Observation {
  return {
    ...{ id: "o1", stack: "staging", service: "redis", kind: "changed", parts: ["env.A"], containers: [], run: "r" },
    ...{ seenAt: 1, confirmedAt: 2, endedAt: null },
    ...changes,
  };
}

const gone = observation({ id: "o2", service: "minio", kind: "gone", parts: [] });

const texts = (changes: Partial<Tellable["looked"]>, heal: Tellable["heal"] = { do: "nothing" }) =>
  toWatchNotices({
    stack: "staging",
    looked: { confirmed: [], over: [], open: [], at: 7, ...changes },
    heal,
    targets: ["slack"],
  }).map(({ observation: about, notices }) => [
    about,
    ...notices.map(({ key, payload }) => [key, (payload as { text: string }).text]),
  ]);

test("what one look confirmed is one notice, filed under the first", () => {
  expect(texts({ confirmed: [observation(), gone] })).toEqual([
    [
      "o1",
      [
        "found:slack",
        "staging: not as the last update left it\nredis: drift: env.A\nminio: gone from Dokploy\nWhat to do: dockmaster sync staging brings it back; dockmaster observations staging tells more",
      ],
    ],
  ]);
});

test("what is over is another, and nothing is none", () => {
  expect(texts({ over: [gone] })).toEqual([["o2", ["over:slack", "staging: over\nminio: gone from Dokploy"]]]);
  expect(texts({})).toEqual([]);
});

test("that healing stops is told each time that it does", () => {
  const [[about, [key, text] = []] = []] = texts(
    { open: [gone, observation()] },
    { do: "stop", services: ["redis"] },
  ) as [string, string[]][];
  expect([about, key]).toEqual(["o1", "heal_stopped:7:slack"]);
  expect(text).toContain("no more is done by itself\nredis: drift: env.A\nWhat to do");
});

test("many are cut, and a line end of others is none of ours", () => {
  const many = Array.from({ length: 25 }, (_, at) => observation({ id: `o${at}`, service: `s${at}` }));
  const [, [, text] = []] = (texts({ confirmed: many })[0] ?? []) as [string, string[]];
  expect(text?.split("\n")).toHaveLength(23);
  expect(text).toContain("and 5 more");
  const [, [, sly] = []] = (texts({ over: [observation({ parts: ["env.A\nproduction: all is well"] })] })[0] ?? []) as [
    string,
    string[],
  ];
  expect(sly?.split("\n")).toHaveLength(2);
});

test("programs get what it is about", () => {
  const [
    {
      notices: [{ payload } = { payload: null }],
    } = { notices: [] },
  ] = toWatchNotices({
    stack: "staging",
    looked: { confirmed: [observation()], over: [], open: [], at: 7 },
    heal: { do: "nothing" },
    targets: ["webhook"],
  });
  expect(payload).toMatchObject({
    event: "found",
    env: "staging",
    observations: [{ id: "o1", service: "redis", kind: "changed", parts: ["env.A"], found: "drift: env.A" }],
  });
});

test("nobody is told who has no channel", () => {
  expect(
    toWatchNotices({
      stack: "s",
      looked: { confirmed: [observation()], over: [], open: [], at: 7 },
      heal: { do: "nothing" },
      targets: [],
    }),
  ).toEqual([]);
});
