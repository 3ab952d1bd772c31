import { expect, test } from "vitest";
import { formatOutcomes } from "../../../../cli/print/outcome-table.ts";

test("what services' files allow themselves stands below the table, also of one that stays as it is", () => {
  const note = "components/web/compose.yaml:7:5  allows `docker.sock`: it watches";
  const lines = formatOutcomes([{ service: "web", result: "unchanged", reason: "equal", allows: [note] }], {
    planned: true,
  });
  expect(lines.slice(-2)).toEqual(["", expect.stringContaining(`web: ${note}`)]);
  expect(formatOutcomes([{ service: "web", result: "unchanged", reason: "equal" }])).toHaveLength(lines.length - 2);
});
