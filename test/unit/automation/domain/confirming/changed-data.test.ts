import { expect, test } from "vitest";
import { parse } from "yaml";
import { findChangedData, type ServiceFiles } from "../../../../../automation/domain/confirming/changed-data.ts";

const compose = (container: string, more = "") => parse(`services:\n  one:\n    ${container}\n${more}`) as unknown;
const files = (text: string, over: Partial<ServiceFiles> = {}): ServiceFiles => ({
  compose: compose(text),
  definition: "export const one = defineService({ name: 'one' })",
  tree: text,
  settings: "null",
  shared: "all",
  ...over,
});
const volume = 'volumes: ["data:/data"]';

test.each<[string, ServiceFiles, ServiceFiles, boolean]>([
  ["nothing differs", files(`image: a:1\n    ${volume}`), files(`image: a:1\n    ${volume}`), false],
  ["another image with data", files(`image: a:1\n    ${volume}`), files(`image: a:2\n    ${volume}`), true],
  ["another image without data", files("image: a:1"), files("image: a:2"), false],
  [
    "other memory of the same image",
    files(`image: a:1\n    ${volume}`),
    files(`image: a:1\n    ${volume}\n    mem_limit: 1g`),
    false,
  ],
  ["data only before", files(`image: a:1\n    ${volume}`), files("image: a:2"), true],
  ["data only after", files("image: a:1"), files(`image: a:2\n    ${volume}`), true],
  [
    "data on the host",
    files('image: a:1\n    volumes: ["/srv:/data"]'),
    files('image: a:2\n    volumes: ["/srv:/data"]'),
    true,
  ],
  [
    "what is only read",
    files('image: a:1\n    volumes: ["./c:/c:ro"]'),
    files('image: a:2\n    volumes: ["./c:/c:ro"]'),
    false,
  ],
  [
    "memory",
    files("image: a:1\n    volumes: [{type: tmpfs, target: /t}]"),
    files("image: a:2\n    volumes: [{type: tmpfs, target: /t}]"),
    false,
  ],
  [
    "data that others keep",
    files("image: a:1", { definition: 'databases: ["one"],' }),
    files("image: a:2", { definition: 'databases: ["one"],' }),
    true,
  ],
  ["buckets", files("image: a:1", { definition: "buckets: [x]" }), files("image: a:2"), true],
  [
    "databases by a name of their own",
    files("image: a:1", { definition: "defineService({ name, databases })" }),
    files("image: a:2"),
    true,
  ],
  ["a definition that is not there", files("image: a:1", { definition: null }), files("image: a:2"), true],
  ["a file that cannot be read", files("image: a:1", { compose: undefined, tree: "x" }), files("image: a:1"), true],
  [
    "an image that is put together",
    files(`image: a:$V\n    ${volume}`),
    files(`image: a:$V\n    ${volume}`, { tree: "other" }),
    true,
  ],
  ["one in a service that is equal", files(`image: a:$V\n    ${volume}`), files(`image: a:$V\n    ${volume}`), false],
  [
    "one in a service that is equal, where what all have in common is not",
    files(`image: a:$V\n    ${volume}`),
    files(`image: a:$V\n    ${volume}`, { shared: "other" }),
    true,
  ],
  [
    "a plain one in a service that is equal, where what all have in common is not",
    files(`image: a:1\n    ${volume}`),
    files(`image: a:1\n    ${volume}`, { shared: "other" }),
    false,
  ],
  [
    "another file in a service that is equal, where what all have in common is not",
    files(`image: a:1\n    extends: {file: ../x.yaml, service: y}`),
    files(`image: a:1\n    extends: {file: ../x.yaml, service: y}`, { shared: "other" }),
    true,
  ],
  [
    "one with other settings",
    files(`image: a:$V\n    ${volume}`),
    files(`image: a:$V\n    ${volume}`, { settings: '{"version":2}' }),
    true,
  ],
  ["one that is built", files(`build: .\n    ${volume}`), files(`build: .\n    ${volume}`, { tree: "other" }), true],
  [
    "one that comes from another file",
    files(`image: a:1\n    extends: {file: x.yaml, service: y}\n    ${volume}`),
    files(`image: a:1\n    extends: {file: x.yaml, service: y}\n    ${volume}`, { tree: "other" }),
    true,
  ],
  [
    "volumes of another container",
    files("image: a:1\n    volumes_from: [two]"),
    files("image: a:2\n    volumes_from: [two]"),
    true,
  ],
  ["settings that cannot be read", files("image: a:1"), files("image: a:1", { settings: null }), false],
])("%s", (_name, from, to, changed) => {
  expect(findChangedData(from, to)).toBe(changed);
  // There is no difference in which way one looks.
  expect(findChangedData(to, from)).toBe(changed);
});
