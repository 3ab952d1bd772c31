import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), "utf8"));

test("the lock file says of this package what its own file says", () => {
  const { bin, engines, dependencies, devDependencies } = read("package.json");
  expect(read("package-lock.json").packages[""]).toMatchObject({ bin, engines, dependencies, devDependencies });
});

test("the command can be run as it is", () => {
  expect(() => accessSync(join(ROOT, read("package.json").bin.dockmaster), constants.X_OK)).not.toThrow();
});
