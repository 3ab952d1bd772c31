import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCompose, updateCompose } from "../../../../components/dokploy/compose.ts";
import { readEnvironment } from "../../../../components/dokploy/environment.ts";
import { changedKeys } from "../../../../components/dokploy/rules/diff.ts";
import { composeInputs } from "../../../../components/dokploy/rules/inputs.ts";
import {
  type ComposeOutputs,
  type EnvironmentOutputs,
  SCHEMA_VERSION,
} from "../../../../components/dokploy/rules/outputs.ts";
import { openFixture } from "../fixture.ts";

interface Recorded {
  environment: EnvironmentOutputs;
  compose: ComposeOutputs;
}

const FOLDER = new URL("../../../fixtures/provider/states/", import.meta.url);

// One file per schema version, written once when the version was made and never changed: people's states look like this.
const recorded = readdirSync(FOLDER).map(
  (file) => [file, JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Recorded] as const,
);

describe("states that earlier releases wrote", () => {
  it("are kept for every schema version", () => {
    expect(recorded.map(([file]) => file).sort()).toEqual(
      Array.from({ length: SCHEMA_VERSION }, (_, index) => `schema-${index + 1}.json`),
    );
  });

  it.each(recorded)("go on without a change: %s", async (_, state) => {
    const fixture = await openFixture();
    const { env, composeFile, domains, name, waitTimeout, stages } = state.compose;
    const said = { services: [{ name, composeFile, env, domains, waitTimeout, stages }] };
    await fixture.engine.up(fixture.context, said);

    // What the server chose is not in the record: its ids take the place of the recorded ones.
    const now = fixture.engine.outputs(name);
    const put = <O extends object>(old: O, fresh: object) =>
      Object.fromEntries(
        Object.entries(old).map(([key, value]) => [
          key,
          IDS.includes(key) ? (fresh as Record<string, unknown>)[key] : value,
        ]),
      ) as O;
    const { command, environmentId } = now.settings;
    const settings = { ...state.compose.settings, command, environmentId };
    const compose = { ...put(state.compose, now), settings };
    const environment = put(state.environment, fixture.engine.environment() ?? {});

    expect(await readEnvironment(fixture.context, environment.environmentId, environment)).toMatchObject({
      props: environment,
    });
    const { props } = await readCompose(fixture.context, compose.composeId, compose);
    expect(props).toMatchObject({ ...compose, schemaVersion: SCHEMA_VERSION });
    expect(changedKeys(props as ComposeOutputs, composeInputs(now))).toEqual([]);
    const changed = { ...composeInputs(now), env: { ...env, NEW: "1" } };
    expect((await updateCompose(fixture.context, compose.composeId, compose, changed)).outs).toMatchObject({
      deployed: true,
    });
    await fixture.close();
  });
});

/** Keys whose values a server makes up. */
const IDS = [
  "composeId",
  "appName",
  "serverUrl",
  "organizationId",
  "environmentId",
  "projectId",
  "deployment",
  "settings",
];
