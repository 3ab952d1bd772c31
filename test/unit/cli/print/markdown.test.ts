import { expect, test } from "vitest";
import { formatMarkdown } from "../../../../cli/print/markdown.ts";

test("is a table with a line for each failure", () => {
  const text = formatMarkdown("deploy of staging, v1.2.4: failed", [
    { service: "redis", result: "changed", reason: "changed: composeFile", seconds: 3.21 },
    {
      service: "minio",
      result: "failed",
      reason: "unhealthy",
      cause: { code: "unhealthy", message: "minio is not healthy", hint: "see its log" },
    },
  ]);
  expect(text).toBe(
    [
      "### deploy of staging, v1.2.4: failed",
      "",
      "| service | result | time | why |",
      "|---|---|---|---|",
      "| redis | changed | 3.2 s | changed: composeFile |",
      "| minio | failed |  | unhealthy |",
      "",
      "- **minio**: minio is not healthy → see its log",
      "",
    ].join("\n"),
  );
});

test("a run that failed before any service tells the run's cause", () => {
  const cause = { message: "Vault is sealed", hint: "unseal it" };
  expect(formatMarkdown("deploy", [], cause)).toContain("- **Failed**: Vault is sealed → unseal it");
});

test("nothing in a text makes another cell, line or tag", () => {
  const text = formatMarkdown("t", [{ service: "a", result: "failed", reason: "x | y\n<img src=x> `z`" }]);
  expect(text).toContain("| x \\| y \\<img src=x\\> \\`z\\` |");
});

test("what a service's file allows itself stands below the table, in words that are no Markdown", () => {
  const allows = ["components/web/compose.yaml:7:5  allows `docker.sock`: [it](https://example.org) watches"];
  const text = formatMarkdown("staging", [{ service: "web", result: "unchanged", reason: "equal", allows }]);
  expect(text).toContain(
    "- ⚠️ **web**: components/web/compose.yaml:7:5  allows \\`docker.sock\\`: \\[it\\](https\u200b://example.org) watches\n",
  );
});
