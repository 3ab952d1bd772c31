import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { composeSchemaModule } from "../../../tools/compose-schema.ts";

const FILE = "components/compose/spec/validate.cjs";

test(`${FILE} is the specification's: else run \`node tools/compose-schema.ts > ${FILE}\``, () => {
  const file = readFileSync(new URL(`../../../${FILE}`, import.meta.url), "utf8");
  // Not toBe: nobody wants to read 8000 lines of difference.
  expect(file === composeSchemaModule()).toBe(true);
});
