import { setImmediate as soon } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Asking, createAskChecks } from "../../../../automation/confirm/checks.ts";
import type { Confirmation } from "../../../../automation/domain/confirming/confirmation.ts";
import type { Run } from "../../../../automation/domain/run.ts";
import type { LookAnswer } from "../../../../automation/socket/messages.ts";
import { leftService } from "../watch/watched-stack.ts";

const MINUTE = 60_000;
const { signal } = new AbortController();
const confirmation = { run: "run-1", stack: "staging", begunAt: 0, until: 10 * MINUTE } as Confirmation;

function asking(answers: LookAnswer[], checks: string | undefined = "sealed") {
  const clock = { now: 0 };
  const asked: { purpose: string; forMs?: number }[] = [];
  const resource = { ...leftService("redis"), ...(checks === "" ? {} : { checks }) };
  const look = async (question: { purpose: string; forMs?: number }) => {
    asked.push(question);
    return answers[Math.min(asked.length, answers.length) - 1] ?? {};
  };
  const on = {
    store: { leftBehind: async () => ({ keptAt: 0, left: { format: 1, resources: [resource] } }) },
    engines: { isThere: () => true, find: async () => ({ look }) },
    mask: (text: string) => text,
    now: () => clock.now,
  } as unknown as Asking;
  const ask = createAskChecks(on);
  const at = async (minutes: number) => {
    clock.now = minutes * MINUTE;
    await ask(confirmation, {} as Run, signal);
    await soon();
    return ask(confirmation, {} as Run, signal);
  };
  return { asked, at };
}

test("a release without any needs none to be asked", async () => {
  const { asked, at } = asking([], "");
  expect(await at(1)).toEqual({ say: "hold" });
  expect(asked).toEqual([]);
});

test("they hold once they were asked to an end after its time, and are asked again until then", async () => {
  const { asked, at } = asking([{ checks: { say: "hold" } }]);
  expect((await at(1)).say).toBe("unknown");
  expect(asked).toMatchObject([{ purpose: "checks", forMs: 9 * MINUTE }]);
  expect((await at(5)).say).toBe("unknown");
  expect(await at(11)).toEqual({ say: "hold" });
  expect(asked.map(({ forMs }) => forMs)).toEqual([9 * MINUTE, 5 * MINUTE, MINUTE]);
});

test("one that fails is no more asked", async () => {
  const { asked, at } = asking([{ checks: { say: "failed", why: "5xx" } }]);
  expect(await at(1)).toEqual({ say: "failed", why: "5xx" });
  expect(await at(5)).toEqual({ say: "failed", why: "5xx" });
  expect(asked).toHaveLength(1);
});

test.each<[string, LookAnswer, RegExp]>([
  ["a worker that refuses", { refused: "only in the stack's file" }, /only in the stack's file/],
  ["a worker of before", { look: undefined }, /older than these checks/],
])("%s says nothing", async (_name, answer, why) => {
  const { at } = asking([answer as LookAnswer]);
  expect(await at(11)).toMatchObject({ say: "unknown", why: expect.stringMatching(why) });
});
