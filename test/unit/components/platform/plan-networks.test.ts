import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printProblem } from "../../../../components/compose/problem.ts";
import { checkNetworks, type PreparedDraft, planNetworks } from "../../../../components/platform/plan-networks.ts";
import { defineService } from "../../../../components/platform/service.ts";

interface Sketch {
  containers: Record<string, { mentions?: string[]; secrets?: string[]; within?: string }>;
  needs?: string[];
  joins?: string[];
  shares?: string[];
  borrows?: string[];
}

const full = (service: string, container: string) =>
  container === service ? `platform-${service}-x` : `platform-${service}-${container}-x`;

function draft(name: string, sketch: Sketch): PreparedDraft {
  const { containers, needs = [], joins, shares = [], borrows = [] } = sketch;
  const each = <T>(pick: (container: string) => T) =>
    Object.fromEntries(Object.keys(containers).map((container) => [container, pick(container)]));
  return {
    service: defineService({ name, settings: {}, describe: () => ({}) }),
    needs,
    description: {
      shares,
      borrows: Object.fromEntries(borrows.map((secret) => [secret, { service: "store", name: secret }])),
      ...(joins ? { joins } : {}),
    },
    common: { secretVersion: 1, secrets: {}, env: {}, checks: [], waitTimeout: undefined, adopt: false },
    checks: { outside: [], probes: [] },
    prepared: {
      containers: each((container) => full(name, container)),
      networkOf: each((container) => containers[container]?.within ?? container),
      secretsOf: each((container) => containers[container]?.secrets ?? []),
      mentions: each((container) => new Set(containers[container]?.mentions ?? [])),
      finish: () => ({ problems: [] }),
    },
  };
}

const drafts = (sketches: Record<string, Sketch>) =>
  Object.entries(sketches).map(([name, sketch]) => draft(name, sketch));
const plan = (sketches: Record<string, Sketch>) => Object.fromEntries(planNetworks(drafts(sketches)));
const problems = (sketches: Record<string, Sketch>) => {
  const all = drafts(sketches);
  return checkNetworks(all, planNetworks(all)).map(printProblem);
};

const store: Sketch = { containers: { store: {} } };
const wiki = { wiki: {}, db: {} };

describe("the environment's network", () => {
  it.each<[string, Record<string, Sketch>, Record<string, string[]>]>([
    [
      "is not joined by who has nothing to do with others",
      { store, wiki: { containers: wiki } },
      { store: [], wiki: [] },
    ],
    [
      "is joined by the only container of each, and by the one that is named like its service",
      { store, wiki: { containers: wiki, needs: ["store"] } },
      { store: ["store"], wiki: ["wiki"] },
    ],
    [
      "is joined by who shares a secret, whoever borrows it",
      { store: { containers: { store: {}, job: {} }, shares: ["password"] } },
      { store: ["store"] },
    ],
    [
      "is joined by who uses a borrowed secret",
      {
        store,
        app: { containers: { web: { secrets: ["pw"] }, db: { secrets: ["own"] } }, borrows: ["pw"], needs: ["store"] },
      },
      { store: ["store"], app: ["web"] },
    ],
    [
      "is joined by who names another service's container, and by that one",
      {
        store,
        app: { containers: { web: { mentions: ["platform-store-x"] }, db: { mentions: ["platform-app-web-x"] } } },
      },
      { store: ["store"], app: ["web"] },
    ],
    [
      "is joined by a container that one who needs its service names",
      {
        wiki: { containers: wiki },
        app: { containers: { app: { mentions: ["platform-wiki-db-x"] } }, needs: ["wiki"] },
      },
      { wiki: ["wiki", "db"], app: ["app"] },
    ],
    [
      "is not joined by a container that anybody else names",
      { wiki: { containers: wiki }, app: { containers: { app: { mentions: ["platform-wiki-db-x"] } } } },
      { wiki: [], app: [] },
    ],
    [
      "is joined by all where nothing says which",
      { store, app: { containers: { web: {}, worker: {} }, needs: ["store"] } },
      { store: ["store"], app: ["web", "worker"] },
    ],
    [
      "is joined by exactly those that the definition names",
      { store: { ...store, joins: [] }, app: { containers: { app: {}, api: {} }, needs: ["store"], joins: ["api"] } },
      { store: [], app: ["api"] },
    ],
    [
      "is not joined for a service that does not run here",
      { app: { containers: wiki, needs: ["store"] } },
      { app: [] },
    ],
  ])("%s", (_name, sketches, expected) => {
    expect(plan(sketches)).toEqual(expected);
  });
});

describe("names that lead nowhere", () => {
  it.each<[string, Record<string, Sketch>, string[]]>([
    [
      "another service's own container",
      { wiki: { containers: wiki }, app: { containers: { app: { mentions: ["platform-wiki-db-x"] } } } },
      [
        'components/app/compose.yaml  `app` cannot reach `platform-wiki-db-x`: only its siblings in wiki see it  (add `needs: ["wiki"]` to components/app/index.ts)',
      ],
    ],
    [
      "a container that its service keeps to itself",
      {
        wiki: { containers: wiki, joins: ["wiki"] },
        app: { containers: { app: { mentions: ["platform-wiki-db-x"] } }, needs: ["wiki"] },
      },
      [
        "components/app/compose.yaml  `app` cannot reach `platform-wiki-db-x`: only its siblings in wiki see it  (add `db` to `joins` of components/wiki/index.ts)",
      ],
    ],
    [
      "a name in a container that does not join",
      {
        store,
        app: { containers: { web: {}, job: { mentions: ["platform-store-x"] } }, needs: ["store"], joins: ["web"] },
      },
      [
        "components/app/compose.yaml  `job` cannot reach `platform-store-x`: it is not on the environment's network  (add `job` to `joins` of components/app/index.ts)",
      ],
    ],
    [
      "a container in another one's network",
      {
        wiki: { containers: { wiki: {}, side: { within: "wiki" } } },
        app: { containers: { app: { mentions: ["platform-wiki-side-x"] } }, needs: ["wiki"] },
      },
      [
        "components/app/compose.yaml  `app` cannot reach `platform-wiki-side-x`: it has no network of its own, so no name leads to it  (name the container whose network it is in)",
      ],
    ],
    [
      "none of a container in the network of one that joins",
      {
        store,
        app: {
          containers: { web: {}, side: { within: "web", mentions: ["platform-store-x"] } },
          needs: ["store"],
          joins: ["web"],
        },
      },
      [],
    ],
    [
      "a container that is not there",
      { app: { containers: wiki, joins: ["web"] } },
      ["components/app/index.ts  container `web` in `joins` is not in compose.yaml  (there are wiki, db)"],
    ],
    ["nothing of these", { store, app: { containers: { app: { mentions: ["platform-store-x", "platform-y"] } } } }, []],
  ])("%s", (_name, sketches, expected) => {
    expect(problems(sketches)).toEqual(expected);
  });
});

describe("any services", () => {
  const names = ["a", "b", "c", "d"];
  const keys = ["db", "web", "job"];
  const sketch = (name: string): fc.Arbitrary<Sketch> =>
    fc.record({
      containers: fc
        .uniqueArray(fc.constantFrom(name, ...keys), { minLength: 1 })
        .chain((chosen) =>
          fc.tuple(
            ...chosen.map((key) =>
              fc
                .subarray(names.flatMap((other) => [full(other, other), ...keys.map((each) => full(other, each))]))
                .map((mentions): [string, { mentions: string[] }] => [key, { mentions: mentions.slice(0, 2) }]),
            ),
          ),
        )
        .map((entries) => Object.fromEntries(entries)),
      needs: fc.subarray(names.filter((other) => other !== name)),
      shares: fc.constantFrom([], ["secret"]),
    });
  const platform = fc
    .tuple(...names.map(sketch))
    .map((sketches) => Object.fromEntries(sketches.map((one, index) => [names[index] ?? "", one])));

  it("share a network only when each needs another or serves something", () => {
    fc.assert(
      fc.property(platform, (sketches) => {
        const joins = plan(sketches);
        const names = (from: string, to: string) =>
          Object.values(sketches[from]?.containers ?? {}).some(({ mentions = [] }) =>
            mentions.some((name) => Object.keys(sketches[to]?.containers ?? {}).some((key) => full(to, key) === name)),
          );
        for (const [name, joining] of Object.entries(joins)) {
          if (joining.length === 0) continue;
          const { needs = [], shares = [] } = sketches[name] ?? {};
          const others = Object.keys(sketches).filter((other) => other !== name);
          const asked = others.some(
            (other) => sketches[other]?.needs?.includes(name) || names(other, name) || names(name, other),
          );
          expect(needs.length > 0 || shares.length > 0 || asked).toBe(true);
        }
      }),
    );
  });

  it("keep a container to its siblings that is not named like the service, unless who needs the service names it", () => {
    fc.assert(
      fc.property(platform, (sketches) => {
        const joins = plan(sketches);
        for (const [name, joining] of Object.entries(joins)) {
          const containers = Object.keys(sketches[name]?.containers ?? {});
          if (!containers.includes(name) || containers.length === 1) continue;
          for (const container of joining.filter((key) => key !== name)) {
            const called = Object.entries(sketches).some(
              ([other, { needs = [], containers: theirs }]) =>
                other !== name &&
                needs.includes(name) &&
                Object.values(theirs).some(({ mentions = [] }) => mentions.includes(full(name, container))),
            );
            const calls = (sketches[name]?.containers[container]?.mentions ?? []).length > 0;
            expect(called || calls).toBe(true);
          }
        }
      }),
    );
  });
});
