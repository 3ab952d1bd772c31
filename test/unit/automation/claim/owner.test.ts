import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { isOwnerGone, nameOwner } from "../../../../automation/claim/owner.ts";

test("an owner that runs is not gone, and one that ended is", async () => {
  const child = spawn("sleep", ["60"]);
  const owner = nameOwner(child.pid);
  expect(isOwnerGone(owner)).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isOwnerGone(owner)).toBe(true);
});

test("an owner whose number was given to another process is gone", () => {
  const earlier = nameOwner().replace(/\d+$/, "1");
  expect(isOwnerGone(earlier)).toBe(true);
  expect(isOwnerGone(nameOwner())).toBe(false);
});

test.each(["other-host boot pid:[1] 1 1", "somebody", ""])(
  'of an owner that this machine cannot know nothing is said: "%s"',
  (owner) => {
    expect(isOwnerGone(owner)).toBe(false);
  },
);
