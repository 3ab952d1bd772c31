import { describe, expect, it } from "vitest";
import { refuseVolumeChanges, volumesOf } from "../../../../../components/dokploy/api/volumes.ts";

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

  it.each(["services: {}", "- list", "a: [", ""])("are none in %j", (text) => {
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
