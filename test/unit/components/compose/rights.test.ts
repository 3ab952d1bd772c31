// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like that
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printProblem } from "../../../../components/compose/problem.ts";
import { renderCompose } from "../../../../components/compose/render.ts";
import { KNOWN_PARTS, OWN_KEYS, REFUSED_ANYWAY } from "../../../../components/compose/rights/allow-list.ts";
import spec from "../../../../components/compose/spec/compose-spec.json" with { type: "json" };
import { EXAMPLE, inputFor, problemsOf, render } from "./render-example.ts";

/** The example with lines below the container. */
const web = (...lines: string[]) =>
  EXAMPLE.replace("    volumes:", `${lines.map((l) => `    ${l}\n`).join("")}    volumes:`);
const mount = (text: string) => EXAMPLE.replace("- data:/data", `- data:/data\n      - ${text}`);
const volume = (text: string) => EXAMPLE.replace(/data:\n$/, `data: ${text}\n`);
const atTop = (text: string, ...names: string[]) =>
  `x-dockmaster: {allow: [${names.map((name) => JSON.stringify(name)).join(", ")}], why: the box is ours}\n${text}`;
const PRODUCTION = { suffix: "", variables: { SUFFIX: "", DOMAIN: "example.org" } };

type Row = [what: string, text: string, name: string, changes?: Parameters<typeof inputFor>[1]];

const rights: Row[] = [
  ["privileged", web("privileged: true"), "privileged"],
  ["privileged in words", web('privileged: "yes"'), "privileged"],
  ["privileged from a variable", web("privileged: ${P:-true}"), "privileged"],
  ["privileged from the stack's file", web("privileged: ${P:-false}"), "privileged", { containerEnv: { P: "on" } }],
  ["the host's processes", web("pid: host"), "pid"],
  ["the host's processes from the service's env", web('pid: "${P}"'), "pid", { env: { P: "host" } }],
  ["another's processes", web('pid: "container:dokploy"'), "pid"],
  ["the host's memory", web("ipc: host"), "ipc"],
  ["another's memory", web('ipc: "container:dokploy"'), "ipc"],
  ["the host's name", web("uts: host"), "uts"],
  ["the host's users", web("userns_mode: host"), "userns_mode"],
  ["the host's control groups", web("cgroup: host"), "cgroup"],
  ["another control group", web("cgroup_parent: /"), "cgroup_parent"],
  ["a capability", web("cap_add: [SYS_ADMIN]"), "SYS_ADMIN"],
  ["all capabilities", web("cap_add: [ALL]"), "ALL"],
  ["a capability with its prefix, in small letters", web("cap_add: [cap_sys_ptrace]"), "SYS_PTRACE"],
  ["a capability of tomorrow", web("cap_add: [CHOWN, SYS_TOMORROW]"), "SYS_TOMORROW"],
  ["a capability from a variable", web('cap_add: ["${C:-NET_ADMIN}"]'), "NET_ADMIN"],
  ["a device", web("devices: [/dev/sda]"), "/dev/sda"],
  ["a device under another name", web('devices: ["/dev/../dev/kmsg:/dev/log:rw"]'), "/dev/kmsg"],
  ["a device in the long form", web("devices: [{source: /dev/kvm, target: /dev/kvm}]"), "/dev/kvm"],
  ["a device of a plugin", web("devices: [vendor.com/class=gpu0]"), "vendor.com/class=gpu0"],
  ["rules for devices", web('device_cgroup_rules: ["a *:* rwm"]'), "device_cgroup_rules"],
  ["graphics", web("gpus: all"), "gpus"],
  [
    "graphics by reservation",
    web("deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}"),
    "devices",
  ],
  ["no seccomp", web("security_opt: [seccomp:unconfined]"), "seccomp:unconfined"],
  ["no AppArmor", web("security_opt: [apparmor=unconfined]"), "apparmor:unconfined"],
  ["no labels of SELinux", web("security_opt: ['label:disable']"), "label:disable"],
  ["all of /proc", web("security_opt: [systempaths=unconfined]"), "systempaths:unconfined"],
  ["another runtime", web("runtime: nvidia"), "runtime"],
  ["the engine's socket by a key", web("use_api_socket: true"), "use_api_socket"],
  ["credentials of a file of the host", web("credential_spec: {file: a.json}"), "credential_spec"],
  ["words for the runtime", web("annotations: {org.systemd.property.DeviceAllow: x}"), "annotations"],
  ["a privileged hook", web("post_start: [{command: x, privileged: true}]"), "privileged"],
  ["a privileged hook at the end", web("pre_stop: [{command: x, privileged: true}]"), "privileged"],
  [
    "a log that opens files of the host",
    web("logging: {driver: syslog, options: {syslog-address: 'unix:///x'}}"),
    "logging",
  ],
  ["a route of others", web("labels: ['traefik.http.routers.x.rule=Host(`vault.example.org`)']"), "traefik"],
  ["a route of others in capitals", web("labels: {Traefik.Enable: 'true'}"), "traefik"],
  ["a route of others from a variable", web('labels: ["${L}"]'), "traefik", { env: { L: "traefik.enable=true" } }],
  ["a command on a schedule", web("labels: {ofelia.job-local.x.command: evil}"), "ofelia"],
  ["another project's containers", web("labels: {com.docker.compose.project: dokploy}"), "com.docker.compose.project"],
  ["the engine's socket", mount("/var/run/docker.sock:/var/run/docker.sock"), "docker.sock"],
  ["the engine's socket, read-only", mount("/var/run/docker.sock:/s:ro"), "docker.sock"],
  ["the engine's socket by another way", mount("/run/../run//docker.sock:/s:ro"), "docker.sock"],
  ["the engine's socket from a variable", mount('"${S:-/run/docker.sock}:/s:ro"'), "docker.sock"],
  ["the folder of the socket", mount("/var/run:/x:ro"), "/var/run"],
  ["all of the host", mount("/:/host:ro"), "/"],
  ["a folder of the host", mount("/srv/media:/m"), "/srv/media"],
  ["a folder of the host, read-only", mount("/srv/media/:/m:ro"), "/srv/media"],
  [
    "a folder of the host in the long form",
    mount("{type: bind, source: /srv/a/../b, target: /m, read_only: true}"),
    "/srv/b",
  ],
  ["a folder of the user", mount("~/x:/x:ro"), "~/x"],
  ["the time, writable", mount("/etc/localtime:/etc/localtime"), "/etc/localtime"],
  ["a pipe of Windows", mount("{type: npipe, source: a, target: /m}"), "npipe"],
  ["a volume of a cluster", mount("{type: cluster, source: a, target: /m}"), "cluster"],
  [
    "a volume of others",
    volume("{external: true, name: dokploy-postgres-database}"),
    "dokploy-postgres-database",
    PRODUCTION,
  ],
  [
    "a volume of others that is not said to be",
    volume("{name: dokploy-postgres-database}"),
    "dokploy-postgres-database",
    PRODUCTION,
  ],
  [
    "a volume of others from a variable",
    volume('{name: "${V}"}'),
    "dokploy-redis",
    { ...PRODUCTION, env: { V: "dokploy-redis" } },
  ],
  [
    "another service's volume",
    volume("{external: true, name: platform-postgres-data-staging}"),
    "platform-postgres-data-staging",
  ],
];

describe("what reaches beyond the container", () => {
  it.each(rights)("is refused with the words that allow it: %s", (_what, text, name, changes) => {
    const problems = problemsOf(text, changes);
    expect(problems).toEqual([
      expect.stringMatching(
        /^components\/web\/compose\.yaml:\d+:\d+ {2}.*\(.*; where it has to be, write `x-dockmaster: \{allow: \[.*\], why: …\}` in the /,
      ),
    ]);
    expect(problems[0]).toContain(/^[\w./:=~@-]+$/.test(name) ? `[${name}]` : `["${name}"]`);
  });

  it.each(rights)("is accepted with them, and always noted: %s", (_what, text, name, changes) => {
    const { rendered, problems, notes } = renderCompose(inputFor(atTop(text, name), changes));
    expect(problems.map(printProblem)).toEqual([]);
    expect(rendered?.text).not.toContain("x-dockmaster");
    expect(notes.filter(({ note }) => note === "allowed").map(({ message }) => message)).toEqual([
      `allows \`${name}\`: the box is ours`,
    ]);
  });

  it("is in no hint to mount it read-only", () => {
    expect(problemsOf(mount("/var/run/docker.sock:/s")).join()).not.toMatch(/:ro|mount it read-only/);
    expect(problemsOf(mount("/srv:/s")).join()).not.toContain(":ro");
  });
});

describe("what stays in the container is accepted without a word:", () => {
  it.each([
    [
      "less than Docker gives",
      web("cap_drop: [ALL]", "cap_add: [CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, cap_setuid]"),
    ],
    ["no new privileges", web('security_opt: ["no-new-privileges:true"]', "read_only: true", "pids_limit: 200")],
    ["root in the container", web('user: "0:0"', "tmpfs: [/tmp]", "ulimits: {nofile: 1024}")],
    ["what is switched off", web("privileged: false", "devices: []", "cap_add: []", "use_api_socket: false")],
    ["its own namespaces", web("ipc: private", "cgroup: private")],
    ["parameters of the kernel, which runc looks into", web("sysctls: {net.core.somaxconn: 1024, kernel.shmmax: 1}")],
    [
      "the time",
      mount("/etc/localtime:/etc/localtime:ro").replace("/data\n", "/data\n      - /etc/timezone:/etc/timezone:ro\n"),
    ],
    ["limits", web("deploy: {resources: {limits: {cpus: '1', pids: 9}, reservations: {memory: 1g}}}")],
    ["labels of its own", web("labels: {org.example.team: a, traefikish: b}")],
    ["its own logs", web("logging: {driver: json-file, options: {max-size: 1m}}")],
    ["a hook", web("post_start: [{command: x, user: root}]")],
    ["memory", mount("{type: tmpfs, target: /m}")],
    ["a volume of the environment", volume('{name: "shop${SUFFIX:-}", external: true}')],
    ["a volume of its own by another name", volume('{name: "platform-web-old${SUFFIX:-}"}')],
  ])("%s", (_what, text) => {
    const { problems, notes } = renderCompose(inputFor(text));
    expect([...problems, ...notes].map(printProblem)).toEqual([]);
  });

  it("a sibling's processes", () => {
    const text = EXAMPLE.replace(
      "services:\n",
      'services:\n  side: {image: "x:1", healthcheck: {test: x}, pid: "service:web", ipc: "service:web"}\n',
    );
    expect(problemsOf(text)).toEqual([]);
  });
});

describe("x-dockmaster allows", () => {
  const own = (settings: string, ...lines: string[]) => web(`x-dockmaster: ${settings}`, ...lines);

  it("in a container, at a volume and for the whole file, and not beside that", () => {
    expect(problemsOf(own("{allow: [privileged], why: a}", "privileged: true"))).toEqual([]);
    expect(problemsOf(volume("{name: shop, x-dockmaster: {allow: [shop], why: a}}"), PRODUCTION)).toEqual([]);
    const other = EXAMPLE.replace(
      "services:\n",
      'services:\n  side: {image: "x:1", healthcheck: {test: x}, privileged: true}\n',
    );
    const beside = other.replace("    volumes:", "    x-dockmaster: {allow: [privileged], why: a}\n    volumes:");
    expect(problemsOf(beside)).toEqual([
      expect.stringContaining("`privileged` gives more"),
      expect.stringContaining("nothing here takes `privileged`"),
    ]);
  });

  it("beside notes that are silenced", () => {
    const both = "{allow: [{note: clear-password, why: a}, CAP_SYS_NICE], why: b}";
    expect(problemsOf(own(both, "cap_add: [SYS_NICE]"))).toEqual([]);
  });

  it("the socket by its name or its path", () => {
    for (const name of ["docker.sock", "/var/run/docker.sock"])
      expect(problemsOf(atTop(mount("/var/run/docker.sock:/s"), name))).toEqual([]);
  });

  it.each([
    ["without a reason", "{allow: [privileged]}", "`why` is missing  (say why it is right here"],
    ["with an empty one", "{allow: [privileged], why: ' '}", "`why` is empty"],
    ["by a name of something else", "{allow: [pid], why: a}", "`privileged` gives more of the server"],
    ["by a variable", '{allow: ["${P:-privileged}"], why: a}', "`privileged` gives more of the server"],
    ["by nothing", "{allow: [' '], why: a}", "`allow.0` is empty"],
    ["by a path above", "{allow: [/srv], why: a}", "nothing here takes `/srv`"],
    ["what nothing takes", "{allow: [privileged, pid], why: a}", "nothing here takes `pid`  (take it out"],
    ["by everything", "{allow: ['*'], why: a}", "nothing here takes `*`"],
  ])("nothing %s", (_what, settings, expected) => {
    expect(problemsOf(own(settings, "privileged: true"))).toContainEqual(expect.stringContaining(expected));
  });

  it("no path by one above it", () => {
    expect(problemsOf(atTop(mount("/srv/media:/m"), "/srv"))).toHaveLength(2);
  });

  it("with a reason that is one line wherever it is shown", () => {
    const text = `x-dockmaster: {allow: [privileged], why: "a\\nb\\e[31mc\\u202e"}\n${web("privileged: true")}`;
    const { notes } = renderCompose(inputFor(text));
    expect(notes.map(({ message }) => message)).toEqual(["allows `privileged`: a b [31mc"]);
  });

  it("nothing that is refused anyway", () => {
    expect(problemsOf(atTop(web("network_mode: host"), "network_mode"))).toContainEqual(
      expect.stringContaining("`network_mode: host` leaves the environment's network"),
    );
    const bind = volume("{driver: local, driver_opts: {type: none, o: bind, device: /}}");
    expect(problemsOf(bind)).toContainEqual(expect.stringContaining("a volume has a name and nothing else"));
    const tmpfs = volume("{driver: local, driver_opts: {type: tmpfs, o: 'bind', device: /}}");
    expect(problemsOf(tmpfs)).toContainEqual(expect.stringContaining("a volume has a name and nothing else"));
  });
});

describe("a variable that has another value on the server", () => {
  it.each(["HOME", "PATH", "DOCKER_CONFIG", "APP_NAME", "COMPOSE_PROJECT_NAME"])("is refused: %s", (name) => {
    expect(problemsOf(mount(`"\${${name}:-data}:/x"`))).toContainEqual(
      expect.stringContaining(`\`${name}\` has a value of the server's own there`),
    );
  });

  it("is refused where the platform makes it of a file", () => {
    const files = { "./f": "/var/run/docker.sock\u0001", f: "/\u0001" };
    const { env } = render(mount("./f:/f"), {}, files);
    const [made = ""] = Object.keys(env).filter((name) => name.startsWith("CONFIG_"));
    expect(made).not.toBe("");
    const text = mount(`./f:/f\n      - "\${${made}:-data}:/x"`);
    expect(problemsOf(text, {}, files)).toContainEqual(expect.stringContaining(`\`${made}\` is the platform's own`));
  });
});

describe("the specification's own list of keys", () => {
  const LOOKED_INTO = [
    ...["volumes", "cap_add", "security_opt", "devices", "labels", "logging", "runtime", "pid", "ipc", "uts"],
    ...["cgroup", "userns_mode", "deploy", "post_start", "pre_stop"],
  ];
  const AS_A_WHOLE = [
    ...["annotations", "cgroup_parent", "credential_spec", "device_cgroup_rules", "gpus", "models"],
    ...["privileged", "use_api_socket"],
  ];

  it("has none that nobody thought of, and none that is allowed and not in it", () => {
    const keys = Object.keys(spec.definitions.service.properties);
    const own = [...OWN_KEYS].filter((key) => !key.includes("."));
    expect([...own, ...REFUSED_ANYWAY, ...LOOKED_INTO, ...AS_A_WHOLE].sort()).toEqual([...keys].sort());
    expect([...KNOWN_PARTS].sort()).toEqual(Object.keys(spec.properties).sort());
  });

  it("may grow: what is not known is not allowed", () => {
    const known = new Set([...OWN_KEYS, ...REFUSED_ANYWAY, ...LOOKED_INTO]);
    const keys = fc.constantFrom(...Object.keys(spec.definitions.service.properties).filter((key) => !known.has(key)));
    fc.assert(
      fc.property(keys, fc.constantFrom("x", "true", "[a]", "{a: b}"), (key, value) => {
        expect(problemsOf(web(`${key}: ${value}`))).not.toEqual([]);
      }),
    );
  });
});
