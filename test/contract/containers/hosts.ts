import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from "vitest";
import { whyNoDocker } from "../../docker.ts";
import { openDockerHost } from "./docker-host.ts";
import { createFixture, type Fixture } from "./fixture.ts";
import type { TestHost } from "./host.ts";
import { openSimulatedHost } from "./simulated-host.ts";

const missing = await whyNoDocker("busybox:1.36");
const required = process.env.REQUIRE_DOCKER === "1";

const hosts = [
  { name: "simulated", skip: false, open: openSimulatedHost },
  { name: `Docker${missing ? ` (${missing})` : ""}`, skip: missing !== undefined, open: openDockerHost },
];

/** Runs the tests on simulated containers and, where they can be had, on real ones. REQUIRE_DOCKER=1 insists on those. */
export function describeOnEachHost(title: string, define: (stage: () => Fixture) => void): void {
  if (missing !== undefined && required)
    test("has the Docker that REQUIRE_DOCKER=1 asks for", () => {
      throw new Error(missing);
    });
  for (const { name, skip, open } of hosts)
    describe.skipIf(skip)(`${title}, ${name}`, { timeout: 120_000 }, () => {
      let host: TestHost;
      let stage: Fixture;
      beforeAll(() => {
        host = open();
      });
      afterAll(() => host.close());
      beforeEach(() => {
        stage = createFixture(host);
      });
      afterEach(() => stage.clean(), 120_000);
      define(() => stage);
    });
}
