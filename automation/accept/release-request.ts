import { type PreviewMode, refusePreview } from "../domain/releases/preview-rules.ts";
import type { Refusal } from "../domain/releases/refusal.ts";
import { assessDeploy, type DeployDecision } from "../domain/releases/release-rules.ts";
import type { Run } from "../domain/run.ts";
import type { Variables } from "../environment.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import type { Catalogue } from "../git/catalogue.ts";
import type { Mirror } from "../git/mirror.ts";
import { isTrustedCommit } from "../git/trusted.ts";
import type { Store } from "../store/store.ts";
import { gatherDeployFacts, pinDecided } from "./facts.ts";

/** The repository that requests are decided on. */
export interface Repository {
  mirror: Mirror;
  catalogue: Catalogue;
  config: {
    /** The branch that releases are cut from. */
    gitBranch: string;
    /** Whose commits may be previewed. */
    preview: PreviewMode;
  };
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What requests are decided on, and where they are accepted. */
export interface Accepting extends Repository {
  store: Store;
  /** Where people are told that a hold is over. */
  variables: Pick<Variables, "get">;
}

/** A request for a release, checked for form only. */
export interface ReleaseRequest {
  env: string;
  tag: string;
  services: string[] | null;
  rollback: boolean;
  replayable: boolean;
  mayHotfix: boolean;
}

/** A request that Git knows the answer to, and what the release rules say to it. */
export interface AssessedRelease {
  commit: string;
  decision: DeployDecision;
  /** The newest run of the stack that the decision was made against. */
  newest: Run | undefined;
}

/**
 * Resolves a request and asks the release rules. What the mirror knows is enough to say yes, and to say that something
 * newer is there; before any other no the remote is asked, for its answer may be new. Throws RequestError.
 */
export async function assessRelease(on: Accepting, request: ReleaseRequest): Promise<AssessedRelease> {
  return askTwice(
    on,
    () => assess(on, request),
    // Whose signatures count may just have changed: a hotfix is decided on what the remote has now.
    ({ decision }) => (decision.ok ? decision.as !== "hotfix" : decision.status === "superseded"),
    { offline: request.rollback },
  );
}

/** What a fetch may fix; what a commit holds never changes. */
const MAY_BE_NEW: ErrorCode[] = ["env_unknown", "tag_not_found", "commit_not_found", "git_unreachable"];

/**
 * Asks what the mirror knows, and once more after a fetch when that was not good enough: an error, or an answer that
 * `isGood` does not take. Without a first fetch nothing is known, but for `offline`: then what the mirror had before a
 * restart will do when the remote is away.
 */
export async function askTwice<T>(
  { mirror, now }: Pick<Repository, "mirror" | "now">,
  ask: () => Promise<T>,
  isGood: (answer: T) => boolean,
  { offline = false } = {},
): Promise<T> {
  const arrived = now();
  if (mirror.fetchedAt() === undefined) {
    try {
      await mirror.fetch();
    } catch (away) {
      if (!offline) throw away;
      const answer = await ask().catch(() => {
        throw away;
      });
      if (isGood(answer)) return answer;
      throw away;
    }
  }
  const isFresh = () => (mirror.fetchedAt() ?? 0) >= arrived;
  try {
    const answer = await ask();
    if (isGood(answer) || isFresh()) return answer;
  } catch (error) {
    if (!(error instanceof RequestError) || !MAY_BE_NEW.includes(error.code) || isFresh()) throw error;
  }
  await mirror.fetch();
  return ask();
}

/**
 * The commit to preview: a tag's, or one that a branch or tag of the repository holds; it has the stack. And why its program is not
 * run, where that is so. `approved`: who asks may say yes to code that main lacks. Throws RequestError.
 */
export async function assessPreview(
  on: Accepting,
  asked: { env: string; tag?: string | undefined; commit?: string | undefined; approved: boolean },
): Promise<{ commit: string; refusal: Refusal | undefined }> {
  const { mirror, catalogue, store, config } = on;
  const { env: stack, approved } = asked;
  const assess = async () => {
    await requireStack(on, stack);
    const commit = await findCommit(mirror, asked);
    await requireStackFile(catalogue, commit, stack, asked.tag ?? commit.slice(0, 7));
    const merged = await isTrustedCommit(mirror, config.gitBranch, commit);
    const hadHere = !merged && (await store.hasSucceeded(stack, commit));
    return { commit, refusal: refusePreview({ mode: config.preview, commit, merged, hadHere, approved }) };
  };
  return askTwice(on, assess, ({ refusal }) => refusal === undefined);
}

async function findCommit(mirror: Mirror, { tag, commit }: { tag?: string | undefined; commit?: string | undefined }) {
  if (tag !== undefined) {
    const found = await mirror.tagCommit(tag);
    if (found === undefined) throw new RequestError("tag_not_found", `The repository has no tag ${tag}`);
    return found;
  }
  // The mirror holds branches and tags only, so what a pull request of a fork brought is not among them.
  if (commit === undefined || !(await mirror.hasCommit(commit))) throw new RequestError("commit_not_found");
  return commit;
}

/** The services of a stack at a commit. Throws RequestError `release_invalid` when the commit does not have the stack. */
async function requireStackFile(catalogue: Catalogue, commit: string, stack: string, name: string): Promise<string[]> {
  const services = await catalogue.services(commit, stack);
  if (services) return services;
  throw new RequestError("release_invalid", `${name} has no Pulumi.${stack}.yaml`, {
    hint: "name a release that has this environment",
  });
}

async function assess(on: Accepting, request: ReleaseRequest): Promise<AssessedRelease> {
  const { mirror, catalogue, store, config, now } = on;
  const { env: stack, tag, services, ...asked } = request;
  await requireStack(on, stack);
  const commit = await findCommit(mirror, { tag });
  const [{ facts, newest, isPinned }] = await Promise.all([
    gatherDeployFacts({ stack, tag, commit, ...asked }, { mirror, store, branch: config.gitBranch }),
    requireStackFile(catalogue, commit, stack, tag).then((known) => requireServices(services, known)),
  ]);
  const decision = assessDeploy(facts);
  if (decision.ok && !isPinned) await pinDecided(store, tag, commit, now());
  return { commit, decision, newest };
}

/** Throws RequestError `env_unknown` unless the main branch has a file for the stack. */
export async function requireStack({ mirror, catalogue, config }: Repository, stack: string): Promise<void> {
  const head = await mirror.branchHead(config.gitBranch);
  if (head === undefined) {
    throw new RequestError("git_unreachable", `The repository has no branch ${config.gitBranch}`, {
      hint: "set GIT_BRANCH to the branch that releases are cut from",
    });
  }
  const stacks = await catalogue.stacks(head);
  if (stacks.includes(stack)) return;
  throw new RequestError("env_unknown", `There is no environment ${stack}`, {
    hint: `name one of: ${stacks.join(", ")}`,
  });
}

/** Throws RequestError `service_unknown` with every name that is not among `known`. */
export function requireServices(asked: string[] | null, known: string[]): void {
  const unknown = (asked ?? []).filter((service) => !known.includes(service));
  if (unknown.length === 0) return;
  throw new RequestError("service_unknown", `There is no service ${unknown.join(", ")}`, {
    hint: `name services of: ${known.join(", ")}`,
  });
}
