import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeLeft } from "../../../../../../components/dokploy/rules/data/give-up.ts";
import { readLayout } from "../../../../../../components/dokploy/rules/data/held-data.ts";
import { findLeftData } from "../../../../../../components/dokploy/rules/data/left-data.ts";

/** Containers as flow maps, and volumes that are called as their keys. */
const layout = (services: string, volumes = "v1 v2 v3") => {
  const named = volumes.split(" ").map((key) => `${key}: {name: ${key}}`);
  const memory = "m1: {name: m1, driver: local, driver_opts: {type: tmpfs, device: tmpfs}}";
  return readLayout({
    composeFile: `services: {${services}}\nvolumes: {${named}, ${memory}}\n`,
    env: {},
    appName: "app",
  });
};
const left = (before: string, after: string) => findLeftData({ live: layout(before) }, layout(after)).map(describeLeft);

const DB = "db: {image: 'pg:1', volumes: ['v1:/data']}";

describe("a change leaves data", () => {
  it.each<[string, string, string, string[]]>([
    [
      "for another volume",
      DB,
      "db: {image: 'pg:2', volumes: ['v2:/data']}",
      ["container db has volume v1 at /data and would start with volume v2 there"],
    ],
    ["for none", DB, "db: {image: 'pg:1'}", ["container db has volume v1 at /data and would start without it"]],
    [
      "for another path",
      DB,
      "db: {volumes: ['v1:/var/data']}",
      ["container db has volume v1 at /data and would start without it (it would have it at /var/data)"],
    ],
    [
      "for a path that the image's own volume swallows",
      "db: {volumes: ['v1:/var/lib/pg/data']}",
      "db: {volumes: ['v1:/var/lib/pg']}",
      ["container db has volume v1 at /var/lib/pg/data and would start without it (it would have it at /var/lib/pg)"],
    ],
    [
      "for memory",
      DB,
      "db: {tmpfs: [/data]}",
      ["container db has volume v1 at /data and would start with empty memory there"],
    ],
    [
      "for a volume that is memory",
      DB,
      "db: {volumes: ['m1:/data']}",
      ["container db has volume v1 at /data and would start with empty memory there"],
    ],
    [
      "for a folder of the host",
      DB,
      "db: {volumes: ['/srv/x:/data']}",
      ["container db has volume v1 at /data and would start with the host's /srv/x there"],
    ],
    [
      "for an anonymous volume",
      DB,
      "db: {volumes: [/data]}",
      ["container db has volume v1 at /data and would start with the anonymous volume db:/data there"],
    ],
    [
      "for a folder of the volume",
      DB,
      "db: {volumes: [{type: volume, source: v1, target: /data, volume: {subpath: x}}]}",
      ["container db has volume v1 at /data and would start with folder x of volume v1 there"],
    ],
    [
      "hidden by memory below",
      DB,
      "db: {volumes: ['v1:/data'], tmpfs: ['/data/base']}",
      ["container db has volume v1 at /data, of which /data/base would be hidden by what is mounted there"],
    ],
    [
      "hidden by another volume below",
      DB,
      "db: {volumes: ['v1:/data', 'v2:/data/x']}",
      ["container db has volume v1 at /data, of which /data/x would be hidden by what is mounted there"],
    ],
    [
      "by a new name of the container",
      DB,
      "pg: {image: 'pg:1', volumes: ['v2:/data']}",
      ["container db has volume v1 at /data and pg, which takes its place, would start with volume v2 there"],
    ],
    [
      "by a new name without any volume",
      DB,
      "pg: {image: 'pg:2'}",
      ["container db has volume v1 at /data and pg, which takes its place, would start without it"],
    ],
    [
      "by a new name that has it elsewhere",
      DB,
      "pg: {image: 'pg:2', volumes: ['v1:/d']}",
      [
        "container db has volume v1 at /data and pg, which takes its place, would start without it (it would have it at /d)",
      ],
    ],
    [
      "by going, when nobody else has it",
      `${DB}, web: {image: x}`,
      "web: {image: x}",
      ["container db has volume v1 at /data and would be gone, with no container left that has it"],
    ],
    [
      "by a new name although a backup still reads it",
      `${DB}, backup: {volumes: ['v1:/from:ro']}`,
      "pg: {image: 'pg:1', volumes: ['v2:/data']}, backup: {volumes: ['v1:/from:ro']}",
      ["container db has volume v1 at /data and pg, which takes its place, would start with volume v2 there"],
    ],
    [
      "in one of two that share it",
      "a: {volumes: ['v1:/m']}, b: {volumes: ['v1:/m']}",
      "a: {volumes: ['v1:/m']}, b: {}",
      ["container b has volume v1 at /m and would start without it"],
    ],
    [
      "in one of two that share it and are renamed",
      "a: {image: s, volumes: ['v1:/m']}, b: {image: s, volumes: ['v1:/m']}",
      "a2: {image: s, volumes: ['v1:/m']}, b2: {image: s}",
      [
        "container a has volume v1 at /m and b2, which takes its place, would start without it",
        "container b has volume v1 at /m and b2, which takes its place, would start without it",
      ],
    ],
    [
      "of the two that it has",
      "db: {volumes: ['v1:/a', 'v2:/b']}",
      "db: {volumes: ['v2:/a', 'v1:/b']}",
      [
        "container db has volume v1 at /a and would start with volume v2 there (it would have it at /b)",
        "container db has volume v2 at /b and would start with volume v1 there (it would have it at /a)",
      ],
    ],
    [
      "by a new one beside it, that runs in its place",
      DB,
      "db: {image: 'pg:1', volumes: ['v1:/data'], scale: 0}, pg: {image: 'pg:1', volumes: ['v2:/data']}",
      ["container db has volume v1 at /data and pg, which takes its place, would start with volume v2 there"],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(left(before, after)).toEqual(expected);
  });

  it.each<[string, string, string]>([
    ["nothing", DB, DB],
    [
      "another image, more volumes, another order",
      DB,
      "x: {image: y, volumes: ['v3:/z']}, db: {image: 'mysql:9', volumes: ['v2:/other', 'v1:/data/']}",
    ],
    ["the long form of the same", DB, "db: {volumes: [{type: volume, source: v1, target: /data}]}"],
    ["read only from now on", DB, "db: {volumes: ['v1:/data:ro']}"],
    ["a new name that takes it along", DB, "pg: {image: 'other:1', volumes: ['v1:/data']}"],
    [
      "a new name, beside a new one of the same image",
      `${DB}, jobs: {image: 'pg:1'}`,
      "pg: {image: 'pg:1', volumes: ['v1:/data']}, tasks: {image: 'pg:1'}",
    ],
    [
      "two that are one from now on",
      "a: {image: s, volumes: ['v1:/m']}, b: {image: s, volumes: ['v1:/m']}",
      "ab: {image: s, volumes: ['v1:/m']}",
    ],
    ["one that goes while another still has it", `${DB}, backup: {image: b, volumes: ['v1:/from:ro']}`, DB],
    ["one that goes into another", "a: {volumes: ['v1:/m']}, b: {}", "b: {volumes: ['v1:/m']}"],
    ["memory that goes", "db: {volumes: ['m1:/run/x'], tmpfs: ['/tmp']}", "db: {}"],
    ["none at work for a while", DB, "db: {image: 'pg:1', volumes: ['v1:/data'], deploy: {replicas: 0}}"],
    ["a new name that is not at work yet", DB, "pg: {image: 'pg:1', volumes: ['v1:/data'], scale: 0}"],
    ["more of the same", DB, "db: {image: 'pg:1', volumes: ['v1:/data'], deploy: {replicas: 3}}"],
    ["a mount around it", DB, "db: {volumes: ['v1:/data', 'v2:/'], tmpfs: ['/var']}"],
    [
      "what was hidden before",
      "db: {volumes: ['v1:/d'], tmpfs: ['/d/t', '/d/u']}",
      "db: {volumes: ['v1:/d', 'v2:/d/t']}",
    ],
  ])("but not with %s", (_, before, after) => {
    expect(left(before, after)).toEqual([]);
  });
});

describe("after an edit by hand", () => {
  const leave = (deployed: string, live: string, wanted: string) =>
    findLeftData({ deployed: layout(deployed).data, live: layout(live) }, layout(wanted)).map(({ had }) => had.name);

  it.each<[string, string, string, string, string[]]>([
    ["the way back is open", DB, "db: {volumes: ['v2:/data']}", DB, []],
    ["the way back is open from another path", DB, "db: {volumes: ['v1:/d']}", DB, []],
    ["the way back is open from a new name", DB, "pg: {image: 'pg:1', volumes: ['v2:/data']}", DB, []],
    ["the way back is open from nothing", DB, "db: {}", DB, []],
    [
      "following it leaves what the last deployment gave",
      DB,
      "db: {volumes: ['v2:/data']}",
      "db: {volumes: ['v2:/data']}",
      ["v1"],
    ],
    ["a third volume leaves both", DB, "db: {volumes: ['v2:/data']}", "db: {volumes: ['v3:/data']}", ["v1", "v2"]],
    ["what was added by hand is data too", DB, "db: {volumes: ['v1:/data', 'v2:/new']}", DB, ["v2"]],
    ["a container that was added by hand has data too", DB, `${DB}, x: {volumes: ['v2:/data']}`, DB, ["v2"]],
  ])("%s", (_, deployed, live, wanted, expected) => {
    expect(leave(deployed, live, wanted)).toEqual(expected);
  });
});

describe("any change", () => {
  const path = fc.constantFrom("/a", "/b", "/a/x");
  const volume = fc.constantFrom("v1", "v2", "v3", "m1");
  const service = fc.record({
    image: fc.constantFrom("pg", "web"),
    mounts: fc.uniqueArray(fc.tuple(volume, path), { selector: ([, at]) => at, maxLength: 3 }),
  });
  type Model = Record<string, { image: string; mounts: [string, string][] }>;
  const model: fc.Arbitrary<Model> = fc.dictionary(fc.constantFrom("one", "two", "three"), service, {
    maxKeys: 3,
    noNullPrototype: true,
  });
  const print = (services: Model) =>
    layout(
      Object.entries(services)
        .map(
          ([key, { image, mounts }]) =>
            `${key}: {image: ${image}, volumes: [${mounts.map((mount) => `'${mount.join(":")}'`)}]}`,
        )
        .join(", "),
    );
  const pairs = (services: Model) =>
    Object.entries(services).flatMap(([container, { mounts }]) =>
      mounts.filter(([name]) => name !== "m1").map(([name, at]) => ({ container, name, at })),
    );
  const has = (services: Model, container: string, name: string, at: string) =>
    services[container]?.mounts.some(([other, there]) => other === name && there === at) ?? false;

  it("that is accepted leaves every container that stays its volume at its path, and every volume somebody who has it", () => {
    fc.assert(
      fc.property(model, model, (before, after) => {
        const names = new Set(findLeftData({ live: print(before) }, print(after)).map(({ had }) => had.name));
        for (const { container, name, at } of pairs(before)) {
          if (names.has(name)) continue;
          if (after[container] !== undefined) expect(has(after, container, name, at)).toBe(true);
          else expect(pairs(after).some((other) => other.name === name)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("is refused only for data that is really left", () => {
    fc.assert(
      fc.property(model, model, (before, after) => {
        for (const { had, hidden } of findLeftData({ live: print(before) }, print(after))) {
          expect(has(before, had.container, had.name, had.path)).toBe(true);
          if (hidden === undefined) expect(has(after, had.container, had.name, had.path)).toBe(false);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("is none against itself, and none when the way back is taken", () => {
    fc.assert(
      fc.property(model, (services) => {
        expect(findLeftData({ live: print(services) }, print(services))).toEqual([]);
      }),
    );
    fc.assert(
      fc.property(model, (services) => {
        const bare = Object.fromEntries(
          Object.entries(services).map(([key, { image }]) => [key, { image, mounts: [] }]),
        );
        expect(findLeftData({ deployed: print(services).data, live: print(bare) }, print(services))).toEqual([]);
      }),
    );
  });
});
