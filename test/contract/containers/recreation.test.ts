import { expect, test } from "vitest";
import { busybox, endless } from "./fixture.ts";
import { describeOnEachHost } from "./hosts.ts";

const base = `services:
  web:
    image: "busybox:1.36"
    stop_grace_period: 0s
    command: [sleep, "3600"]
    environment: ["MODE=\${MODE}", "FIXED=1"]
    labels: ["role=front", "fingerprint=a1"]
    secrets: [password]
    configs: [{source: site_a, target: /etc/site}]
    volumes: ["data:/data"]
  other: {${endless}}
configs: {site_a: {content: "one"}}
secrets: {password: {environment: PASSWORD}}
volumes: {data: {name: data-ID}}
`;
const env = 'PASSWORD="old"\nMODE="slow"\n';

const rewritten = `# the same in other words
volumes: {"data": {"name": "data-ID"}}
secrets: {password: {environment: "PASSWORD"}}
configs: {site_a: {content: 'one'}}
services:
  other: {${endless}}
  web:
    configs: [{target: /etc/site, source: site_a}]
    secrets: ["password"]
    volumes: ["data:/data"]
    labels: {fingerprint: a1, role: front}
    environment: {FIXED: "1", MODE: "\${MODE}"}
    command: ["sleep", '3600']
    stop_grace_period: 0s
    image: busybox:1.36
`;

const changes: { name: string; compose?: string; env?: string; recreated: string[]; sees: Record<string, string> }[] = [
  { name: "nothing", recreated: [], sees: { secret: "old", config: "one" } },
  { name: "order of keys, quoting, lists and maps", compose: rewritten, recreated: [], sees: {} },
  {
    name: "order of the variables and one that nobody uses",
    env: 'MODE="slow"\nMORE="x"\nPASSWORD="old"\n',
    recreated: [],
    sees: {},
  },
  { name: "a secret's value", env: 'PASSWORD="new"\nMODE="slow"\n', recreated: [], sees: { secret: "old" } },
  { name: "a config's content", compose: base.replace('"one"', '"two"'), recreated: [], sees: { config: "one" } },
  {
    name: "a config's content and name",
    compose: base.replaceAll("site_a", "site_b").replace('"one"', '"two"'),
    recreated: ["web-ID-web-1"],
    sees: { config: "two" },
  },
  {
    name: "a label",
    compose: base.replace("role=front", "role=back"),
    recreated: ["web-ID-web-1"],
    sees: { secret: "old", config: "one" },
  },
  {
    name: "a secret's value and the label with its fingerprint",
    compose: base.replace("fingerprint=a1", "fingerprint=b2"),
    env: 'PASSWORD="new"\nMODE="slow"\n',
    recreated: ["web-ID-web-1"],
    sees: { secret: "new" },
  },
  {
    name: "an interpolated variable",
    env: 'PASSWORD="old"\nMODE="fast"\n',
    recreated: ["web-ID-web-1"],
    sees: { mode: "fast" },
  },
  {
    name: "the image's command",
    compose: base.replace('command: [sleep, "3600"]\n    env', 'command: [sleep, "3601"]\n    env'),
    recreated: ["web-ID-web-1"],
    sees: { secret: "old" },
  },
];

describeOnEachHost("what a change recreates", (stage) => {
  for (const change of changes)
    test(`${change.name}: ${change.recreated.length === 0 ? "nothing" : "its consumer only"}`, async () => {
      const { up, containers, host, id } = stage();
      expect((await up("web", base, { env })).ok).toBe(true);
      const before = await containers("web");
      expect((await up("web", change.compose ?? base, { env: change.env ?? env })).ok).toBe(true);
      const after = await containers("web");
      const recreated = [...after].filter(([name, { id }]) => before.get(name)?.id !== id).map(([name]) => name);
      expect(recreated).toEqual(change.recreated);
      const container = `web-${id}-web-1`;
      const seen: Record<string, string | undefined> = {
        secret: await host.readFile(container, "/run/secrets/password"),
        config: await host.readFile(container, "/etc/site"),
        mode: (await host.environmentOf(container)).MODE,
      };
      expect(seen).toMatchObject(change.sees);
    });

  test("another container_name: the old container is gone", async () => {
    const { up, containers } = stage();
    const named = (name: string) => `services: {web: {${endless}, container_name: ${name}}, other: {${endless}}}\n`;
    await up("web", named("first-ID"));
    const before = await containers("web");
    await up("web", named("second-ID"));
    const after = await containers("web");
    expect([...after.keys()].sort()).toEqual(["second-ID", "web-ID-other-1"]);
    expect(after.get("web-ID-other-1")?.id).toBe(before.get("web-ID-other-1")?.id);
  });

  test("another service key: the old container is removed, a new one is made under the same name", async () => {
    const { up, containers } = stage();
    const keyed = (key: string) => `services: {${key}: {${endless}, container_name: name-ID}}\n`;
    await up("web", keyed("old"));
    const before = await containers("web");
    expect((await up("web", keyed("new"))).ok).toBe(true);
    const after = await containers("web");
    expect([...after.keys()]).toEqual(["name-ID"]);
    expect(after.get("name-ID")?.id).not.toBe(before.get("name-ID")?.id);
  });

  test("a service taken out of the file: removed, the others stay", async () => {
    const { up, containers } = stage();
    await up("web", `services: {web: {${endless}}, other: {${endless}}}\n`);
    const before = await containers("web");
    await up("web", `services: {web: {${endless}}}\n`);
    const after = await containers("web");
    expect([...after.keys()]).toEqual(["web-ID-web-1"]);
    expect(after.get("web-ID-web-1")?.id).toBe(before.get("web-ID-web-1")?.id);
  });

  test("no service left in the file: an error, and the containers stay", async () => {
    const { up, containers } = stage();
    await up("web", `services: {web: {${endless}}}\n`);
    const before = await containers("web");
    const { ok, output } = await up("web", "services: {}\n");
    expect({ ok, output }).toEqual({ ok: false, output: "no service selected" });
    expect(await containers("web")).toEqual(before);
  });

  test("a recreated dependency: its dependents stay, with `restart: true` they are restarted", async () => {
    const { up, containers } = stage();
    const file = (label: string) => `services:
  db: {${endless}, labels: ["v=${label}"]}
  plain: {${endless}, depends_on: {db: {condition: service_started}}}
  tied: {${endless}, depends_on: {db: {condition: service_started, restart: true}}}
`;
    await up("web", file("1"));
    const before = await containers("web");
    await up("web", file("2"));
    const after = await containers("web");
    expect(after.get("web-ID-db-1")?.id).not.toBe(before.get("web-ID-db-1")?.id);
    expect(after.get("web-ID-plain-1")).toEqual(before.get("web-ID-plain-1"));
    expect(after.get("web-ID-tied-1")?.id).toBe(before.get("web-ID-tied-1")?.id);
    expect(after.get("web-ID-tied-1")?.startedAt).not.toBe(before.get("web-ID-tied-1")?.startedAt);
  });

  test("an awaited one-shot runs again at every deployment", async () => {
    const { up, containers } = stage();
    const file = `services:
  job: {${busybox}, command: ["true"]}
  app: {${endless}, depends_on: {job: {condition: service_completed_successfully}}}
`;
    await up("web", file);
    const before = await containers("web");
    expect((await up("web", file)).output).toContain(" Container web-ID-job-1  Starting");
    const after = await containers("web");
    expect(after.get("web-ID-app-1")).toEqual(before.get("web-ID-app-1"));
    expect(after.get("web-ID-job-1")?.id).toBe(before.get("web-ID-job-1")?.id);
    expect(after.get("web-ID-job-1")?.startedAt).not.toBe(before.get("web-ID-job-1")?.startedAt);
  });
});
