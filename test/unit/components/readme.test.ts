import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, it } from "vitest";
import { printProblem } from "../../../components/compose/problem.ts";
import { planServices } from "../../../components/plan-services.ts";
import { postgres } from "../../../components/postgres/index.ts";
import type { Service } from "../../../components/service.ts";

const COMPONENTS = join(import.meta.dirname, "..", "..", "..", "components");
const readme = readFileSync(join(COMPONENTS, "README.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "dockmaster-readme-"));
afterAll(() => rmSync(folder, { recursive: true }));

const block = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1] ?? "";

it("shows a service that can be planned as it is printed", async () => {
  const service = pathToFileURL(join(COMPONENTS, "service.ts"));
  writeFileSync(join(folder, "index.ts"), `import { defineService, memory } from "${service}";\n${block("ts")}`);
  const { web }: { web: Service } = await import(pathToFileURL(join(folder, "index.ts")).href);
  const files: Record<string, string> = { "web/compose.yaml": block("yaml"), "web/nginx.conf": "events {}\n" };
  const { services, problems } = planServices(
    {
      stack: "staging",
      domain: "example.org",
      suffix: "-staging",
      key: "k".repeat(32),
      services: ["web", "postgres"],
      settings: {},
    },
    {
      catalogue: [web, postgres],
      readFile: (name, path) => ({
        bytes:
          files[`${name}/${path}`] === undefined
            ? readFileSync(join(COMPONENTS, name, path))
            : Buffer.from(files[`${name}/${path}`] ?? ""),
        executable: false,
      }),
      configProblem: (key, _path, message, hint) => ({ file: key, message, hint }),
    },
  );
  expect(problems.map(printProblem)).toEqual([]);
  const plan = services.find(({ name }) => name === "web");
  expect(plan).toMatchObject({
    needs: ["postgres"],
    env: { WEB_MEMORY: "256m" },
    domains: [{ host: "www-staging.example.org" }],
  });
  expect(plan?.composeFile).toContain("DATABASE_HOST=platform-postgres-staging");
});
