import { affectedServices } from "./domain/affected.ts";
import type { Run } from "./domain/run.ts";
import type { PushBody, WebhookAnswer } from "./http/schemas.ts";
import { requireStack } from "./release-request.ts";
import type { Runner } from "./runner.ts";
import { type Acceptance, type Arrival, acceptDeploy } from "./runs.ts";
import { ensureStagingTag } from "./tagging.ts";

/** The stack that pushes update, and no other. */
export const PUSH_STACK = "staging";

/** How long a delivery is remembered, in milliseconds. GitHub offers redelivery for three days. */
const DELIVERY_KEPT = 7 * 24 * 3_600_000;

/** What the headers of a webhook say, whoever sent it. */
export interface Delivery {
  event: string;
  id: string | null;
}

/** Header names of GitHub, Gitea and Forgejo; the latter two send the others' names too. */
const SENDERS = ["github", "gitea", "forgejo", "gogs"];

/** Reads event and delivery id from the headers. Event "" when there is none. */
export function readDelivery(headers: { get(name: string): string | null }): Delivery {
  const first = (suffix: string) => SENDERS.map((sender) => headers.get(`x-${sender}-${suffix}`)).find(Boolean);
  const id = first("delivery");
  return { event: first("event") ?? "", id: id !== undefined && id !== null && /^[\w-]{1,100}$/.test(id) ? id : null };
}

/** Why a webhook is no push that could matter; undefined when it is one. Pure. */
export function explainIgnored(event: string, push: PushBody, branch: string): string | undefined {
  if (event !== "push") return `the event is ${event || "not named"}, only push counts`;
  if (push.ref !== `refs/heads/${branch}`) return `${push.ref ?? "the push"} is not the branch ${branch}`;
  if (push.deleted === true || isNone(push.after)) return `the branch ${branch} was deleted`;
  if (!/^[0-9a-f]{40}$/.test(push.after ?? "")) return "the push names no commit";
  return undefined;
}

function isNone(commit: string | undefined): boolean {
  return commit !== undefined && /^0+$/.test(commit);
}

/** What a push leads to: an answer at once, or a run and the services that it is about. */
export type PushResult = { answer: WebhookAnswer } | { acceptance: Acceptance; affected: string[] };

/**
 * Accepts a push: finds out what it touches and makes a run for its commit when that is something. Throws RequestError.
 */
export async function acceptPush(
  runner: Runner,
  push: PushBody,
  { event, id }: Delivery,
  arrival: Arrival,
): Promise<PushResult> {
  const { mirror, config, store, now } = runner;
  if (event === "ping") return { answer: { status: "pong" } };
  const ignored = explainIgnored(event, push, config.gitBranch);
  if (ignored !== undefined) return { answer: { status: "ignored", reason: ignored } };
  if (config.webhookTag === "off") return { answer: { status: "ignored", reason: "WEBHOOK_TAG is off" } };
  const commit = push.after ?? "";
  // It is remembered once it was taken: a delivery that fails may come again.
  if (id !== null && (await store.isRemembered(`delivery:${id}`, now()))) {
    return { answer: { status: "ignored", reason: "this delivery was taken before", commit } };
  }

  const isOnBranch = async () => {
    const head = await mirror.branchHead(config.gitBranch);
    return head !== undefined && (await mirror.isAncestor(commit, head));
  };
  if (!(await isOnBranch())) await mirror.fetch();
  await requireStack(runner, PUSH_STACK);
  if (!(await isOnBranch())) {
    return {
      answer: { status: "ignored", reason: `the branch ${config.gitBranch} no longer has this commit`, commit },
    };
  }
  const result = await acceptCommit(runner, push, commit, arrival);
  if (id !== null && "acceptance" in result) await store.remember(`delivery:${id}`, now() + DELIVERY_KEPT, now());
  return result;
}

async function acceptCommit(runner: Runner, push: PushBody, commit: string, arrival: Arrival): Promise<PushResult> {
  const [services = [], paths] = await Promise.all([
    runner.catalogue.services(commit, PUSH_STACK),
    changedPaths(runner, push, commit),
  ]);
  const affected = paths === undefined ? services : affectedServices(paths, services).services;
  if (affected.length === 0) {
    return { answer: { status: "no_changes", reason: "nothing that a service is made of was changed", commit } };
  }
  const by = push.pusher?.name ?? push.pusher?.login ?? "unknown";
  let newer: string | undefined;
  const create = async () => {
    // A push that comes late gets no number: a higher one on an older commit would look newer.
    newer = await findNewer(runner, commit);
    return runner.config.webhookTag === "create" && newer === undefined;
  };
  const tag = await ensureStagingTag(runner, commit, { create, releasedBy: by });
  if (tag === undefined && newer !== undefined) {
    const reason = `${newer} was asked for already and contains the commit`;
    return { answer: { status: "superseded", env: PUSH_STACK, commit, superseded_by: newer, reason } };
  }
  if (tag === undefined) {
    return { answer: { status: "ignored", reason: "no tag points at the commit, and WEBHOOK_TAG is reuse", commit } };
  }
  const done = await findDone(runner, commit);
  if (done) return { acceptance: { run: done, duplicate: true }, affected };
  const request = { env: PUSH_STACK, tag, triggered_by: `webhook (${by})` };
  return { acceptance: await acceptDeploy(runner, request, arrival), affected };
}

/** What the stack has or is coming to, when it contains the commit and is not the commit itself. */
async function findNewer({ store, mirror }: Runner, commit: string): Promise<string | undefined> {
  const others = await Promise.all([store.newestAccepted(PUSH_STACK), store.stackRelease(PUSH_STACK)]);
  for (const other of others) {
    if (other && other.commit !== commit && (await mirror.isAncestor(commit, other.commit))) {
      return other.tag ?? other.commit.slice(0, 7);
    }
  }
  return undefined;
}

/** The run that brought the stack to this commit already, when nothing came after it: another trigger was first. */
async function findDone({ store }: Runner, commit: string): Promise<Run | undefined> {
  const newest = await store.newestAccepted(PUSH_STACK);
  return newest?.state === "succeeded" && newest.commit === commit ? newest : undefined;
}

/** Changed files: Git's own answer, else the payload's lists; undefined when neither is known. */
async function changedPaths({ mirror }: Runner, push: PushBody, commit: string): Promise<string[] | undefined> {
  const { before } = push;
  if (before !== undefined && !isNone(before)) {
    const paths = await mirror.changedFiles(before, commit);
    if (paths) return paths;
  }
  if (!push.commits || push.commits.length === 0) return undefined;
  const listed = push.commits.flatMap((each) =>
    [each.added, each.modified, each.removed].flatMap((list) => list ?? []),
  );
  return [...new Set(listed)];
}

/** The answer to a push whose run has ended or goes on. */
export function toWebhookAnswer(run: Run, affected: string[], winner: Run | undefined): WebhookAnswer {
  const common = {
    env: run.stack,
    tag: run.tag,
    commit: run.commit,
    run: run.id,
    timestamp: new Date(run.finishedAt ?? run.createdAt).toISOString(),
  };
  if (run.state === "superseded") {
    return { status: "superseded", ...common, ...(winner?.tag ? { superseded_by: winner.tag } : {}) };
  }
  if (run.state !== "succeeded") return { status: "in_progress", ...common, status_url: `/runs/${run.id}` };
  const changed = run.outcomes.filter(({ result }) => result !== "unchanged").map(({ service }) => service);
  return {
    status: "success",
    ...common,
    synced_services: affected.filter((service) => changed.includes(service)),
    skipped_services: affected.filter((service) => !changed.includes(service)),
    also_changed_services: changed.filter((service) => !affected.includes(service)),
    reasons: Object.fromEntries(run.outcomes.map(({ service, reason }) => [service, reason])),
  };
}
