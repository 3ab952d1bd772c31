/** A text to replace in a file, or the whole of a new one. */
type Edit = [from: string, to: string] | string;

interface Example {
  /** Heading on the page. */
  name: string;
  /** What `<…>` stands for in its paths. */
  called: string;
  edits: Record<string, Edit[]>;
  /** Program that shows that it works, and what it prints. */
  script: string;
  prints: unknown;
}

const RUN_KIND: Example = {
  name: "A kind of run",
  called: "verify",
  edits: {
    "automation/domain/run-kinds.ts": [
      [
        "} as const satisfies Record<string, RunKindFacts>",
        `  verify: { summary: "Look again", job: "drift", changesStack: false, choosesRelease: false, worksOffline: true, answers: "drift", wait: 5 },
} as const satisfies Record<string, RunKindFacts>`,
      ],
    ],
    "automation/api/requests.ts": [
      ["  drift: driftBody,\n", "  drift: driftBody,\n  verify: z.strictObject({ env }),\n"],
    ],
    "automation/accept/runs.ts": [
      [
        "drift: acceptDrift }",
        'drift: acceptDrift, verify: async () => ({ run: { id: "r", kind: "verify", stack: "staging", tag: null, commit: "c", state: "queued", outcomes: [], supersededBy: null } as unknown as Run, duplicate: false }) }',
      ],
    ],
    "cli/runner/verify.ts": ["export function define(): void {}\n"],
    "cli/commands.ts": [
      [
        '    { name: "status",',
        '    { name: "verify", summary: "Look again.", load: () => import("./runner/verify.ts") },\n    { name: "status",',
      ],
    ],
  },
  script: `
    import { createOpenApi } from "./automation/api/openapi.ts";
    import { runsQuery } from "./automation/api/requests.ts";
    import { signPlain } from "./automation/api/signature.ts";
    import { createServer } from "./automation/http/server.ts";
    import { COMMANDS } from "./cli/commands.ts";
    const count = { inc() {} };
    const log = { info() {}, debug() {}, warn() {}, error: console.error };
    const runner = {
      config: { rate: { burst: 9, perSecond: 9 } }, store: { remember: async () => true }, log, now: Date.now,
      metrics: { requests: count, signatureChecks: count, signatureFailures: count },
      variables: {
        get: (name) => (name === "WEBHOOK_SECRET" ? "a-secret-of-at-least-32-characters" : undefined),
        isNamed: () => false,
      },
    };
    const parts = { stopping: new AbortController().signal, version: "1", worker: { wake() {} } };
    const body = Buffer.from('{"env":"staging"}');
    const headers = { "content-type": "application/json", "x-hub-signature-256": signPlain("a-secret-of-at-least-32-characters", body), prefer: "wait=0" };
    const ask = (headers) => createServer(runner, parts).request("/verify", { method: "POST", body, headers });
    const answer = await ask(headers);
    console.log(JSON.stringify({
      unsigned: (await ask({ "content-type": "application/json" })).status,
      status: answer.status, run: (await answer.json()).run, kind: runsQuery.parse({ kind: "verify" }).kind,
      documented: createOpenApi("1").paths["/verify"].post.parameters[0].description,
      command: COMMANDS.some(({ name }) => name === "verify"),
    }));`,
  prints: {
    unsigned: 401,
    status: 202,
    run: "r",
    kind: "verify",
    documented: "wait=<s>: 5 by default, at most 900",
    command: true,
  },
};

const VARIABLE: Example = {
  name: "An environment variable",
  called: "",
  edits: {
    "automation/variables.ts": [
      [
        "  ...channels,",
        '  NAP: { docs: "seconds to sleep", default: "3", reads: seconds(1), setting: "napMs", secret: "whole", seenBy: ["npm"] },\n  ...channels,',
      ],
    ],
  },
  script: `
    import { knownSecrets, readConfig } from "./automation/config.ts";
    import { createVariables } from "./automation/environment.ts";
    import { seenBy } from "./automation/variables.ts";
    import { variablesReference } from "./tools/docs/variables-reference.ts";
    const read = (env) => readConfig(createVariables({ GIT_REPO_URL: "/srv/x.git", ...env }));
    let problems;
    try { read({ NAP: "0" }); } catch (error) { problems = error.problems; }
    console.log(JSON.stringify({
      napMs: read({}).napMs, problems, masked: knownSecrets(createVariables({ NAP: "77" })),
      npm: seenBy("npm").includes("NAP"), program: seenBy("program").includes("NAP"),
      documented: variablesReference().includes("| \`NAP\` | \`3\` | seconds to sleep"),
    }));`,
  prints: {
    napMs: 3000,
    problems: ["NAP must be at least 1 seconds"],
    masked: ["77"],
    npm: true,
    program: false,
    documented: true,
  },
};

const CHANNEL: Example = {
  name: "A channel for notices",
  called: "telegram",
  edits: {
    "automation/notify/telegram.ts": [
      `import type { Channel } from "./channel.ts";
export const telegram = { variable: "NOTIFY_TELEGRAM", docs: "a bot", toRequest: ({ text }) => ({ text }) } as const satisfies Channel;`,
    ],
    "automation/notify/channels.ts": [
      ["{ webhook,", "{ telegram, webhook,"],
      ["import { webhook }", 'import { telegram } from "./telegram.ts";\nimport { webhook }'],
    ],
  },
  script: `
    import { knownSecrets } from "./automation/config.ts";
    import { createVariables } from "./automation/environment.ts";
    import { toNotices } from "./automation/notify/notices.ts";
    import { readTargets } from "./automation/notify/outbox.ts";
    import { seenBy } from "./automation/variables.ts";
    import { isOptionalSecret } from "./components/bootstrap/runner/secrets.ts";
    const variables = createVariables({ NOTIFY_TELEGRAM: "https://bot.example.org" });
    const run = { id: "r", stack: "staging", tag: "v1.0.1", triggeredBy: "ann", outcomes: [], cause: null };
    const targets = readTargets({ variables });
    console.log(JSON.stringify({
      targets, payload: toNotices(run, ["failed"], targets)[0].payload, masked: knownSecrets(variables),
      program: seenBy("program").includes("NOTIFY_TELEGRAM"), vault: isOptionalSecret("NOTIFY_TELEGRAM"),
    }));`,
  prints: {
    targets: ["telegram"],
    payload: { text: "staging: v1.0.1 failed (run r, asked for by ann)" },
    masked: ["https://bot.example.org"],
    program: false,
    vault: true,
  },
};

const OPERATION: Example = {
  name: "An HTTP operation",
  called: "",
  edits: {
    "automation/api/operations.ts": [
      [
        "  stacks: {\n",
        `  echo: { method: "get", path: "/echo/{id}", summary: "Says it again", access: "open", query: echoQuery, answers: { 200: [echoAnswer] } },
  stacks: {\n`,
      ],
      ["  driftAnswer,\n", "  driftAnswer,\n  echoAnswer,\n"],
      ["{ cancelBody, ", "{ cancelBody, echoQuery, "],
    ],
    "automation/api/requests.ts": [
      [
        "/** The parameter of",
        `export const echoQuery = z.strictObject({ times: z.coerce.number().default(1) });
/** The parameter of`,
      ],
    ],
    "automation/api/answers.ts": [
      ["/** Any error. */", "export const echoAnswer = z.object({ said: z.string() });\n/** Any error. */"],
    ],
    "automation/http/server.ts": [
      [
        "    openapi:",
        '    echo: ({ c, query }) => c.json({ said: (c.req.param("id") ?? "").repeat(query.times) }),\n    openapi:',
      ],
    ],
  },
  script: `
    import { createOpenApi } from "./automation/api/openapi.ts";
    import { createServer } from "./automation/http/server.ts";
    const log = { info() {}, debug() {}, warn() {}, error: console.error };
    const runner = { config: { rate: { burst: 9, perSecond: 9 } }, store: { remember() {} }, log, now: Date.now, metrics: { requests: { inc() {} } } };
    const app = createServer(runner, { stopping: new AbortController().signal, version: "1" });
    const ask = async (path) => (await app.request(path)).json();
    console.log(JSON.stringify({
      answer: await ask("/echo/ho?times=2"), refused: (await ask("/echo/ho?time=2")).error.code,
      documented: Object.keys(createOpenApi("1").paths).includes("/echo/{id}"),
    }));`,
  prints: { answer: { said: "hoho" }, refused: "query_invalid", documented: true },
};

const CHECK: Example = {
  name: "A kind of check",
  called: "query",
  edits: {
    "components/platform/checks/query.ts": [
      `import { z } from "zod";
import { type CheckKind, ONLY_PATIENT, type Patience, patience } from "./kind.ts";
export interface QueryCheck extends Patience { query: string; database?: string | undefined }
export const query: CheckKind<QueryCheck> = {
  key: "query", noun: "a query", shape: { query: z.string(), database: z.string().optional(), ...patience },
  only: { database: "has no database; leave \`database\` out", ...ONLY_PATIENT },
  load: async () => (name, check) => console.error(name, check.query),
};`,
    ],
    "components/platform/checks/checks.ts": [
      ["[http, command, prometheus]", "[http, command, prometheus, query]"],
      ["CommandCheck | PrometheusCheck;", "CommandCheck | PrometheusCheck | QueryCheck;"],
      [
        "import { type PrometheusCheck,",
        'import { type QueryCheck, query } from "./query.ts";\nimport { type PrometheusCheck,',
      ],
    ],
  },
  script: `
    import { checks, loadChecks, splitChecks } from "./components/platform/checks/checks.ts";
    import { configReference } from "./stacks/config/config-reference.ts";
    const messages = (value) => checks.safeParse(value).error.issues.map(({ message }) => message);
    const parsed = checks.parse([{ query: "select 1", attempts: 2 }, { url: "https://x.example.org" }]);
    const split = splitChecks(parsed);
    const made = [];
    console.error = (...words) => made.push(words);
    (await loadChecks({}, split.ownChecks))({ name: "shop" }, split.ownChecks);
    console.log(JSON.stringify({
      split, made, refused: messages([{ command: "true", database: "shop" }]),
      documented: configReference().includes("checks[].query"),
    }));`,
  prints: {
    split: { checks: [{ url: "https://x.example.org" }], ownChecks: [{ query: "select 1", attempts: 2 }] },
    made: [["shop-check-1", "select 1"]],
    refused: ["a command has no database; leave `database` out"],
    documented: true,
  },
};

/** One of each kind that the page tells how to add. */
export const EXAMPLES = [RUN_KIND, VARIABLE, CHANNEL, OPERATION, CHECK];
