import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Dokploy } from "../../../../../components/dokploy/api/client.ts";
import { watchQueueOf } from "../../../../../components/dokploy/api/queue-watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function server(answer: () => Promise<unknown[]> = async () => []) {
  const asked: number[] = [];
  const since = Date.now();
  const queue = () => {
    asked.push(Date.now() - since);
    return answer();
  };
  return { asked, watch: watchQueueOf({ queue } as unknown as Dokploy), at: (ms: number) => since + ms };
}

test("one question answers all who wait, at the time of the most eager", async () => {
  const { asked, watch, at } = server();
  const all = Promise.all([watch.next(at(500)), watch.next(at(100)), watch.next(at(900))]);
  await vi.advanceTimersByTimeAsync(1_000);
  await all;
  expect(asked).toEqual([100]);
});

test("who is patient leaves the time to others, and only to others", async () => {
  const { asked, watch, at } = server();
  const all = Promise.all([watch.next(at(100), { patient: true }), watch.next(at(700))]);
  await vi.advanceTimersByTimeAsync(1_000);
  await all;
  const alone = watch.next(at(1_200), { patient: true });
  await vi.advanceTimersByTimeAsync(1_000);
  await alone;
  expect(asked).toEqual([700, 1_200]);
});

test("an answer that was under way is too old for who comes later", async () => {
  let answers = 0;
  const { asked, watch, at } = server(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [++answers];
  });
  const first = watch.next(at(0));
  await vi.advanceTimersByTimeAsync(10);
  const second = watch.next(at(10));
  await vi.advanceTimersByTimeAsync(200);
  expect([await first, await second]).toEqual([[1], [2]]);
  expect(asked).toEqual([0, 10]);
});

test("a failure is everybody's", async () => {
  const { watch, at } = server(() => Promise.reject(new Error("away")));
  const all = Promise.allSettled([watch.next(at(0)), watch.next(at(5))]);
  await vi.advanceTimersByTimeAsync(100);
  expect((await all).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
