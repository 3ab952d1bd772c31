import { describe, expect, it } from "vitest";
import { logTail } from "../../../../../components/dokploy/api/log-tail.ts";

describe("the end of a log", () => {
  it("is what says something, without colours and frames", () => {
    const log =
      "Initializing deployment\n╔══════╗\n║ Build ║\n╚══════╝\n\u001b[31m Container db  Error\u001b[0m\n\ndependency failed\rto start\nError occurred ❌, check the logs for details.\n";
    expect(logTail(log)).toEqual(["Container db  Error", "dependency failed", "to start"]);
  });

  it("is few lines, and whole ones: what is in them is not masked yet", () => {
    const tail = logTail(Array.from({ length: 100 }, (_, index) => `${index} ${"x".repeat(1_000)}`).join("\n"));
    expect(tail).toHaveLength(15);
    expect(tail.at(-1)).toMatch(/^99 x{1000}$/);
  });

  it("shows nothing of a line that is too long to be searched", () => {
    expect(logTail(`before\n${"secret".repeat(20_000)}\nafter`)).toEqual([
      "before",
      "(a line of 120000 characters)",
      "after",
    ]);
  });

  it("of an empty log is empty", () => {
    expect(logTail("")).toEqual([]);
  });
});
