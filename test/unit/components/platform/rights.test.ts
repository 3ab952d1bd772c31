// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like that
import { expect, test } from "vitest";
import { rightsOfContainers } from "../../../../components/platform/rights.ts";

const file = (lines: string) => `services:\n  a: {image: x, ${lines}}\n`;

test.each<[string, string, string[], Record<string, string>?]>([
  ["a file that takes nothing", file("restart: always"), []],
  [
    "what each container takes, once",
    `${file("privileged: true, cap_add: [SYS_ADMIN]")}  b: {image: x, privileged: true, volumes: ["/var/run/docker.sock:/s:ro"]}\n`,
    ["SYS_ADMIN", "docker.sock", "privileged"],
  ],
  ["what its env makes of it", file('pid: "${P}"'), ["pid"], { P: "host" }],
  [
    "no volumes: others tell of those",
    `${file("volumes: [data:/d]")}volumes: {data: {external: true, name: other}}\n`,
    [],
  ],
  ["a file that Compose would refuse", file("privileged: ["), []],
  ["no file", "", []],
])("names %s", (_, text, expected, env) => {
  expect(rightsOfContainers(text, env)).toEqual(expected);
});
