import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedServices } from "../../../../components/dokploy/rules/containers.ts";
import { answerOf, compareContainers } from "../../../../components/look/containers.ts";
import { wordSpan } from "../../../../emulator/containers/simulation/run/container-status.ts";

const START = Date.parse("2026-11-20T13:00:00.000Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const was = { id: "fb31f9f89c88", startedAt: "2026-11-20T13:00:00.000Z", restarts: 0 };
const services = expectedServices(
  `services:
  web:
    container_name: web
    image: web
    depends_on: { init: { condition: service_completed_successfully } }
  init: { image: web }
`,
  "app",
);
const init = { containerId: "111111111111", name: "app-init-1", state: "exited", status: "Exited (0) 2 hours ago" };
const row = (status: string, state = "running", containerId = was.id) => ({ containerId, name: "web", state, status });

const compare = (rows: ReturnType<typeof row>[], now: number, proven: Record<string, number> = {}, left: object = {}) =>
  compareContainers({ web: { ...was, ...left } }, services, { rows, began: now - 10, at: now }, proven);

test("a restart is never overlooked, however roughly Docker words how long a container runs", () => {
  const age = fc.oneof(fc.integer({ min: 0, max: 5 * MINUTE }), fc.integer({ min: 0, max: 400 * 24 * HOUR }));
  fc.assert(
    fc.property(
      age,
      fc.integer({ min: 1, max: 400 * 24 * HOUR }),
      fc.integer({ min: 0, max: 10 }),
      (ran, before, delay) => {
        // It was proven, then started again at once or later, and ran for `ran` since; the answer took `delay`.
        const proven = START + 3 * HOUR;
        const now = proven + before + ran + delay;
        const { questions, proven: still } = compare([row(`Up ${wordSpan(ran)} (healthy)`), init], now, {
          web: proven,
        });
        expect(questions).toHaveLength(1);
        expect(still.web).toBe(proven);
      },
    ),
  );
});

test.each<[string, string, number, number, boolean]>([
  ["hours, looked at a minute ago", "Up 3 hours (healthy)", 3 * HOUR, MINUTE, false],
  ["minutes, looked at a minute ago", "Up 5 minutes", 5 * MINUTE + 20_000, MINUTE, false],
  ["about a minute, looked at a minute ago", "Up About a minute", 70_000, 62_000, true],
  ["hours, and nobody looked for as long", "Up 3 hours", 3 * HOUR, 3 * HOUR, true],
  ["days, and nobody looked since yesterday", "Up 3 days", 72 * HOUR, 24 * HOUR, false],
])("one that runs for %s", (_, status, ran, since, asks) => {
  const now = START + ran;
  const { questions, proven, news } = compare([row(status), init], now, { web: now - since });
  expect(news).toEqual([]);
  expect(questions.length > 0).toBe(asks);
  expect(proven.web).toBe(asks ? now - since : now - 10);
});

test("what only waits for checks is judged as an update judges it", () => {
  const waiting = expectedServices("services:\n  checked: { image: a, labels: [dockmaster.waits=] }\n", "app");
  const judge = (rows: object[]) =>
    compareContainers({}, waiting, { rows: rows as never, began: START, at: START }, {});
  const checked = { ...row("Exited (0) 3 seconds ago", "exited"), name: "app-checked-1" };
  expect(judge([checked])).toMatchObject({ news: [], questions: [], strange: [] });
  expect(judge([{ ...checked, status: "Exited (1) 3 seconds ago" }])).toMatchObject({ strange: [{ is: "exited" }] });
  expect(judge([]).news).toEqual([{ container: "checked", is: "gone" }]);
});

test("a server's clock that is ahead of ours hides no restart", () => {
  // By its clock it started ten minutes after we saw it run; it started again since.
  const seenAt = START - 10 * MINUTE;
  const now = START - 2 * MINUTE;
  const sight = compare([row("Up 3 seconds"), init], now, {}, { seenAt });
  expect(sight.questions).toHaveLength(1);
  expect(sight.proven.web).toBe(seenAt);
});

test("what the provider saw counts until a look proves more, and what another clock says of the time to come does not", () => {
  const now = START + 3 * HOUR;
  const rows = [row("Up 3 hours"), init];
  expect(compare(rows, now, {}, { seenAt: now - MINUTE }).questions).toEqual([]);
  expect(compare(rows, now, { web: now - 2 * HOUR - 50 * MINUTE }, { seenAt: now - MINUTE }).questions).toEqual([]);
  expect(compare(rows, now, { web: now + 1 }).questions).toHaveLength(1);
  expect(compare(rows, now).questions).toHaveLength(1);
});

describe("by the listing alone", () => {
  const now = START + 30_000;
  test.each([
    [
      "another id",
      [row("Up 3 seconds", "running", "0123456789ab"), init],
      [{ container: "web", is: "replaced", id: "0123456789ab" }],
    ],
    ["no row", [init], [{ container: "web", is: "gone", id: was.id }]],
    ["a one-shot that was tidied away after its end", [row("Up 30 seconds")], []],
    [
      "all well, a one-shot runs once more",
      [row("Up 30 seconds"), { ...init, state: "running", status: "Up 1 second" }],
      [],
    ],
    [
      "another one that nobody left",
      [row("Up 30 seconds"), { ...row("Exited (1) 3 seconds ago", "exited"), name: "other" }, init],
      [],
    ],
  ])("%s", (_, rows, news) => {
    expect(compare(rows as never, now).news).toEqual(news);
  });

  test("one that starts", () => {
    expect(compare([row("Up 3 seconds (health: starting)"), init], START + 3_500)).toMatchObject({
      starting: true,
      news: [],
    });
  });

  test.each([
    ["Exited (137) 3 seconds ago", "exited", "exited"],
    ["Up 30 seconds (unhealthy)", "running", "unhealthy"],
    ["Up 30 seconds (Paused)", "paused", "paused"],
    ["Restarting (1) 3 seconds ago", "restarting", "restarting"],
    ["Created", "created", "created"],
    ["Dead", "dead", "dead"],
    ["Removal In Progress", "removing", "gone"],
  ])("%s is asked about, because a later one may be another", (status, state, is) => {
    expect(compare([row(status, state), init], now).questions).toMatchObject([{ is }]);
  });

  test("a one-shot that failed", () => {
    const failed = { ...init, status: "Exited (3) 1 second ago" };
    expect(compare([row("Up 30 seconds"), failed], now, { web: START + 1_000 }).questions).toEqual([
      { row: failed, is: "exited" },
    ]);
  });

  test("one more of a service, not well: whose it is only its label tells", () => {
    const scaled = expectedServices("services:\n  web: { image: web }\n", "app");
    const [first, second] = ["app-web-1", "app-web-2"].map((name) => ({ ...row("Up 30 seconds"), name }));
    const dead = { ...second, state: "exited", status: "Exited (1) 1 second ago" };
    const sight = compareContainers(
      { "app-web-1": was },
      scaled,
      { rows: [first, dead] as never, began: now, at: now },
      { "app-web-1": START + 1_000 },
    );
    expect(sight).toMatchObject({ news: [], questions: [], strange: [{ is: "exited" }] });
  });
});

describe("Docker's own answer", () => {
  const config = (patch: object = {}, state: object = {}) => ({
    Id: `${was.id}0123456789`,
    RestartCount: 0,
    State: { Running: true, StartedAt: was.startedAt, ExitCode: 0, ...state },
    ...patch,
  });
  const up = row("Up 3 hours");
  test.each([
    ["the same process", { row: up, was }, config(), undefined],
    ["another start", { row: up, was }, config({}, { StartedAt: "2026-11-20T14:00:00Z" }), { is: "restarted" }],
    ["another count", { row: up, was }, config({ RestartCount: 2 }), { is: "restarted", restarts: 2 }],
    ["another id", { row: up, was }, config({ Id: "0123456789abcdef" }), { is: "replaced", id: "0123456789ab" }],
    [
      "it ended since",
      { row: up, was },
      config({}, { Running: false, ExitCode: 137 }),
      { is: "exited", exitCode: 137 },
    ],
    [
      "what is not well",
      { row: row("Restarting (137) 1 second ago"), was, is: "restarting" as const },
      config({ RestartCount: 7 }),
      { is: "restarting", restarts: 7, exitCode: 137 },
    ],
    ["nothing, of one that is well", { row: up, was }, undefined, "unknown"],
    [
      "nothing, of one that is not",
      { row: row("Exited (1) 2 seconds ago", "exited"), was, is: "exited" as const },
      undefined,
      { is: "exited", exitCode: 1 },
    ],
  ])("%s", (_, question, answer, expected) => {
    const told = answerOf(question, answer);
    if (typeof expected === "object") expect(told).toMatchObject({ container: "web", ...expected });
    else expect(told).toBe(expected);
  });
});
