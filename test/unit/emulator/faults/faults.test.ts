import { describe, expect, it } from "vitest";
import { createFaults } from "../../../../emulator/faults/faults.ts";

describe("faults", () => {
  it("strike once when nothing else is said", () => {
    const faults = createFaults();
    faults.add({ kind: "error" });
    expect(faults.takeForRequest("compose.one")).toHaveLength(1);
    expect(faults.takeForRequest("compose.one")).toEqual([]);
    expect(faults.list()).toEqual([]);
  });

  it.each([
    ["*", "compose.one", true],
    ["compose.*", "compose.one", true],
    ["compose.*", "project.one", false],
    ["compose.one", "compose.one", true],
    ["compose.one", "compose.update", false],
  ])("of %s strike %s: %s", (procedure, asked, strikes) => {
    const faults = createFaults();
    faults.add({ kind: "html", procedure, times: "always" });
    expect(faults.takeForRequest(asked).length > 0).toBe(strikes);
  });

  it("of a service strike it by any of its names, as often as they were asked to", () => {
    const faults = createFaults();
    faults.add({ kind: "fail-deploy", service: "redis", times: 2 });
    const strike = () => faults.takeForDeployment("fail-deploy", ["id", "redis", "redis-8ep1kd"]) !== undefined;
    expect([strike(), strike(), strike()]).toEqual([true, true, false]);
    expect(faults.takeForDeployment("fail-deploy", ["postgres"])).toBeUndefined();
  });

  it.each([{ kind: "nonsense" }, { kind: "latency" }, { kind: "error", status: 200 }, { kind: "stuck", servise: "x" }])(
    "refuses %j",
    (fault) => {
      expect(() => createFaults().add(fault as never)).toThrow();
    },
  );
});
