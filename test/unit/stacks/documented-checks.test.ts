import { expect, it } from "vitest";
import { parse } from "yaml";
import { printProblem } from "../../../components/compose/problem.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import { planStack } from "../../../stacks/plan.ts";
import { readBlocks } from "../../docs/pages.ts";

const PAGE = "guides/checks.md";
const examples = readBlocks(PAGE)
  .filter(({ language }) => language === "yaml")
  .map(({ text }, index): [string, string] => [["authentik", "redis", "minio"][index] ?? "", text]);

function plan(name: string, text: string) {
  const settings = text.split("\n").map((line) => `    ${line}`);
  const file = `config:\n  platform:domain: example.org\n  platform:suffix: -staging\n  platform:${name}:\n${settings.join("\n")}\n`;
  const { plan: found, problems } = planStack("staging", fromStackFile("staging", file).raw!, "k".repeat(40));
  expect(problems.map(printProblem)).toEqual([]);
  const service = found!.services.find((each) => each.name === name)!;
  const containers = Object.keys(parse(service.composeFile).services).filter((key) => /-(check|watch)/.test(key));
  return { ...service, containers: containers.map((key) => key.replace(/^platform-|-staging$/g, "")) };
}

it("has an example for every kind", () => {
  expect(examples.map(([name]) => name)).toEqual(["authentik", "redis", "minio"]);
});

it.each(examples)("the example for %s is planned as the page says", (name, text) => {
  const { checks, ownChecks, containers } = plan(name, text);
  const wanted = {
    authentik: { checks: [{ expect: 204 }], ownChecks: [], more: ["check-2", "watch-2"] },
    redis: { checks: [], ownChecks: [{ attempts: 3 }], more: ["check-2", "watch-2"] },
    minio: {
      checks: [{ prometheus: { interval: 30, initialDelay: 60, count: 5 }, during: ["release", "watch"] }],
      ownChecks: [],
      more: [],
    },
  }[name]!;
  expect({ checks, ownChecks }).toMatchObject({ checks: wanted.checks, ownChecks: wanted.ownChecks });
  const all = ["check-1", "checked", ...wanted.more].map((key) => `${name}-${key}`);
  expect(containers.sort()).toEqual(all.sort());
});
