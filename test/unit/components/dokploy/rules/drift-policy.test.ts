import { describe, expect, test } from "vitest";
import { parseDrift, readDriftPolicy } from "../../../../../components/dokploy/rules/drift-policy.ts";
import { ServiceError } from "../../../../../components/dokploy/rules/service-error.ts";

describe("what holds for a service", () => {
  test.each([
    ["nothing is said", {}, "postgres", { mode: "report", ignore: [] }],
    ["a word for the stack", { "platform:drift": "heal" }, undefined, { mode: "heal", ignore: [] }],
    ["a map for the stack", { "platform:drift": { mode: "heal" } }, "redis", { mode: "heal", ignore: [] }],
    ["a map without a mode", { "platform:drift": { ignore: ["env"] } }, "redis", { mode: "report", ignore: ["env"] }],
    [
      "the service's own word wins over the stack's, and adds to what may differ",
      {
        "platform:drift": { mode: "heal", ignore: ["env.B", "name"] },
        "platform:redis": { drift: { mode: "report", ignore: ["env.A", "env.B"] } },
      },
      "redis",
      { mode: "report", ignore: ["env.A", "env.B", "name"] },
    ],
    [
      "a service that only adds keeps the stack's mode",
      { "platform:drift": "heal", "platform:redis": { drift: { ignore: ["settings.autoDeploy"] } } },
      "redis",
      { mode: "heal", ignore: ["settings.autoDeploy"] },
    ],
    [
      "another service's is not its",
      { "platform:redis": { drift: "heal" }, "platform:postgres": null },
      "postgres",
      { mode: "report", ignore: [] },
    ],
    [
      "routes as drift names them: the host in small letters",
      { "platform:drift": { ignore: ["domains.Status.Example.org/Up", "domains", "composeFile", "env.a.b-c"] } },
      undefined,
      { mode: "report", ignore: ["composeFile", "domains", "domains.status.example.org/Up", "env.a.b-c"] },
    ],
  ])("%s", (_name, config, service, policy) => {
    expect(readDriftPolicy(config, service)).toEqual(policy);
  });

  test("every mistake at once, each with its place and what to do", () => {
    const config = {
      "platform:drift": { mode: "heel", ignore: ["owner", "env.1A", "envs.A"], moode: 1 },
      "platform:redis": { drift: 5 },
    };
    let thrown: unknown;
    try {
      readDriftPolicy(config, "redis");
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ServiceError);
    const { code, message } = thrown as ServiceError;
    expect(code).toBe("config_invalid");
    expect(message.split("\n")).toEqual([
      "`platform:drift.mode`: is no way to treat drift; did you mean `heal`?",
      "`platform:drift.ignore.0`: `owner` says whose the service is, and is never left out; take it out of the list",
      "`platform:drift.ignore.1`: `1A` is no name of a variable; write `env.NAME`",
      "`platform:drift.ignore.2`: there is no part `envs.A`; did you mean `env.A`?",
      "`platform:drift.moode`: unknown key; did you mean `mode`?",
      "`platform:redis.drift`: is neither a word nor a map; write `report` or `heal`, or below it `mode` and `ignore`",
    ]);
  });
});

test.each([
  ["ignore", "is no way to treat drift", /name the parts/],
  [[], "is neither a word nor a map", /report/],
  [null, "is neither a word nor a map", /report/],
  [{ mode: true }, "is no way to treat drift", /`report` or `heal`/],
  [{ ignore: "env.A" }, "is no list of parts", /ignore: \[env.NAME\]/],
  [{ ignore: [7] }, "is no name of a part", /env\.NAME/],
  [{ ignore: ["env."] }, "`` is no name of a variable", /env\.NAME/],
  [
    { ignore: ["deployed: never"] },
    "`deployed: never` says whether the service is well, and is never left out",
    /list/,
  ],
  [{ ignore: ["settings.autodeploy"] }, "there is no setting `autodeploy`", /`autoDeploy`/],
  [{ ignore: ["settings.x"] }, "there is no setting `x`", /known are autoDeploy, /],
  [{ ignore: ["domains."] }, "`` is no route", /host and path/],
  [{ ignore: ["domains.App.org"] }, "`App.org` has no path", /`domains\.app\.org\/`/],
  [{ ignore: ["domains.https://app.org/"] }, "`https://app.org/` is no route", /host and path/],
  [{ ignore: ["checks"] }, "there is no part `checks`", /domains/],
])("refuses %j", (value, message, hint) => {
  const { mistakes } = parseDrift(value);
  expect(mistakes.map((mistake) => mistake.message)).toEqual([message]);
  expect(mistakes[0]?.hint).toMatch(hint);
});

test("keeps what is right beside what is not", () => {
  expect(parseDrift({ mode: "heal", ignore: ["env.A", "nonsense"] }).given).toEqual({
    mode: "heal",
    ignore: ["env.A"],
  });
});
