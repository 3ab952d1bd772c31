import { readFileSync } from "node:fs";
import { parse } from "dotenv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEnvFile } from "../../../../emulator/containers/simulation/read/env-file.ts";
import { envFileText } from "../../../../emulator/deploy/env-file.ts";

interface EnvCase {
  case: string;
  env: string;
  deployment: "done" | "error";
  file?: string;
  interpolated?: string;
  log?: string;
}

const cases = JSON.parse(
  readFileSync(new URL("../../../fixtures/walk/tables/env-cases.json", import.meta.url), "utf8"),
) as EnvCase[];

const ref = (name: string) => `\${{${name}}}`;
const APP = "app-8ep1kd";
const text = (env: string, projectEnv = "", environmentEnv = "") =>
  envFileText({ appName: APP, env, projectEnv, environmentEnv, prefix: undefined });

/** Without the lines that every service gets. */
function ownLines(file: string): string {
  const given = [`APP_NAME="${APP}"`, `COMPOSE_PROJECT_NAME="${APP}"`, 'DOCKER_CONFIG="/root/.docker"'];
  return file
    .split("\n")
    .filter((line) => !given.includes(line))
    .join("\n");
}

describe("the .env file", () => {
  for (const { case: name, env, file, interpolated } of cases.filter(({ deployment }) => deployment === "done")) {
    it(`is written as the real server writes it: ${name}`, () => {
      expect(ownLines(text(env))).toBe(file);
    });
    it(`reads back as the container saw it: ${name}`, () => {
      expect(parseEnvFile(text(env)).get("K") ?? "").toBe(interpolated);
    });
  }

  for (const { case: name, env, log } of cases.filter(({ deployment }) => deployment === "error")) {
    it(`is refused as the real server refuses it: ${name}`, () => {
      expect(() => text(env)).toThrow(log?.split("\n")[1]);
    });
  }

  it("begins with the app's name and ends with docker's configuration", () => {
    expect(text("A=1").split("\n")).toEqual([
      `APP_NAME="${APP}"`,
      `COMPOSE_PROJECT_NAME="${APP}"`,
      'A="1"',
      'DOCKER_CONFIG="/root/.docker"',
    ]);
  });

  it("resolves references to the project, the environment and the service itself", () => {
    const env = `A=${ref("project.P")}\nB=${ref("environment.E")}\nC=${ref("D")}\nD=x`;
    expect(ownLines(text(env, "P=1", "E='2 #'"))).toBe('A="1"\nB="2 #"\nC="x"\nD="x"');
  });

  it.each([
    ["project.NOPE", "Invalid project environment variable: project.NOPE"],
    ["environment.NOPE", "Invalid environment variable: environment.NOPE"],
    ["NOPE", "Invalid service environment variable: NOPE"],
  ])("names the reference that it cannot resolve: %s", (reference, message) => {
    expect(() => text(`A=${ref(reference)}`)).toThrow(message);
  });

  it("brings to Compose exactly what dotenv made of it", () => {
    const line = fc.string({ unit: fc.constantFrom(..."ab1 =#'\"`\\n$\t\né✓") });
    fc.assert(
      fc.property(fc.array(line.map((value) => `K=${value}`)), (lines) => {
        const env = lines.join("\n");
        const parsed = parse(`${env}\n`);
        const read = parseEnvFile(text(env));
        for (const [key, value] of Object.entries(parsed)) expect(read.get(key)).toBe(value);
      }),
    );
  });
});
