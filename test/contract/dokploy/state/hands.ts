import { vi } from "vitest";
import type { DomainColumns } from "../../../../components/dokploy/api/client.ts";
import type { ComposeRow } from "../../../../emulator/state/records.ts";
import { composeFile, type Fixture } from "../fixture.ts";
import type { SaidService } from "../requests/small-engine.ts";

/** A route as a person makes it in Dokploy. */
export const HAND_ROUTE: DomainColumns = {
  host: "mine.example.org",
  path: "/",
  port: 80,
  https: false,
  certificateType: "none",
  serviceName: "web",
  internalPath: "/",
  stripPath: false,
  customEntrypoint: null,
  customCertResolver: null,
  middlewares: [],
  forwardAuthEnabled: false,
};

export const domain = { host: "web.example.org", service: "web", port: 80 };

/** A service with all that a hand can change. */
export const web: SaidService = {
  name: "web",
  composeFile: composeFile("web"),
  env: { PASSWORD: "a-secret-value", EXTRA: "1" },
  domains: [domain],
};

/** What a program and a person do to {@link web}. */
export function hands(fixture: () => Fixture) {
  const outputs = () => fixture().engine.outputs("web");
  const live = () => fixture().live("web");
  const post = (procedure: string, body: object) =>
    fetch(`${fixture().emulator.url}/api/${procedure}`, {
      method: "POST",
      headers: { "x-api-key": fixture().emulator.apiKey, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  return {
    outputs,
    live,
    post,
    up: (patch: Partial<SaidService> = {}, options = {}) =>
      fixture().engine.up(fixture().context, { services: [{ ...web, ...patch }] }, options),
    edit: (patch: Partial<ComposeRow>) => async () => void fixture().emulator.control.edit(outputs().composeId, patch),
    domainId: async () => (await live()).domains[0]?.domainId ?? "",
    makeRoute: (patch: object = {}) =>
      fixture().dokploy.createDomain(outputs().composeId, {
        ...HAND_ROUTE,
        ...patch,
      }),
    /** All of the record that a hand can change. */
    parts: async () => {
      const { name, composeFile, env, domains, environmentId, ...columns } = await live();
      const { autoDeploy, command, createEnvFile, isolatedDeployment, sourceType, randomize, suffix } = columns;
      const settings = { autoDeploy, command, createEnvFile, isolatedDeployment, sourceType, randomize, suffix };
      return { name, composeFile, env, domains, settings, environmentId };
    },
    /** What people are told while `work` runs. */
    async told(work: () => Promise<unknown>): Promise<string> {
      const said = vi.spyOn(console, "log").mockImplementation(() => {});
      try {
        await work();
        return said.mock.calls.flat().join("\n");
      } finally {
        said.mockRestore();
      }
    },
    async forget() {
      await fixture().emulator.control.reset();
      fixture().emulator.control.clearFaults();
      fixture().engine.forget();
    },
  };
}
