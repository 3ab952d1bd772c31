// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like that
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { ComposeFile } from "../../../../components/compose/model.ts";
import { EXAMPLE, render } from "./render-example.ts";

/** What a rendered text says, as data. */
function read(text: string): ComposeFile {
  return parse(text);
}

const withFile = (path: string) => EXAMPLE.replace("- data:/data", `- data:/data\n      - ${path}:/etc/web/file:ro`);
const withSecret = `${EXAMPLE.replace("    volumes:", "    secrets: [pw]\n    volumes:")}secrets:\n  pw: {environment: WEB_PW}\n`;

describe("names", () => {
  it("gives container, key, volume and network the suffix", () => {
    const { text, containers } = render(EXAMPLE);
    expect(read(text)).toMatchObject({
      services: { "platform-web-staging": { container_name: "platform-web-staging" } },
      volumes: { data: { name: "platform-web-data-staging" } },
      networks: { default: { name: "platform-staging" } },
    });
    expect(containers).toEqual({ web: "platform-web-staging" });
  });

  it("leaves nothing of the suffix in production", () => {
    const { text } = render(EXAMPLE, { suffix: "", variables: { SUFFIX: "", DOMAIN: "example.org" } });
    expect(text).not.toContain("staging");
    expect(Object.keys(read(text).services)).toEqual(["platform-web"]);
  });

  it("renames a further container everywhere it is mentioned", () => {
    const text = `services:
  web: {image: "x:1", healthcheck: {test: x}, depends_on: [worker], network_mode: "service:worker"}
  worker: {image: "x:1", healthcheck: {test: x}}
`;
    const web = read(render(text).text).services["platform-web-staging"];
    expect(web?.depends_on).toEqual({ "platform-web-worker-staging": { condition: "service_started" } });
    expect(web?.network_mode).toBe("service:platform-web-worker-staging");
  });

  it("gives replicas no container name", () => {
    const scaled = EXAMPLE.replace("    volumes:", "    deploy: {replicas: 2}\n    volumes:");
    expect(read(render(scaled).text).services["platform-web-staging"]).not.toHaveProperty("container_name");
  });

  it("keeps a volume's own name when it carries the suffix", () => {
    const named = EXAMPLE.replace(/data:\n$/, "data: {name: 'old_data$" + "{SUFFIX:-}'}\n");
    expect(read(render(named).text).volumes).toEqual({ data: { name: "old_data-staging" } });
  });
});

describe("files beside the compose file", () => {
  it("become configs named by their content", () => {
    const { text } = render(withFile("./web.conf"), {}, { "web.conf": "a = ${b}\n" });
    const file = read(text);
    const [name, config] = Object.entries(file.configs ?? {})[0] ?? [];
    expect(name).toMatch(/^web_conf_[0-9a-f]{8}$/);
    expect(config).toEqual({ content: "a = $${b}\n" });
    expect(file.services["platform-web-staging"]).toMatchObject({
      configs: [{ source: name, target: "/etc/web/file" }],
      volumes: ["data:/data"],
    });
  });

  it("get another name with another content, and only then", () => {
    const names = (content: string) =>
      Object.keys(read(render(withFile("./f"), {}, { f: content }).text).configs ?? {});
    expect(names("one")).toEqual(names("one"));
    expect(names("one")).not.toEqual(names("two"));
  });

  it("travel in the env when YAML would alter them", () => {
    const content = "\tfirst line begins with a tab\n";
    const { text, env } = render(withFile("./f"), {}, { f: content });
    const [[name, config] = []] = Object.entries(read(text).configs ?? {});
    expect(config).toEqual({ environment: `CONFIG_${name?.toUpperCase()}` });
    expect(env).toEqual({ [`CONFIG_${name?.toUpperCase()}`]: content });
  });

  it("arrive byte for byte through Dokploy's YAML round trip, or not inline", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), (content) => {
        fc.pre(!/[\r\0]|\$\{\{/.test(content) && content.isWellFormed());
        let rendered: ReturnType<typeof render>;
        try {
          rendered = render(withFile("./f"), {}, { f: content });
        } catch {
          return;
        }
        const rewritten = parse(stringify(parse(rendered.text), { lineWidth: 1000 })) as ComposeFile;
        const [config] = Object.values(rewritten.configs ?? {});
        const arrived = config?.environment ? rendered.env[config.environment] : config?.content?.replaceAll("$$", "$");
        expect(arrived).toBe(content);
      }),
      { numRuns: 200 },
    );
  });

  it("name a config of the file by its content and the variables in it", () => {
    const text = `${EXAMPLE.replace("    volumes:", "    configs: [{source: c, target: /c}]\n    volumes:")}configs:\n  c: {content: "a \${X}"}\n`;
    const names = (value: string) => Object.keys(read(render(text, { env: { X: value } }).text).configs ?? {});
    expect(names("1")).toEqual(names("1"));
    expect(names("1")).not.toEqual(names("2"));
  });
});

describe("secrets", () => {
  it("come from the service's env, with a fingerprint on every consumer", () => {
    const { text, secretEnv } = render(withSecret);
    expect(read(text).secrets).toEqual({ pw: { environment: "WEB_PW" } });
    expect(read(text).services["platform-web-staging"]?.labels).toEqual(["dockmaster.secrets=fingerprint-of-pw"]);
    expect(secretEnv).toEqual({ WEB_PW: "pw" });
  });

  it("are given to containers that the definition names", () => {
    const { text, secretEnv } = render(EXAMPLE, { grants: { web: ["db-x"] } });
    expect(read(text).services["platform-web-staging"]?.secrets).toEqual(["db-x"]);
    expect(secretEnv).toEqual({ DB_X: "db-x" });
  });

  it("put no label on a container that uses none", () => {
    expect(read(render(EXAMPLE).text).services["platform-web-staging"]).not.toHaveProperty("labels");
  });
});

describe("house rules", () => {
  it("bound the logs, restart and look every five seconds", () => {
    expect(read(render(EXAMPLE).text).services["platform-web-staging"]).toMatchObject({
      logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
      restart: "unless-stopped",
      healthcheck: { interval: "5s" },
    });
  });

  it("leave alone what the file says itself", () => {
    const own = EXAMPLE.replace("    volumes:", "    restart: always\n    logging: {driver: local}\n    volumes:");
    const web = read(render(own).text).services["platform-web-staging"];
    expect(web).toMatchObject({ restart: "always", logging: { driver: "local" } });
  });

  it("let a one-shot end, for which a container that stays up waits", () => {
    const text = `services:
  web: {image: "x:1", healthcheck: {test: x}, depends_on: {job: {condition: service_completed_successfully}}}
  job: {image: "x:1"}
`;
    const { text: written, stages } = render(text);
    expect(read(written).services["platform-web-job-staging"]).not.toHaveProperty("restart");
    expect(stages).toBe(2);
  });
});

describe("the text", () => {
  const shuffle = <T>(items: T[], seed: number): T[] =>
    items
      .map((item, index) => ({ item, rank: (seed * (index + 7)) % 101 }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ item }) => item);
  const reorder = (value: unknown, seed: number): unknown =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(shuffle(Object.entries(value), seed).map(([key, item]) => [key, reorder(item, seed)]))
      : value;
  const rich = `x-common: &common {restart: always}
services:
  web:
    <<: *common
    image: x:1
    environment: {B: "2", A: 1.10, C: null}
    labels: {b: x, a: true}
    secrets: [pw]
    healthcheck: {test: [CMD, x], timeout: 3s, retries: 2}
    depends_on: {b: {condition: service_healthy}, a: {condition: service_started}}
    volumes: ["data:/data"]
  a: {image: "x:1", healthcheck: {test: x}}
  b: {image: "x:1", healthcheck: {test: x}}
secrets: {pw: {environment: PW}}
volumes: {data: , more: {name: "more\${SUFFIX:-}", external: true}}
`.replace('["data:/data"]', '["data:/data", "more:/more"]');

  const given = { env: { C: "3" } };

  it("is the same bytes for every order of keys", () => {
    const expected = render(rich, given).text;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (seed) => {
        const { "x-common": _anchor, ...reordered } = reorder(parse(rich, { merge: true }), seed) as Record<
          string,
          unknown
        >;
        // A number that was typed as 1.10 is 1.1 once it was data: keep it as text.
        expect(render(stringify(reordered).replace("A: 1.1\n", "A: 1.10\n"), given).text).toBe(expected);
      }),
      { numRuns: 30 },
    );
  });

  it("is the same bytes for other comments, quotes and list or map forms", () => {
    const other = rich
      .replace(
        'environment: {B: "2", A: 1.10, C: null}',
        "environment: # why\n      - C\n      - B=2\n      - 'A=1.10'",
      )
      .replace("labels: {b: x, a: true}", "labels: [a=true, b=x]");
    expect(render(other, given).text).toBe(render(rich, given).text);
  });

  it("survives Dokploy's YAML round trip", () => {
    const { text } = render(rich, given);
    expect(parse(stringify(parse(text), { lineWidth: 1000 }))).toEqual(parse(text));
  });

  it("lists environment and labels, with numbers as they were typed", () => {
    const web = read(render(rich, given).text).services["platform-web-staging"];
    expect(web?.environment).toEqual(["A=1.10", "B=2", "C"]);
    expect(web?.labels).toEqual(["a=true", "b=x", "dockmaster.secrets=fingerprint-of-pw"]);
  });

  it("says where it was made", () => {
    expect(render(EXAMPLE).text).toMatch(/^# Made from components\/web\/compose\.yaml/);
  });

  it("hands extra env to every container through variables", () => {
    const { text, env } = render(EXAMPLE, { containerEnv: { LEVEL: "de$bug" } });
    expect(read(text).services["platform-web-staging"]?.environment).toEqual(["LEVEL=${LEVEL}"]);
    expect(env).toEqual({ LEVEL: "de$bug" });
  });
});
