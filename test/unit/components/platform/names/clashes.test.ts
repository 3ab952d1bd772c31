import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { containerName, volumeName } from "../../../../../components/compose/names.ts";
import { findClashes } from "../../../../../components/platform/names/explain.ts";
import type { MadeName } from "../../../../../components/platform/names/name.ts";
import { planServices } from "../../../../../components/platform/plan-services.ts";
import { defineService } from "../../../../../components/platform/service.ts";

const base: MadeName = {
  kind: "volume",
  name: "platform-wiki-data",
  space: ["dokploy.example.org"],
  stack: "staging",
  service: "wiki",
  what: "volume `data`",
  place: { file: "components/wiki/compose.yaml" },
};

describe("a name is made twice", () => {
  it.each<[string, Partial<MadeName>, boolean]>([
    ["by two services", { service: "other" }, true],
    ["by one service", {}, true],
    ["on a server of several addresses", { space: ["10.0.0.1", "dokploy.example.org"] }, true],
    ["on a server that is not known", { space: "unknown" }, true],
    ["on two servers, so it is not", { space: ["other.example.org"] }, false],
    ["as two kinds, so it is not", { kind: "container" }, false],
    ["in other letters, so it is not", { name: "platform-wiki-Data" }, false],
  ])("%s", (_, other, expected) => {
    expect(findClashes([base, { ...base, ...other }])).toHaveLength(expected ? 1 : 0);
  });

  it("as a host name on one network, but not by containers of one service", () => {
    const host: MadeName = { ...base, kind: "host name", name: "db", network: "platform" };
    expect(findClashes([host, { ...host, service: "other" }])).toHaveLength(1);
    expect(findClashes([host, { ...host, service: "other", network: "platform-x" }])).toEqual([]);
    expect(findClashes([host, host])).toEqual([]);
  });
});

const word = fc.constantFrom("ab", "cd", "db", "data");
const joined = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join("-"));

/** Containers and volumes of one service. */
interface Sketch {
  containers: string[];
  volumes: string[];
}
const sketch = fc.record({
  containers: fc.uniqueArray(joined, { minLength: 1, maxLength: 3 }),
  volumes: fc.uniqueArray(joined, { maxLength: 3 }),
});
const sketches = fc.dictionary(joined, sketch, { minKeys: 1, maxKeys: 3 });

function compose({ containers, volumes }: Sketch): string {
  const mounts = volumes.map((key) => `"${key}:/${key}"`).join(", ");
  return [
    "services:",
    ...containers.map((key) => `  ${key}: {image: "x:1", healthcheck: {test: x}, volumes: [${mounts}]}`),
    `volumes: {${volumes.map((key) => `${key}: `).join(", ")}}`,
    "",
  ].join("\n");
}

function plan(services: Record<string, Sketch>, suffix: string, stack = "staging") {
  return planServices(
    {
      stack,
      suffix,
      domain: "example.org",
      key: "k".repeat(40),
      services: Object.keys(services),
      settings: {},
    },
    {
      catalogue: Object.keys(services).map((name) => defineService({ name, settings: {}, describe: () => ({}) })),
      readFile: (service, path) =>
        path === "compose.yaml"
          ? { bytes: new TextEncoder().encode(compose(services[service] as Sketch)), executable: false }
          : undefined,
      configProblem: (key, _path, message, hint) => ({ file: "config", message: `${key} ${message}`, hint }),
    },
  );
}

/** All names of containers and volumes as the file names them, with repeats. */
function namesOf(services: Record<string, Sketch>, suffix: string): string[] {
  return Object.entries(services).flatMap(([service, { containers, volumes }]) => [
    ...containers.map((key) => `container ${containerName(service, key, suffix)}`),
    ...volumes.map((key) => `volume ${volumeName(service, key, suffix)}`),
  ]);
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].sort();
}

const told = ({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`;

describe("whatever services, containers, volumes and suffixes are called", () => {
  it("equal names within a stack are found, and no others", () => {
    fc.assert(
      fc.property(sketches, fc.constantFrom("", "-ab", "-db", "-data-ab"), (services, suffix) => {
        const { names, problems, services: planned } = plan(services, suffix);
        const expected = repeated(namesOf(services, suffix));
        const found = findClashes(names).filter(({ kind }) => kind === "container" || kind === "volume");
        expect(found.map(told).sort()).toEqual(expected);
        expect(planned.length === 0).toBe(expected.length > 0);
        for (const each of expected)
          expect(problems.map(({ message }) => message).join("\n")).toContain(each.split(" ")[1]);
      }),
      { numRuns: 80 },
    );
  });

  it("equal names of two stacks on one server are found", () => {
    const suffix = fc.constantFrom("", "-ab", "-cd", "-db", "-data", "-ab-db");
    fc.assert(
      fc.property(sketches, suffix, suffix, (services, one, two) => {
        const here = new Set(namesOf(services, one));
        const expected = new Set([...namesOf(services, two)].filter((name) => here.has(name)));
        const both = [...plan(services, one).names, ...plan(services, two, "other").names];
        const found = findClashes(both).map(told);
        for (const name of expected) expect(found).toContain(name);
      }),
      { numRuns: 60 },
    );
  });
});

describe("in Vault", () => {
  const vault = { layout: { project: "platform" }, address: "https://vault.example.org" };
  const withSecrets = (names: string[]) =>
    [
      "services:",
      `  app: {image: "x:1", entrypoint: [x], healthcheck: {test: x}, secrets: [${names.join(", ")}], volumes: ["app-secrets:/x"]}`,
      "volumes: {app-secrets: }",
      "secrets:",
      ...names.map((name, index) => `  ${name}: {environment: V${index}}`),
      "",
    ].join("\n");

  const planned = (text: string) => {
    const service = defineService({ name: "app", settings: {}, describe: () => ({}) });
    const settings = { stack: "staging", suffix: "-staging", domain: "example.org", key: "k".repeat(40) };
    return planServices(
      { ...settings, services: ["app"], settings: {}, vault },
      {
        catalogue: [service],
        readFile: () => ({ bytes: new TextEncoder().encode(text), executable: false }),
        configProblem: (key, _path, message, hint) => ({ file: "config", message: `${key} ${message}`, hint }),
      },
    ).problems.map(({ message }) => message);
  };

  it("two secrets that would be one field are told", () => {
    expect(planned(withSecrets(["a-b", "a_b"]).replaceAll("app-secrets", "files"))).toEqual([
      "secret in Vault `secret/data/platform/staging/app a_b` is made twice: by secret `a_b` of app, and by secret `a-b` of app (components/app/compose.yaml)",
    ]);
  });

  it("so is a volume of the name that the agent gives its own", () => {
    expect(planned(withSecrets(["key"]))).toEqual(["`app-secrets` is the name of the platform's own volume"]);
  });
});
