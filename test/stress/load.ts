import { setTimeout as delay } from "node:timers/promises";
import { signPlain } from "../../automation/api/signature.ts";
import { type Harness, startHarness } from "../integration/runner/harness.ts";
import { until } from "../integration/runner/until.ts";

/** What kinds of requests come, in which share, and which answers are right for them. */
const MIX: { name: string; share: number; right: number[]; make(harness: Harness, tag: string): Prepared }[] = [
  { name: "good", share: 40, right: [202, 200], make: (harness, tag) => deploy(harness, tag, {}) },
  { name: "the same again", share: 20, right: [202, 200], make: (harness, tag) => deploy(harness, tag, {}) },
  { name: "an older release", share: 10, right: [200, 202], make: (harness) => deploy(harness, "v1.0.1", {}) },
  { name: "a webhook", share: 10, right: [200, 202], make: (harness, tag) => push(harness, tag) },
  { name: "a bad signature", share: 10, right: [401], make: (harness, tag) => deploy(harness, tag, {}, "wrong") },
  { name: "a bad body", share: 5, right: [400], make: (harness) => deploy(harness, "main", { rollback: "false" }) },
  {
    name: "an unknown service",
    share: 5,
    right: [400],
    make: (harness, tag) => deploy(harness, tag, { services: ["x"] }),
  },
];

interface Prepared {
  path: string;
  body: Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
}

function signed(secret: string, path: string, value: unknown, headers: Record<string, string> = {}): Prepared {
  const body = new TextEncoder().encode(JSON.stringify(value));
  const own = { "content-type": "application/json", "x-hub-signature-256": signPlain(secret, body), prefer: "wait=0" };
  return { path, body, headers: { ...own, ...headers } };
}

function deploy({ secret }: Harness, tag: string, over: object, use = secret): Prepared {
  return signed(use, "/deploy", { env: "staging", tag, triggered_by: "load", ...over });
}

const commits = new Map<string, string[]>();

/** A tag's commit and the one before it. */
function commitsOf({ folder, origin }: Harness, tag: string): string[] {
  const key = `${folder} ${tag}`;
  const known = commits.get(key) ?? origin.git("rev-parse", `${tag}^{commit}`, `${tag}^{commit}^`).split("\n");
  commits.set(key, known);
  return known;
}

let deliveries = 0;

function push(harness: Harness, tag: string): Prepared {
  const [after, before] = commitsOf(harness, tag);
  const headers = { "x-github-event": "push", "x-github-delivery": `load-${++deliveries}` };
  return signed(harness.secret, "/webhook", { ref: "refs/heads/main", before, after, commits: [] }, headers);
}

/** What was seen of one kind of request. */
export interface KindResult {
  name: string;
  sent: number;
  /** How often each status came. */
  statuses: Record<number, number>;
  wrong: number;
  p50: number;
  p99: number;
}

/** What a load test found. */
export interface LoadResult {
  seconds: number;
  perSecond: number;
  kinds: KindResult[];
  /** Of those that write a run before they answer, in milliseconds. */
  accepted: { p50: number; p99: number };
  runs: number;
  updates: number;
  violations: string[];
}

/** Sends a mix of requests at a steady rate to a runner that updates meanwhile, and looks at what came of it. */
export async function sendLoad(options: {
  seconds: number;
  perSecond: number;
  env?: Record<string, string>;
}): Promise<LoadResult> {
  const { seconds, perSecond } = options;
  const harness = await startHarness({ ...options.env }, { apart: true });
  try {
    if ((await harness.deploy("staging", "v1.0.1")).status !== 200) throw new Error("the first release failed");
    // A new release every few seconds, all of them there from the start.
    const tags = Array.from({ length: Math.max(2, Math.ceil(seconds / 3)) }, (_, index) => `v1.0.${index + 2}`);
    for (const tag of tags) {
      harness.origin.release(tag, {
        "env.json": JSON.stringify({ postgres: { TAG: tag }, redis: { TAG: tag } }),
        "components/redis/compose.yaml": `services: {redis: {image: "redis:7", labels: {tag: ${tag}}}}\n`,
      });
    }
    const prepared = prepare(harness, tags, seconds * perSecond);
    await harness.send("POST", "/preview", { env: "staging", tag: tags.at(-1) }, { waitSeconds: 120 });

    const answers = await Promise.all(
      prepared.map(async ({ request, kind }, index) => {
        await delay((index * 1000) / perSecond);
        return { kind, ...(await send(harness, request)) };
      }),
    );
    const kinds = MIX.map(({ name, right }) =>
      toKind(
        name,
        right,
        answers.filter((answer) => answer.kind === name),
      ),
    );
    const accepted = answers.filter(({ run }) => run !== undefined);
    const violations = kinds
      .filter(({ wrong }) => wrong > 0)
      .map(({ name, wrong }) => `${wrong} × ${name}: wrong answer`);
    return {
      seconds,
      perSecond,
      kinds,
      accepted: quantiles(accepted.map(({ ms }) => ms)),
      ...(await settle(harness, new Set(accepted.map(({ run }) => run!)), tags.at(-1)!, violations)),
      violations,
    };
  } finally {
    await harness.stop();
  }
}

function prepare(harness: Harness, tags: string[], count: number): { kind: string; request: Prepared }[] {
  const wheel = MIX.flatMap((kind) => Array.from({ length: kind.share }, () => kind));
  return Array.from({ length: count }, (_, index) => {
    // A step that has no common divisor with the wheel's length mixes the kinds evenly, and the same way each time.
    const kind = wheel[(index * 37) % wheel.length]!;
    const tag = tags[Math.floor((index / count) * tags.length)]!;
    return { kind: kind.name, request: kind.make(harness, tag) };
  });
}

interface Answer {
  status: number;
  ms: number;
  run: string | undefined;
}

async function send(harness: Harness, { path, body, headers }: Prepared): Promise<Answer> {
  const since = performance.now();
  try {
    const answer = await fetch(new URL(path, harness.runner.url), { method: "POST", body, headers });
    const { run } = (await answer.json()) as { run?: string };
    return { status: answer.status, ms: performance.now() - since, run };
  } catch {
    return { status: 0, ms: performance.now() - since, run: undefined };
  }
}

function toKind(name: string, right: number[], answers: Answer[]): KindResult {
  const statuses: Record<number, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  const wrong = answers.filter(({ status }) => !right.includes(status)).length;
  return { name, sent: answers.length, statuses, wrong, ...quantiles(answers.map(({ ms }) => ms)) };
}

/** The median and the 99th percentile. */
export function quantiles(values: number[]): { p50: number; p99: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

interface Listed {
  id: string;
  tag: string | null;
  kind: string;
  state: string;
  started_at: string | null;
  finished_at: string | null;
}

/** Waits until all is done; every accepted run has to be there and ended, and the last release deployed. */
async function settle(harness: Harness, accepted: Set<string>, last: string, violations: string[]) {
  const runs = await until("every run has ended", 180_000, async () => {
    const all = await listAll(harness);
    return all.every(({ finished_at }) => finished_at !== null) ? all : undefined;
  });
  const byId = new Map(runs.map((run) => [run.id, run]));
  const lost = [...accepted].filter((id) => !byId.has(id));
  if (lost.length > 0) violations.push(`${lost.length} accepted requests are lost`);
  const bad = runs.filter(({ state }) => state !== "succeeded" && state !== "superseded");
  if (bad.length > 0) violations.push(`${bad.length} runs neither succeeded nor were superseded`);
  const updates = runs.filter(({ kind, started_at }) => kind === "deploy" && started_at !== null);
  const inOrder = [...updates].sort((a, b) => a.started_at!.localeCompare(b.started_at!));
  for (const [index, run] of inOrder.entries()) {
    const next = inOrder[index + 1];
    if (next && next.started_at! < run.finished_at!) violations.push(`${run.tag} and ${next.tag} ran at once`);
  }
  for (const service of ["postgres", "redis"]) {
    const live = harness.live(`staging/${service}`) as { env?: { TAG?: string } } | undefined;
    if (live?.env?.TAG !== last) violations.push(`${service} has ${live?.env?.TAG}, not ${last}`);
  }
  return { runs: runs.length, updates: updates.length };
}

async function listAll(harness: Harness): Promise<Listed[]> {
  const all: Listed[] = [];
  for (let before: string | null = null; ; ) {
    const page = before === null ? "" : `&before=${before}`;
    const { body } = await harness.send("GET", `/runs?env=staging&limit=200${page}`);
    all.push(...(body.runs as Listed[]));
    before = body.next as string | null;
    if (before === null) return all;
  }
}
