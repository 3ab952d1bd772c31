import { describe, expect, it } from "vitest";
import { listVolumes, refuseVolumeChanges, volumesOf } from "../../../../../components/dokploy/api/volumes.ts";

const file = (volumes: string) => `services: {}\nvolumes: ${volumes}\n`;

describe("the volumes of a compose file", () => {
  it("have their real names, and their definitions without the name", () => {
    const text = file("{a: , bb: {name: fixed}, c: {driver_opts: {o: size=1, type: tmpfs}}, d: {external: true}}");
    expect(volumesOf(text, "app")).toEqual({
      app_a: "{}",
      fixed: "{}",
      app_c: '{"driver_opts":{"o":"size=1","type":"tmpfs"}}',
    });
  });

  it("are named as they are on the server; external ones have no name of ours", () => {
    const text = "volumes: {data: , cache: {name: shared-cache}, other: {external: true}}";
    expect(listVolumes(text, "app-1").map(({ key, name }) => [key, name])).toEqual([
      ["data", "app-1_data"],
      ["cache", "shared-cache"],
    ]);
  });

  // People's files in Dokploy: Compose merges keys, and an odd entry is no reason to overlook the others.
  it.each([
    [
      "merged from elsewhere",
      "x-all: &all {data: {name: platform-a}}\nvolumes: {<<: *all, more: }",
      ["platform-a", "app_more"],
    ],
    ["a merged definition", "x-d: &d {name: platform-a}\nvolumes: {data: {<<: *d}}", ["platform-a"]],
    ["beside one with a number for a name", "volumes: {data: , odd: {name: 5}}", ["app_data", "app_odd"]],
    ["beside one that is a text", "volumes: {data: , odd: text}", ["app_data", "app_odd"]],
  ])("are found %s", (_, text, names) => {
    expect(Object.keys(volumesOf(text, "app"))).toEqual(names);
  });

  it.each(["services: {}", "- list", "a: [", "", "volumes: 5"])("are none in %j", (text) => {
    expect(volumesOf(text, "app")).toEqual({});
  });

  it("may come and go and be written in another order", () => {
    const before = volumesOf(file("{data: {name: d, driver: local, labels: {a: b}}}"), "app");
    expect(() =>
      refuseVolumeChanges(before, volumesOf(file("{other: {labels: {a: b}, driver: local, name: d}}"), "app")),
    ).not.toThrow();
    expect(() => refuseVolumeChanges(before, {})).not.toThrow();
  });

  it("may not be defined in another way, because Compose would delete their data", () => {
    const before = volumesOf(file("{data: {name: d}}"), "app");
    const after = volumesOf(file("{data: {name: d, labels: {a: b}}}"), "app");
    expect(() => refuseVolumeChanges(before, after)).toThrow(/definition of volume d changed .* deleting its data/);
  });
});
