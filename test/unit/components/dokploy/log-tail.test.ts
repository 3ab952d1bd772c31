import { describe, expect, it } from "vitest";
import { logTail } from "../../../../components/dokploy/log-tail.ts";

describe("the end of a log", () => {
  it("is what says something, without colours and frames", () => {
    const log =
      "Initializing deployment\n╔══════╗\n║ Build ║\n╚══════╝\n\u001b[31m Container db  Error\u001b[0m\n\ndependency failed\rto start\nError occurred ❌, check the logs for details.\n";
    expect(logTail(log)).toEqual(["Container db  Error", "dependency failed", "to start"]);
  });

  it("is short", () => {
    const tail = logTail(Array.from({ length: 100 }, (_, index) => `${index} ${"x".repeat(1_000)}`).join("\n"));
    expect(tail).toHaveLength(15);
    expect(tail.at(-1)).toMatch(/^99 x{297}$/);
  });

  it("of an empty log is empty", () => {
    expect(logTail("")).toEqual([]);
  });
});
