import { type PushBody, SENDERS, type WebhookAnswer } from "../api/push.ts";
import { affectedServices } from "../domain/releases/affected.ts";
import { planStagingTag } from "../domain/releases/promotion.ts";
import { short } from "../domain/releases/refusal.ts";
import type { Run } from "../domain/run.ts";
import type { Mirror } from "../git/mirror.ts";
import type { Store } from "../store/store.ts";
import { gatherChange, type StackChange } from "./facts.ts";
import { type Accepting, requireStack } from "./release-request.ts";
import { type Acceptance, type Arrival, acceptDeploy, requireRight } from "./runs.ts";
import { ensureStagingTag, gatherTagFacts, type Tagging } from "./tagging.ts";

/** The stack that pushes update, and no other. */
export const PUSH_STACK = "staging";

/** How long a delivery is remembered, in milliseconds. GitHub offers redelivery for three days. */
const DELIVERY_KEPT = 7 * 24 * 3_600_000;

/** What the headers of a webhook say, whoever sent it. */
export interface Delivery {
  event: string;
  id: string | null;
}

/** Reads event and delivery id from the headers. Event "" when there is none. */
export function readDelivery(headers: { get(name: string): string | null }): Delivery {
  const first = (suffix: string) => SENDERS.map((sender) => headers.get(`x-${sender}-${suffix}`)).find(Boolean);
  const id = first("delivery");
  return { event: first("event") ?? "", id: id !== undefined && id !== null && /^[\w-]{1,100}$/.test(id) ? id : null };
}

/**
 * Why a webhook is no push that could matter; undefined when it is one. A body with a `ref` and no header that names the event is a
 * push too, and one without `after` means the branch's head: both were documented. Pure.
 */
export function explainIgnored(event: string, push: PushBody, branch: string): string | undefined {
  if (event !== "push" && (event !== "" || push.ref === undefined)) {
    return `the event is ${event || "not named"}, only push counts`;
  }
  if (push.ref !== `refs/heads/${branch}`) return `${push.ref ?? "the push"} is not the branch ${branch}`;
  if (push.deleted === true || isNone(push.after)) return `the branch ${branch} was deleted`;
  if (push.after !== undefined && !/^[0-9a-f]{40}$/.test(push.after)) return "the push names no commit";
  return undefined;
}

function isNone(commit: string | undefined): boolean {
  return commit !== undefined && /^0+$/.test(commit);
}

/** What pushes are accepted with. */
export interface Pushes extends Accepting {
  log: Tagging["log"];
  config: Accepting["config"] &
    Tagging["config"] & {
      /** Whether a push without a tag gets one: make it, wait for one, or ignore such pushes. */
      webhookTag: "create" | "reuse" | "off";
    };
}

/** What a push leads to: an answer at once, or a run, the services that it touches and what to do when it is refused. */
export type PushResult = { answer: WebhookAnswer } | { acceptance: Acceptance; touched: string[]; back?: GoingBack };

/** What a push to an older commit is told. */
export type GoingBack = Required<Pick<WebhookAnswer, "reason" | "hint">>;

/**
 * Accepts a push: finds out what it would bring to the stack and makes a run for its commit when that is something. Throws
 * RequestError.
 */
export async function acceptPush(
  on: Pushes,
  push: PushBody,
  { event, id }: Delivery,
  arrival: Arrival,
): Promise<PushResult> {
  const { config, store, now } = on;
  requireRight(arrival.signature, PUSH_STACK);
  if (event === "ping") return { answer: { status: "pong" } };
  const ignored = explainIgnored(event, push, config.gitBranch);
  if (ignored !== undefined) return { answer: { status: "ignored", reason: ignored } };
  if (config.webhookTag === "off") return { answer: { status: "ignored", reason: "WEBHOOK_TAG is off" } };
  // It is remembered once it was taken: a delivery that fails may come again.
  if (id !== null && (await store.isRemembered(`delivery:${id}`, now()))) {
    const commit = push.after === undefined ? {} : { commit: push.after };
    return { answer: { status: "ignored", reason: "this delivery was taken before", ...commit } };
  }
  const commit = push.after === undefined ? await fetchHead(on) : await fetchCommit(on, push.after);
  if (commit === undefined) {
    const reason = `the branch ${config.gitBranch} no longer has this commit`;
    return { answer: { status: "ignored", reason, ...(push.after === undefined ? {} : { commit: push.after }) } };
  }
  const result = await acceptCommit(on, push, commit, arrival);
  if (id !== null && "acceptance" in result) await store.remember(`delivery:${id}`, now() + DELIVERY_KEPT, now());
  return result;
}

/** The branch's head as the remote has it now. */
async function fetchHead(on: Accepting): Promise<string | undefined> {
  await on.mirror.fetch();
  await requireStack(on, PUSH_STACK);
  return on.mirror.branchHead(on.config.gitBranch);
}

/** The commit, when the branch has it. */
async function fetchCommit(on: Accepting, commit: string): Promise<string | undefined> {
  const { mirror, config } = on;
  const isOnBranch = async () => {
    const head = await mirror.branchHead(config.gitBranch);
    return head !== undefined && (await mirror.isAncestor(commit, head));
  };
  if (!(await isOnBranch())) await mirror.fetch();
  await requireStack(on, PUSH_STACK);
  return (await isOnBranch()) ? commit : undefined;
}

async function acceptCommit(on: Pushes, push: PushBody, commit: string, arrival: Arrival): Promise<PushResult> {
  const { base, services, affected } = await gatherChange(on, PUSH_STACK, commit);
  const paths = await pushedPaths(on.mirror, push, commit);
  const touched = paths ? affectedServices(paths, services).services : affected;
  const done = await findDone(on.store, commit);
  if (done && touched.length > 0) return { acceptance: { run: done, duplicate: true }, touched };
  if (affected.length === 0) return { answer: { status: "no_changes", reason: explainNothing(base), commit } };
  const newer = await findNewer(on, commit);
  const by = push.pusher?.name ?? push.pusher?.login ?? "unknown";
  // A push that comes late gets no number: a higher one on an older commit would look newer.
  const create = async () => on.config.webhookTag === "create" && newer === undefined;
  const tag = await ensureStagingTag(on, commit, { create, releasedBy: by });
  const back = newer && (await explainBack(on, { commit, tag, newer }));
  if (tag === undefined && newer) {
    const reason = `${newer.name} was asked for already and contains the commit`;
    return {
      answer: { status: "superseded", env: PUSH_STACK, commit, superseded_by: newer.name, ...(back ?? { reason }) },
    };
  }
  if (tag === undefined) {
    return { answer: { status: "ignored", reason: "no tag points at the commit, and WEBHOOK_TAG is reuse", commit } };
  }
  const request = { env: PUSH_STACK, tag, triggered_by: `webhook (${by})` };
  return { acceptance: await acceptDeploy(on, request, arrival), touched, ...(back ? { back } : {}) };
}

function explainNothing(base: StackChange["base"]): string {
  const nothing = "nothing that a service is made of was changed";
  if (base === null) return `${nothing}: the release has no service for ${PUSH_STACK}`;
  const name = base.tag ?? short(base.commit);
  return base.rolledBack
    ? `${nothing} since ${name}, from which ${PUSH_STACK} was rolled back`
    : `${nothing} since ${name}, which ${PUSH_STACK} has`;
}

/** What the stack has or is coming to, when it contains the commit and is not the commit itself. */
async function findNewer(
  { store, mirror }: Accepting,
  commit: string,
): Promise<{ name: string; commit: string } | undefined> {
  const others = await Promise.all([store.newestAccepted(PUSH_STACK), store.stackRelease(PUSH_STACK)]);
  for (const other of others) {
    if (other && other.commit !== commit && (await mirror.isAncestor(commit, other.commit))) {
      return { name: other.tag ?? short(other.commit), commit: other.commit };
    }
  }
  return undefined;
}

/** How to go back, when the branch was pushed back behind what the stack has; undefined for a push that only came late. */
async function explainBack(
  on: Pushes,
  { commit, tag, newer }: { commit: string; tag: string | undefined; newer: { name: string; commit: string } },
): Promise<GoingBack | undefined> {
  const { mirror, config } = on;
  // A mirror that has not heard of the push back still has the branch as it was.
  await mirror.fetch().catch(() => {});
  const head = await mirror.branchHead(config.gitBranch);
  if (head === undefined || (await mirror.isAncestor(newer.commit, head))) return undefined;
  const next = planStagingTag(await gatherTagFacts(on, commit, "")).tag;
  const name = tag ?? next;
  const tagging = tag === undefined ? `git tag -a ${name} -m ${name} ${commit} && git push origin ${name} && ` : "";
  const command = `${tagging}dockmaster rollback ${PUSH_STACK} --to ${name}`;
  return {
    reason: `${config.gitBranch} was pushed back to ${short(commit)}; ${PUSH_STACK} stays at ${newer.name}, which contains it`,
    hint: `to go back on purpose: ${command}`,
  };
}

/** The run that brought the stack to this commit already, when nothing came after it: another trigger was first. */
async function findDone(store: Store, commit: string): Promise<Run | undefined> {
  const newest = await store.newestAccepted(PUSH_STACK);
  return newest?.state === "succeeded" && newest.commit === commit ? newest : undefined;
}

/**
 * What the push itself changed: Git's own answer, else the payload's lists; undefined when neither is known. It decides nothing, for
 * it says nothing of pushes that were lost and lists are cut short: it only tells what came with this push from what came before.
 */
async function pushedPaths(mirror: Mirror, push: PushBody, commit: string): Promise<string[] | undefined> {
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
