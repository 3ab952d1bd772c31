import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { printProblem } from "../../../components/compose/problem.ts";
import type { fromStackFile } from "../../../stacks/config/stack-file.ts";
import type { bootstrapClashes, planStack } from "../../../stacks/plan.ts";
import { copyProgram } from "./refusals.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-names-"));
let program: { planStack: typeof planStack; bootstrapClashes: typeof bootstrapClashes };
let files: { fromStackFile: typeof fromStackFile };

/** Container → its volumes; a route's label by container. */
function addService(
  name: string,
  containers: Record<string, string[]>,
  routes: Record<string, string> = {},
  ports = "",
): void {
  mkdirSync(join(folder, "components", name), { recursive: true });
  const volumes = [...new Set(Object.values(containers).flat())];
  const text = [
    "services:",
    ...Object.entries(containers).flatMap(([key, mounts]) => [
      `  ${key}:`,
      "    image: x:1",
      "    healthcheck: {test: x, interval: 5s}",
      ...(ports === "" ? [] : [`    ports: ${ports}`]),
      `    volumes: [${mounts.map((mount) => `"${mount}:/${mount}"`).join(", ")}]`,
    ]),
    ...(volumes.length > 0 ? ["volumes:", ...volumes.map((key) => `  ${key}:`)] : []),
    "",
  ];
  writeFileSync(join(folder, "components", name, "compose.yaml"), text.join("\n"));
  const described = Object.entries(routes).map(
    ([container, host]) => `{ container: "${container}", port: 80, host: "${host}" }`,
  );
  writeFileSync(
    join(folder, "components", name, "index.ts"),
    `import { defineService } from "../platform/service.ts";\nexport const service = defineService({ name: "${name}", settings: {}, describe: () => ({ routes: [${described.join(", ")}] }) });\n`,
  );
}

beforeAll(async () => {
  copyProgram(folder);
  addService("wiki", { cache: ["db-data"], db: [] }, { cache: "Wiki" });
  addService("wiki-db", { "wiki-db": ["data"] });
  addService("wiki-staging", { "wiki-staging": [], x: ["cache-x"] });
  addService("news", { news: [] }, { news: "wiki" });
  addService("blog", { blog: [] });
  addService("blog-staging", { "blog-staging": [] });
  addService("ci", { ci: [] }, { ci: "iac" });
  addService("mail", { mail: [] }, {}, `["\${PORT:-0}:25", "\${PORT:-0}:25/udp", "127.0.0.1:\${LOCAL:-0}:26"]`);
  addService("relay", { relay: [] }, {}, `[{target: 25, published: "\${PORT:-0}"}, "127.0.0.1:\${LOCAL:-0}:26"]`);
  const names = ["wiki", "wiki-db", "wiki-staging", "news", "blog", "blog-staging", "ci", "mail", "relay"];
  const imports = names.map((name, index) => `import { service as s${index} } from "../components/${name}/index.ts";`);
  writeFileSync(
    join(folder, "stacks/catalogue.ts"),
    `${imports.join("\n")}\nexport const catalogue = [${names.map((_, index) => `s${index}`).join(", ")}];\n`,
  );
  program = await import(join(folder, "stacks/plan.ts"));
  files = await import(join(folder, "stacks/config/stack-file.ts"));
});
beforeEach(() => {
  for (const stack of ["production", "other", "bootstrap"])
    rmSync(join(folder, `Pulumi.${stack}.yaml`), { force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

const config = (suffix: string, services: string, ...more: string[]) =>
  ["config:", `  platform:suffix: "${suffix}"`, "  platform:domain: example.org", `  platform:services: [${services}]`]
    .concat(
      more.map((line) => `  ${line}`),
      "",
    )
    .join("\n");

function problems(stack: string, text: string): string[] {
  const { raw } = files.fromStackFile(stack, text);
  return program.planStack(stack, raw!, "k".repeat(40)).problems.map(printProblem);
}

const write = (stack: string, text: string) => writeFileSync(join(folder, `Pulumi.${stack}.yaml`), text);

describe("within a stack", () => {
  it("a volume and a container of one name are told with both places and what to rename", () => {
    expect(problems("staging", config("-staging", "wiki, wiki-db"))).toEqual([
      "components/wiki-db/compose.yaml:2:3  container `platform-wiki-db-staging` is made twice: by container `wiki-db` of wiki-db, and by container `db` of wiki (components/wiki/compose.yaml:6:3)  (Docker starts only one of them: rename the newer service or container)",
      "components/wiki-db/compose.yaml:7:3  volume `platform-wiki-db-data-staging` is made twice: by volume `data` of wiki-db, and by volume `db-data` of wiki (components/wiki/compose.yaml:11:3)  (both would write to the same data: rename the newer service or the key of its volume)",
    ]);
  });

  it("so is a route, in letters of whatever size", () => {
    expect(problems("staging", config("-staging", "wiki, news"))).toEqual([
      "components/news/index.ts  route `wiki-staging.example.org/` is made twice: by route to port 80 of container `news` of news, and by route to port 80 of container `cache` of wiki (components/wiki/index.ts)  (requests would go to one of them at random: give the newer one another `host` or `path`)",
    ]);
  });

  it("so is a port of the host, by protocol and address", () => {
    const env = (service: string, ports: string) => `platform:${service}: {env: {${ports}}}`;
    const both = (mail: string, relay: string) =>
      problems("staging", config("-staging", "mail, relay", env("mail", mail), env("relay", relay)));
    expect(both("PORT: '2525'", "PORT: '2525'")).toEqual([
      "components/relay/compose.yaml:2:3  port of the host `2525/tcp` is taken twice: by container `relay` of relay, and by container `mail` of mail (components/mail/compose.yaml:2:3)  (only the first would start: set another one for the newer)",
    ]);
    expect(both("LOCAL: '2525'", "LOCAL: '2525'")[0]).toContain("port of the host `127.0.0.1:2525/tcp` is taken twice");
    expect(both("PORT: '2525'", "LOCAL: '2525'")).toEqual([]);
    expect(both("PORT: '2525'", "PORT: '2526'")).toEqual([]);
  });

  it("one of them alone is fine", () => {
    for (const service of ["wiki", "wiki-db", "news", "wiki-staging"])
      expect(problems("staging", config("-staging", service))).toEqual([]);
  });
});

describe("between the stacks of a repository", () => {
  it("a suffix that is the end of a service's name is found, from both sides", () => {
    const production = config("", "blog-staging");
    const staging = config("-staging", "blog");
    write("production", production);
    write("staging", staging);
    expect(problems("staging", staging)).toEqual([
      "components/blog/compose.yaml:2:3  container `platform-blog-staging` is made twice: by container `blog` of blog, and by container `blog-staging` of blog-staging of stack production (components/blog-staging/compose.yaml:2:3)  (Docker starts only one of them: rename the newer service or container)",
    ]);
    expect(problems("production", production)).toHaveLength(1);
    expect(problems("production", config("", "blog"))).toEqual([]);
  });

  it("two stacks of one suffix on one server are told once, at both suffixes", () => {
    write("other", config("-staging", "wiki"));
    expect(problems("staging", config("-staging", "wiki"))).toEqual([
      "Pulumi.staging.yaml:2:3  network `platform-staging` is made twice: by `platform:suffix` of stack staging, and by `platform:suffix` of stack other (Pulumi.other.yaml:2:3)  (both would be on one network: give the newer stack another `platform:suffix`)",
    ]);
  });

  it("servers, projects and domains of their own keep them apart", () => {
    write(
      "other",
      config("-staging", "wiki-db", "dokploy:url: https://one.example.org", "platform:key: {secure: v1:x}"),
    );
    const here = "dokploy:url: https://two.example.org";
    expect(problems("staging", config("-staging", "wiki", here))).toEqual([]);
    expect(problems("staging", config("-staging", "wiki"))).not.toEqual([]);
    const also = "dokploy:alsoAt: https://three.example.org,https://one.example.org:3000";
    expect(problems("staging", config("-staging", "wiki", here, also))).not.toEqual([]);
  });

  it("a public host name is one, whatever the server", () => {
    write("other", config("-staging", "wiki", "dokploy:url: https://one.example.org"));
    const [found, ...others] = problems("staging", config("-staging", "news", "dokploy:url: https://two.example.org"));
    expect(others).toEqual([]);
    expect(found).toContain("route `wiki-staging.example.org/` is made twice");
  });

  it("a port of the host is one on servers that are known to be the same", () => {
    const lines = ["platform:mail: {env: {PORT: '2525'}}"];
    const url = "dokploy:url: https://one.example.org";
    write("other", config("-other", "mail", ...lines, url));
    expect(problems("staging", config("-staging", "mail", ...lines, url))[0]).toContain("`2525/tcp` is taken twice");
    expect(problems("staging", config("-staging", "mail", ...lines, "dokploy:url: https://two.example.org"))).toEqual(
      [],
    );
    write("other", config("-other", "mail", ...lines));
    expect(problems("staging", config("-staging", "mail", ...lines))).toEqual([]);
  });

  it("the runner's own address and containers count", () => {
    write("bootstrap", "config:\n  bootstrap:domain: example.org\n");
    expect(problems("production", config("", "ci"))[0]).toContain("route `iac.example.org/` is made twice");
    expect(problems("staging", config("-staging", "ci"))).toEqual([]);
    expect(problems("runs", config("-bootstrap", "wiki"))[0]).toContain("network `platform-bootstrap` is made twice");
  });

  it("so they are told where the runner's stack is looked at", () => {
    write("production", config("", "ci"));
    const { raw } = files.fromStackFile("bootstrap", "config:\n  bootstrap:domain: example.org\n");
    expect(program.bootstrapClashes(raw!).map(printProblem)).toEqual([
      expect.stringContaining("route `iac.example.org/` is made twice"),
    ]);
    write("production", config("", "wiki"));
    expect(program.bootstrapClashes(raw!)).toEqual([]);
  });

  it("mistakes of another stack's config hide none of its names", () => {
    write("other", `${config("-staging", "wiki")}  platform:wiki: {memroy: 1g}\n`);
    expect(problems("staging", config("-staging", "wiki"))).toHaveLength(1);
    appendFileSync(join(folder, "Pulumi.other.yaml"), "  : [\n");
    expect(problems("staging", config("-staging", "wiki"))).toEqual([]);
  });
});

it("the committed stacks make no name twice", async () => {
  const own: { planStack: typeof planStack } = await import("../../../stacks/plan.ts");
  for (const stack of ["staging", "production"]) {
    const text = readFileSync(join(import.meta.dirname, `../../../Pulumi.${stack}.yaml`), "utf8");
    const all = files.fromStackFile(stack, text.replace(/.*platform:services.*\n/, "")).raw!;
    expect(own.planStack(stack, all, "k".repeat(40)).problems).toEqual([]);
  }
});
