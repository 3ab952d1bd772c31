import { expect, test } from "vitest";
import { createCatalogue, toServices, toStacks } from "../../../../automation/git/catalogue.ts";
import type { Mirror } from "../../../../automation/git/mirror.ts";

test("stacks are the files that are named after them, and bootstrap is nobody's to deploy", () => {
  const files = ["Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml", "Pulumi.bootstrap.yaml"];
  expect(toStacks([...files, "Pulumi.Bad.yaml", "Pulumi.a/b.yaml", "README.md"])).toEqual(["staging", "production"]);
});

const files = ["components/redis/compose.yaml", "components/minio/compose.yml", "components/runner/compose.yaml"];

test.each<[string, string, string[]]>([
  ["what the stack lists, in its order", "config:\n  platform:services: [redis, postgres]", ["redis", "postgres"]],
  ["all that have a compose file, but the runner", "config: {}", ["redis", "minio"]],
  ["all, of an empty file", "", ["redis", "minio"]],
  ["all, where the list is none", "config:\n  platform:services: all", ["redis", "minio"]],
])("services are %s", (_name, text, expected) => {
  expect(toServices(text, [...files, "components/compose/parse.ts", "other/x/compose.yaml"])).toEqual(expected);
});

test("what a commit holds is read once; that it holds nothing is asked again, for it may be fetched by then", async () => {
  let reads = 0;
  let text: string | undefined;
  const mirror = {
    readText: async () => {
      reads += 1;
      return text;
    },
    listFiles: async () => files,
  };
  const catalogue = createCatalogue(mirror as unknown as Mirror);
  expect(await catalogue.services("c1", "staging")).toBeUndefined();
  text = "";
  expect(await catalogue.services("c1", "staging")).toEqual(["redis", "minio"]);
  expect(await catalogue.services("c1", "staging")).toEqual(["redis", "minio"]);
  expect(reads).toBe(2);
});
