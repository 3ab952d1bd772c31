// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like that
import { describe, expect, it } from "vitest";
import type { RenderInput } from "../../../../components/compose/context.ts";
import { EXAMPLE, type Files, problemsOf } from "./render-example.ts";

/** EXAMPLE with lines added to the container `web`. */
const web = (...lines: string[]) =>
  EXAMPLE.replace("    volumes:", () => `${lines.map((line) => `    ${line}`).join("\n")}\n    volumes:`);
/** EXAMPLE with top-level lines added. */
const top = (...lines: string[]) => `${EXAMPLE}${lines.join("\n")}\n`;

type Row = [name: string, text: string, expected: string | RegExp, changes?: Partial<RenderInput>, files?: Files];

const syntax: Row[] = [
  ["a bad indent", "services:\n  web:\n    image: a:1\n   volumes: []\n", /^components\/web\/compose\.yaml:4:4 {2}/],
  ["a tab", "services:\n\tweb:\n", /:2:1 .*\(indent with blanks\)$/],
  [
    "a key that is there twice",
    "services:\n  web: {image: a:1}\n  web: {image: b:1}\n",
    /:3:3 .*unique.*\(keep one of them\)/,
  ],
  ["two documents", "services: {}\n---\nservices: {}\n", /one document per file/],
  ["an alias without anchor", web("labels: *common"), ":6:13  `*common` repeats nothing  (set the anchor before it)"],
  ["an alias of what it stands in", web("labels: &a {x: *a}"), ":6:20  `*a` would hold itself"],
  ["a merge of something that is no map", web("labels: {<<: [1]}"), "Merge sources must be maps"],
  ["a tag of Compose's own", web("ports: !reset []"), /Unresolved tag: !reset/],
];

const schema: Row[] = [
  [
    "an unknown key, with the one that was meant",
    web("restrat: always"),
    ":6:5  unknown key `restrat`  (did you mean `restart`?)",
  ],
  ["an unknown key at the top", top("servces: {}"), "unknown key `servces`  (did you mean `services`?)"],
  ["a value of a wrong type", web("cap_add: NET_ADMIN"), ":6:5  `cap_add` must be array, not a string"],
  [
    "a wrong value deep in an alternative",
    web("environment:", "  A: [1]"),
    ":7:7  `A` must be string or number or boolean or null, not a list",
  ],
  [
    "a condition that does not exist",
    web("depends_on:", "  web: {condition: healthy}"),
    /`condition` must be one of service_started/,
  ],
  ["a file without services", "volumes: {}\n", ":1:1  no services"],
  ["a file that is a list", "- a\n", ":1:1  the file must be object, not a list"],
];

const variables: Row[] = [
  [
    "a variable without value",
    web("command: run $COLOUR"),
    ":6:5  variable `COLOUR` has no value  (write `$$COLOUR` when the container's shell should resolve it; a secret goes into `secrets:`, and is read from /run/secrets; else give it a default or a plain value in the service's env)",
  ],
  ["the same in braces inside of a default", web('command: "${A:-${B}}"'), "variable `B` has no value"],
  [
    "a brace that nothing closes",
    web('command: "echo ${date"'),
    "`${date` is no variable that Compose knows  (write `$$`",
  ],
  [
    "a variable that holds a secret",
    top("secrets:", "  pw: {environment: PW}").replace(
      "    volumes:",
      '    secrets: [pw]\n    environment: ["A=${PW}"]\n    volumes:',
    ),
    "`PW` holds a secret  (read it from /run/secrets",
  ],
];

/** EXAMPLE with a secret of that variable, and lines added to the container. */
const secret = (...lines: string[]) =>
  `${web(...lines, "secrets: [app_key]")}secrets:\n  app_key: {environment: APP_KEY}\n`;

const exposed = "`APP_KEY` holds a secret  (read it from /run/secrets";

const uses: Row[] = [
  ["a name without a value in a list", secret("environment: [A=1, APP_KEY]"), `:6:24  ${exposed}`],
  ["a name without a value in a map", secret("environment:", "  APP_KEY:"), `:7:7  ${exposed}`],
  ["a name that a variable makes", secret('environment: ["${NAME}"]'), exposed, { env: { NAME: "APP_KEY" } }],
  ["a name from an anchor", `x-env: &env [APP_KEY]\n${secret("environment: *env")}`, exposed],
  ["a name from a merge", `x-env: &env {APP_KEY: }\n${secret("environment:", "  <<: [*env]", "  B: 1")}`, exposed],
  ["a build's argument", secret("build: {context: ., args: [APP_KEY]}"), exposed],
  ["the source of a config", `${secret("configs: [key]")}configs:\n  key: {environment: APP_KEY}\n`, exposed],
  ["a config's content", `${secret("configs: [key]")}configs:\n  key: {content: "a $APP_KEY"}\n`, exposed],
  ["a label", secret('labels: ["key=${APP_KEY}"]'), exposed],
  ["a default within a default", secret('command: "${A:-${B:-${APP_KEY}}}"'), exposed],
  ["a replacement", secret('command: "${APP_KEY:+x}"'), exposed],
  ["a port", secret('ports: ["${APP_KEY}:80"]'), exposed],
  [
    "a health check",
    EXAMPLE.replace('"true"', '"${APP_KEY}"')
      .replace("    volumes", "    secrets: [app_key]\n    volumes")
      .concat("secrets:\n  app_key: {environment: APP_KEY}\n"),
    exposed,
  ],
  [
    "a secret that the service's definition grants",
    web("environment: [APP_KEY]"),
    exposed,
    { grants: { web: ["app_key"] } },
  ],
  ["a name that is not set", web("environment: [LEVEL]"), ":6:19  variable `LEVEL` has no value  (write `LEVEL=…`"],
  ["a name that is not set, in a map", web("environment:", "  LEVEL: null"), ":7:7  variable `LEVEL` has no value"],
  [
    "a config from a variable that is not set",
    `${web("configs: [c]")}configs:\n  c: {environment: LEVEL}\n`,
    "variable `LEVEL` has no value",
  ],
  [
    "a variable that is required and empty",
    web('command: "${A:?say it}"'),
    "`A` has no value: say it",
    { env: { A: "" } },
  ],
];

const dollars: Row[] = [
  ["a brace without a name", web('command: "x ${1}"'), ":6:5  `${1}` is no variable that Compose knows  (write `$$`"],
  ["the second of two", web('command: "${1} ${-}"'), "`${-}` is no variable that Compose knows"],
  ["one within a default", web('command: "${A:-${%}}"'), "`${%}` is no variable that Compose knows"],
];

/** What Compose refuses on the server, when the deployment has begun. */
const compose: Row[] = [
  [
    "devices by number and by id, of a container that no profile starts",
    web('profiles: [never]\n    gpus: [{count: 1, device_ids: ["0"]}]'),
    "`count` and `device_ids` exclude each other",
  ],
  [
    "a weight of which Compose would keep the last bits",
    web("blkio_config: {weight_device: [{path: /dev/sda, weight: 70000}]}"),
    "`70000` is more than 65535, and Compose would silently make another number of it",
  ],
  ["the network of nobody", web('network_mode: "service:nobody"'), ":6:5  there is no container `nobody` in this file"],
  ["the processes of nobody", web('pid: "service:wbe"'), ":6:5  there is no container `wbe` in this file"],
  ["the memory of nobody", web('ipc: "service:"'), ":6:5  there is no container `` in this file"],
  ["another container's host name", web('uts: "service:web"'), "`service:web` is no namespace that Docker knows here"],
  ["a namespace that does not exist", web("pid: hots"), ":6:5  `hots` is no namespace that Docker knows here"],
  [
    "a mount without target",
    EXAMPLE.replace("- data:/data", "- {type: volume, source: data}"),
    ":7:9  a mount without `target`",
  ],
  [
    "a mount with nothing behind the colon",
    EXAMPLE.replace("data:/data", '"data:"'),
    "there is nothing between two colons",
  ],
  ["a quote that nothing closes", web(`command: "sh -c 'x"`), ":6:5  `sh -c 'x` has a quote"],
  ["a bracket in an entrypoint", web('entrypoint: "sh (x"'), ":6:5  `sh (x` has a quote, a bracket"],
  [
    "a policy that does not exist",
    web("restart: unless_stopped"),
    ":6:5  `unless_stopped` is no restart policy  (write `unless-stopped`",
  ],
  ["a count where none is taken", web("restart: always:3"), "`always:3` is no restart policy"],
  [
    "an image in capitals",
    EXAMPLE.replace("example/web", "Example/Web"),
    ":3:5  `Example/Web:1.2.3` is no name of an image",
  ],
  ["an image with an address", EXAMPLE.replace("example/web", "https://example.org/web"), "is no name of an image"],
  ["a digest that is too short", EXAMPLE.replace(":1.2.3", "@sha256:12ab"), "is no name of an image"],
  ["a port that is none", web('ports: ["80:http"]'), "`80:http` is no port: `http` is no port of the container"],
  [
    "two mounts at one place",
    EXAMPLE.replace("    volumes:", "    tmpfs: [/data]\n    volumes:"),
    "`/data` is mounted twice",
  ],
  [
    "limits that differ",
    web("cpus: 1", "deploy: {resources: {limits: {cpus: '2'}}}"),
    "`cpus` and `deploy.resources.limits.cpus` differ",
  ],
  [
    "a secret without a source",
    `${web("secrets: [s]")}secrets:\n  s: {labels: [a=b]}\n`,
    "must say where `s` comes from",
  ],
  ["a key that is no text", web("labels:", "  80: a"), ':7:7  the key `80` is no text  (quote it: `"80":`)'],
  ["a date", web("hostname: 2024-05-01"), "`hostname` must be string, not a date"],
  [
    "a condition that a variable makes",
    web('depends_on: {web: {condition: "${C:-ready}"}}'),
    "`condition` must be one of service_started",
  ],
];

/** A fault inside of one alternative of the schema is told at its own place, and does not hide the others. */
const alternatives: Row[] = [
  [
    "a key of a port",
    web("ports: [{target: 80, publishd: '8080'}]"),
    ":6:26  unknown key `publishd`  (did you mean `published`?)",
  ],
  [
    "a key of a mount",
    EXAMPLE.replace("- data:/data", "- {type: volume, sorce: data, target: /d}"),
    "unknown key `sorce`  (did you mean `source`?)",
  ],
  [
    "a value below a mount",
    EXAMPLE.replace("- data:/data", "- {type: volume, source: data, target: /d, bind: x}"),
    "`bind` must be object, not a string",
  ],
  [
    "a dependency without a condition",
    web("depends_on: {web: {restart: true}}"),
    ":6:18  `web` lacks the key `condition`",
  ],
  ["an entry of a list", web("command: [a, 1]"), ":6:18  entry 2 of `command` must be string, not a number"],
  ["a limit", web("ulimits: {nofile: {soft: 1}}"), "`nofile` lacks the key `hard`"],
  [
    "a fault above one that lies deeper",
    web("restrat: always", "ports: [{target: 80, publishd: 1}]"),
    "unknown key `restrat`",
  ],
];

const hosts: Row[] = [
  [
    "a full name without suffix",
    web("environment: [DB=platform-postgres]"),
    "host name `platform-postgres` lacks the suffix  (write `platform-postgres${SUFFIX:-}`)",
  ],
  [
    "a service's bare name in a URL",
    web("environment: [URL=redis://u:p@redis:6379/0]"),
    "host name `redis` can be answered by another service or environment  (write `platform-redis${SUFFIX:-}`)",
  ],
  ["a bare name in a HOST variable", web("environment: {DB_HOST: postgres}"), "(write `platform-postgres${SUFFIX:-}`)"],
  ["a bare name with a port", web("command: [serve, 'redis:6379']"), "host name `redis`"],
  ["a bare name after -h", web("command: redis-cli -h redis ping"), "host name `redis`"],
  [
    "a bare name as a variable's default",
    web("environment: ['DB_HOST=${DB_HOST:-postgres}']"),
    "host name `postgres` can be answered by another service or environment",
  ],
  [
    "a bare name that is a user's name as well",
    web("environment: ['URL=postgres://postgres:pw@postgres:5432/postgres']"),
    "host name `postgres` can be answered by another service or environment",
  ],
  ["a bare name among several hosts", web("environment: [URL=amqp://a:5672,redis:5672]"), "host name `redis`"],
  ["a bare name in a list of hosts", web("environment: {NODES: 'a:1,redis:6379'}"), "host name `redis`"],
  ["a bare name as the word after -h", web("command: [psql, -h, postgres, -U, x]"), "host name `postgres`"],
  ["a bare name as the word after an option", web("command: [serve, --db-host, postgres]"), "host name `postgres`"],
  ["a bare name in an option", web("command: [serve, --redis-host=redis]"), "host name `redis`"],
  ["a bare name in a connection's words", web("environment: [DSN=host=postgres port=5432]"), "host name `postgres`"],
  [
    "a full name with this stack's suffix written out",
    web("environment: [DB=platform-postgres-staging]"),
    "host name `platform-postgres-staging` lacks the suffix  (write `platform-postgres${SUFFIX:-}`)",
  ],
  [
    "the bare name of a service that has no container of that name",
    web("environment: [AUTH_HOST=authentik]"),
    "(write `platform-authentik-server${SUFFIX:-}` or `platform-authentik-worker${SUFFIX:-}`)",
    { catalogue: ["authentik"], containersOf: () => ["server", "worker"] },
  ],
  [
    "a full name without suffix of a service with a hyphen in its name",
    web("environment: [URL=redis://platform-wiki-db-cache:6379]"),
    "host name `platform-wiki-db-cache` lacks the suffix",
    { catalogue: ["wiki-db"] },
  ],
];

const fine: [string, string][] = [
  ["a sibling's bare name", web("environment: [API=http://web/]")],
  [
    "a sibling's bare name that a service has too",
    web("environment: {CACHE_HOST: redis, URL: 'redis://redis:6379', ALSO: 'redis:6379'}").replace(
      "services:\n",
      "services:\n  redis: {image: 'redis:8', healthcheck: {test: redis-cli -h redis ping}}\n",
    ),
  ],
  [
    "a user's name that a service has too",
    web("environment: ['URL=postgres://postgres:pw@platform-postgres${SUFFIX:-}/x']"),
  ],
  ["siblings in lists and options", web("command: [x, -h, web, --host=web, 'host=web', 'web:1,web:2']")],
  ["a service's name where no host stands", web("command: [x, --type, redis, --db=redis]")],
  ["a sibling's full name", web("environment: ['API=http://platform-web${SUFFIX:-}/']")],
  ["an image named in a variable", web("environment: ['RUNNER_IMAGE=redis:7']")],
];

const secrets: Row[] = [
  [
    "a secret that is not defined",
    web("secrets: [pw]"),
    ":6:15  secret `pw` is not defined  (add `pw: {environment: PW}` to the top-level `secrets:`)",
  ],
  ["a secret that nobody uses", top("secrets:", "  pw: {environment: PW}"), "no container uses secret `pw`"],
  [
    "a secret from a file",
    top("secrets:", "  pw: {file: ./pw}").replace("    volumes:", "    secrets: [pw]\n    volumes:"),
    "secret `pw` has a source that the server does not have",
  ],
  [
    "two secrets in one variable",
    top("secrets:", "  a: {environment: X}", "  b: {environment: X}").replace(
      "    volumes:",
      "    secrets: [a, b]\n    volumes:",
    ),
    "`X` is also secret `a`",
  ],
  [
    "a secret in a variable that is plain",
    top("secrets:", "  a: {environment: X}").replace("    volumes:", "    secrets: [a]\n    volumes:"),
    "`X` is also a plain value of the service's env",
    { env: { X: "1" } },
  ],
  ...(["read_only: true", 'read_only: "yes"'] as const).map(
    (line): Row => [
      `secrets in a container with ${line}`,
      top("secrets:", "  a: {environment: X}").replace("    volumes:", `    secrets: [a]\n    ${line}\n    volumes:`),
      "secrets from the environment cannot be written into a `read_only` container",
    ],
  ),
  ...(["tmpfs: /run", "tmpfs: [/run/secrets/]"] as const).map(
    (line): Row => [
      `secrets under ${line}`,
      top("secrets:", "  a: {environment: X}").replace("    volumes:", `    secrets: [a]\n    ${line}\n    volumes:`),
      "hides /run/secrets",
    ],
  ),
  [
    "an unquoted mode",
    top("secrets:", "  a: {environment: X}").replace(
      "    volumes:",
      "    secrets: [{source: a, mode: 0400}]\n    volumes:",
    ),
    'Dokploy rewrites an unquoted mode as a decimal number  (quote it: `"0400"`)',
  ],
  [
    "an owner for a container with a user",
    top("secrets:", "  a: {environment: X}").replace(
      "    volumes:",
      "    user: app\n    secrets: [{source: a, uid: '7'}]\n    volumes:",
    ),
    "`uid` and `gid` of a secret fail",
  ],
  [
    "secrets for a container that is not there",
    EXAMPLE,
    "there is no container `db` to give secrets to",
    { grants: { db: ["x"] } },
  ],
];

const files: Row[] = [
  [
    "a file that is not there",
    web("configs: []").replace("- data:/data", "- data:/data\n      - ./a.conf:/a.conf"),
    ":9:9  there is no file `./a.conf`",
  ],
  [
    "a folder",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - ./conf:/conf"),
    "`./conf` is a folder",
    {},
    { conf: "directory" },
  ],
  [
    "a file outside",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - ../../x:/x"),
    "`../../x` is outside of the service's folder",
  ],
  [
    "an empty file",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - ./a:/a"),
    "Compose would make a folder of it",
    {},
    { a: "" },
  ],
  [
    "a binary file",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - ./a:/a"),
    "`./a` is not UTF-8 text",
    {},
    { a: new Uint8Array([0xff, 0xfe, 0]) },
  ],
  [
    "a file that neither YAML nor env carries",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - ./a:/a"),
    "Dokploy would alter `a`, and its env cannot carry it",
    {},
    { a: "\tfirst\n'`\"\\n" },
  ],
  ["a config that is not defined", web("configs: [x]"), "config `x` is not defined"],
  [
    "content that would be altered",
    `${web("configs: [x]")}configs:\n  x: {content: "2024-05-01"}\n`,
    "Dokploy would alter this text",
  ],
  [
    "a config in a read-only container",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - ./a:/a").replace(
      "    volumes",
      "    read_only: true\n    volumes",
    ),
    "inline configs cannot be written",
    {},
    { a: "x" },
  ],
  [
    "a config under a mount",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - ./a:/data/a"),
    "the mount at `/data` hides `/data/a`",
    {},
    { a: "x" },
  ],
];

const rules: Row[] = [
  [
    "an image without tag",
    EXAMPLE.replace("example/web:1.2.3", "example/web"),
    ":3:5  image `example/web` floats  (pin it by a tag or a digest)",
  ],
  [
    "an image of a registry with port, without tag",
    EXAMPLE.replace("example/web:1.2.3", "localhost:5000/web"),
    "floats",
  ],
  ["latest", EXAMPLE.replace("1.2.3", "latest"), "`latest` floats"],
  [
    "a variable in the image",
    EXAMPLE.replace("1.2.3", "${TAG:-1}"),
    "the same release runs the same images everywhere",
  ],
  ["a build", web("build: ."), "Dokploy has no folder to build from"],
  [
    "no health check",
    EXAMPLE.replace(/ {4}healthcheck:\n.*\n/, ""),
    ":2:3  no health check: a crash loop would look like success",
  ],
  [
    "a health check that is switched off",
    EXAMPLE.replace('test: [CMD, "true"]', "disable: true"),
    "fails on a disabled health check",
  ],
  ["the test NONE", EXAMPLE.replace('[CMD, "true"]', "[NONE]"), "no health check"],
  [
    "an interval that no deployment waits for",
    EXAMPLE.replace('"true"]', '"true"]\n      interval: 2m'),
    ":6:7  the first probe runs after `interval`, and a stage of the deployment ends after 60 s",
    { waitTimeout: 60 },
  ],
  [
    "a start interval",
    EXAMPLE.replace('"true"]', '"true"]\n      start_interval: 1s'),
    "`start_interval` fails on Docker engines before 25",
  ],
  [
    "a duration that is none",
    EXAMPLE.replace('"true"]', '"true"]\n      timeout: 5 seconds'),
    "`5 seconds` is no duration",
  ],
  [
    "a one-shot for which only another one-shot waits",
    `services:
  a: {image: "x:1", depends_on: {b: {condition: service_completed_successfully}}}
  b: {image: "x:1"}
`,
    "no health check",
  ],
  [
    "a one-shot that is restarted",
    `services:
  a: {image: "x:1", healthcheck: {test: x}, depends_on: {b: {condition: service_completed_successfully}}}
  b: {image: "x:1", restart: always}
`,
    "a one-shot that is restarted never completes",
  ],
];

const values: Row[] = [
  ["a size that is none", web("mem_limit: 512 megs"), ":6:5  `512 megs` is no size  (write `512m` or `2g`)"],
  ["a limit below deploy", web("deploy: {resources: {limits: {memory: 5s}}}"), "`5s` is no size"],
  ["a period that is none", web("stop_grace_period: 10 s"), "`10 s` is no duration"],
  ["a switch that is neither on nor off", web('init: "maybe"'), "`maybe` is not true or false"],
  [
    "a number of retries that is none",
    EXAMPLE.replace('"true"]', '"true"]\n      retries: "1e3"'),
    "`1e3` is no number",
  ],
  ["a limit that is no number", web("ulimits: {nofile: many}"), "`many` is no whole number"],
  ["a share of a processor that is none", web('cpus: "half"'), "`half` is no number"],
  ["a host without address", web("extra_hosts: [db]"), ":6:19  `db` is no host with its address"],
  ["a test that begins with no word of Compose's", EXAMPLE.replace("CMD,", "curl,"), "a test cannot begin with `curl`"],
  [
    "a volume that is external or not",
    EXAMPLE.replace(/data:\n$/, "data: {external: maybe}\n"),
    "`maybe` is not true or false",
  ],
];

const refused: Row[] = [
  ["env_file", web("env_file: ./x.env"), "the file does not exist on the server  (use `environment`)"],
  ["extends", web("extends: {service: web}"), "the other file does not exist on the server"],
  ["links", web("links: [redis]"), "siblings reach each other by their bare names"],
  ["profiles", web("profiles: [debug]"), "Dokploy starts no profiles"],
  ["include", top("include: [./x.yaml]"), "`include` does not work through Dokploy"],
  ["networks of a container", web("networks: [back]"), "a container's networks are set by the platform"],
  ["top-level networks", top("networks:", "  back:"), "networks are set by the platform"],
  ["the host's network", web("network_mode: host"), "`network_mode: host` leaves the environment's network"],
  ["a container name of its own", web("container_name: web"), "`container_name` must be `platform-web-staging`"],
  ["a name with replicas", web("container_name: platform-web-staging", "scale: 2"), "replicas cannot share a name"],
  [
    "a service key that is no host name",
    EXAMPLE.replace("  web:", "  My_Web:"),
    "`My_Web` cannot be part of a host name",
  ],
  ["a name that is too long", EXAMPLE.replace("  web:", `  ${"x".repeat(60)}:`), "has more than 63 characters"],
  ["a fixed port on the host", web('ports: ["80:80"]'), "a fixed port on the host collides"],
  ["a fixed port in the long form", web("ports: [{target: 80, published: 80}]"), "a fixed port on the host collides"],
  [
    "a port that nobody sets",
    web('ports: ["${P:-8080}:80"]'),
    "a fixed port on the host collides with the other environments  (use a route, leave the host's port out, or set a variable for it by stack: `platform:web: {env: {PORT: …}}`)",
  ],
  [
    "a variable that is not the host's port",
    web('ports: ["8080:${P}"]'),
    "a fixed port on the host collides",
    { containerEnv: { P: "80" } },
  ],
  ["a range on the host for a range", web('ports: ["8000-8001:80-81"]'), "a fixed port on the host collides"],
  [
    "a folder of the host that a variable names",
    EXAMPLE.replace("- data:/data", '- data:/data\n      - "${X:-/mnt}/a:/b"'),
    ":8:9  `/mnt/a` on the host is shared by all environments  (use a named volume",
  ],
  [
    "Dokploy's own folder for files",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - ../files/x:/x"),
    ":8:9  `../files/x` is where Dokploy keeps files of its own for a service, and they are not in the repository  (use a named volume",
  ],
  ["an empty test", EXAMPLE.replace('[CMD, "true"]', '""'), ":5:7  an empty test proves nothing"],
  ["a test without a command", EXAMPLE.replace('[CMD, "true"]', "[CMD]"), "an empty test proves nothing"],
  ["an empty health check", EXAMPLE.replace('\n      test: [CMD, "true"]', " {}"), ":4:5  no health check"],
  [
    "a folder of the host, writable",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - /srv:/srv"),
    "`/srv` on the host is shared by all environments",
  ],
  [
    "an anonymous volume",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - /cache"),
    ":8:9  an anonymous volume is lost with its container",
  ],
  [
    "a volume that is not defined",
    EXAMPLE.replace("- data:/data", "- data:/data\n      - cache:/cache"),
    ":8:9  volume `cache` is not defined",
  ],
  ["a volume that nobody mounts", top("  spare:"), "no container uses volume `spare`"],
  [
    "a volume of one letter",
    EXAMPLE.replaceAll("data:", "d:").replace("d:/d", "d:/data"),
    "`d:` is read as a Windows drive",
  ],
  [
    "a volume with labels",
    EXAMPLE.replace(/data:\n$/, "data: {labels: [a=b]}\n"),
    "a volume has a name and nothing else",
  ],
  [
    "a volume name without suffix",
    EXAMPLE.replace(/data:\n$/, "data: {name: old}\n"),
    "volume name `old` lacks the suffix",
  ],
  ["a dependency that is not there", web("depends_on: [wbe]"), "there is no container `wbe` in this file"],
  [
    "a circle",
    'services:\n  a: {image: "x:1", healthcheck: {test: x}, depends_on: [b]}\n  b: {image: "x:1", healthcheck: {test: x}, depends_on: [a]}\n',
    "containers wait for each other: a → b → a",
  ],
  ["a date in a command", web('command: [run, "2024-05-01"]'), ":6:20  Dokploy would drop the quotes of `2024-05-01`"],
  ["a number with underscores", web('hostname: "1_000"'), "Dokploy would drop the quotes of `1_000`"],
  ["an octal number", web("pids_limit: 0440"), "`0440` is octal for Compose and decimal for Dokploy"],
  ["a key that is set twice", web("environment: [A=1, A=2]"), ":6:24  `A` is set twice"],
  [
    "a text that is too large",
    web(`command: ["${"x".repeat(93_000)}"]`),
    /the file and its env take \d+ bytes on the server, more than the 92160/,
  ],
];

describe.each([
  ["syntax", syntax],
  ["the specification's schema", schema],
  ["variables", variables],
  ["secrets that the environment would show", uses],
  ["dollars", dollars],
  ["Compose's own rules", compose],
  ["the alternatives of the schema", alternatives],
  ["host names", hosts],
  ["secrets", secrets],
  ["files", files],
  ["house rules", rules],
  ["values that Compose takes in one form only", values],
  ["what Dokploy or Compose would change or hang on", refused],
])("refuses, for the sake of %s,", (_kind, rows) => {
  it.each(rows)("%s", (_name, text, expected, changes, beside) => {
    const problems = problemsOf(text, changes, beside);
    expect(problems).toEqual(
      expect.arrayContaining([
        typeof expected === "string" ? expect.stringContaining(expected) : expect.stringMatching(expected),
      ]),
    );
  });
});

describe("accepts what Compose accepts:", () => {
  const accepted: Row[] = [
    ["a port of the container alone", web('ports: ["3000", 3001, {target: 3002}, "127.0.0.1::3003", "0:3004"]'), ""],
    ["one of a range of ports", web('ports: ["8000-8010:80"]'), ""],
    ["a port that the stack sets", web('ports: ["${P:-8080}:80"]'), "", { containerEnv: { P: "8081" } }],
    [
      "a port that the service's settings set",
      web('ports: [{target: 80, published: "${P}"}]'),
      "",
      { env: { P: "1" } },
    ],
    ["a $ that is itself", web(`command: ["$(date) $1 $? $% 5$"]`, "labels: ['a=^x$']"), ""],
    [
      "an entry that is there twice",
      web("cap_add: [A, A]", "expose: [80, 80]", "ports: ['80', '80']", "dns: [a, a]"),
      "",
    ],
    ["a variable that is there twice with one value", web("environment: [A=1, A=1]"), ""],
    ["merges of several maps", `x-a: &a {tty: true}\nx-b: &b {init: true}\n${web("<<: [*a, *b]")}`, ""],
    ["a day", web("stop_grace_period: 1d"), ""],
    ["the driver that is the default", EXAMPLE.replace(/data:\n$/, "data: {driver: local}\n"), ""],
    ["a volume that is not external", EXAMPLE.replace(/data:\n$/, "data: {external: false, labels: {}}\n"), ""],
    ["a volume that a variable names", EXAMPLE.replace("data:/data", '"${V:-data}:/data"'), ""],
    ["a switch in words", web('init: "yes"', 'read_only: "off"'), ""],
    ["a number as text", web('scale: "1"', 'mem_limit: "1.5 gb"'), ""],
    ["the image's own health check", EXAMPLE.replace('test: [CMD, "true"]', "interval: 3s"), ""],
    ["an empty list as a test", EXAMPLE.replace('[CMD, "true"]', "[]"), ""],
    ["an interval that is long", EXAMPLE.replace('"true"]', '"true"]\n      interval: 30s'), ""],
  ];
  it.each(accepted)("%s", (_name, text, _expected, changes) => {
    expect(problemsOf(text, changes)).toEqual([]);
  });
});

it("tells every broken $ of a text at once", () => {
  const found = problemsOf(web('command: "${1} ${-} ${A:-${%}}"'));
  expect(found).toEqual([
    expect.stringContaining("`${%}`"),
    expect.stringContaining("`${-}"),
    expect.stringContaining("`${1}"),
  ]);
});

it.each(fine)("takes %s as it is", (_name, text) => {
  expect(problemsOf(text)).toEqual([]);
});

it("accepts the example that the rows above change", () => {
  expect(problemsOf(EXAMPLE)).toEqual([]);
});

it("reports all mistakes of a file at once, in the order of their places", () => {
  const text = web("env_file: x", "command: run $COLOUR", "environment: [HOST=redis]").replace("1.2.3", "latest");
  expect(problemsOf(text).map((line) => line.split("  ")[0])).toEqual(
    [3, 6, 7, 8].map((line) => expect.stringMatching(new RegExp(`^components/web/compose\\.yaml:${line}:\\d+$`))),
  );
});
