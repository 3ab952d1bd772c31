import { type MissingCommit, type Standing, toRelation } from "../../../../../automation/domain/releases/ancestry.ts";
import {
  assessHotfix,
  assessPromotion,
  planStagingTag,
  type TagDecision,
} from "../../../../../automation/domain/releases/promotion.ts";
import {
  assessDeploy,
  type DeployDecision,
  type DeployFacts,
} from "../../../../../automation/domain/releases/release-rules.ts";
import type { Release } from "../../../../../automation/domain/releases/release-tag.ts";
import type { TagTrailers } from "../../../../../automation/domain/releases/tag-message.ts";

interface Commit {
  id: string;
  /** Itself and all its ancestors, oldest first. */
  contains: string[];
  /** What it changes; two commits with the same change have the same patch id. A merge changes nothing. */
  change: string | null;
}

/** A repository and two stacks, small enough to generate: what Git and the store would answer is computed from sets. */
export class History {
  readonly commits: Commit[] = [];
  readonly tags: (Release & { trailers: TagTrailers })[] = [];
  /** Every tag that was ever made, deleted ones too. */
  readonly made: Release[] = [];
  readonly had = { staging: [] as Release[], production: [] as Release[] };
  readonly #requests = { staging: [] as Release[], production: [] as Release[] };
  main: Commit;

  constructor() {
    this.main = this.commit(undefined, "start");
  }

  commit(parent: Commit | undefined, change: string | null, merged?: Commit): Commit {
    const id = (this.commits.length + 1).toString(16).padStart(40, "0");
    const contains = [...new Set([...(parent?.contains ?? []), ...(merged?.contains ?? []), id])].sort();
    const made = { id, contains, change };
    this.commits.push(made);
    return made;
  }

  find(id: string): Commit {
    const found = this.commits.find((each) => each.id === id);
    if (!found) throw new Error(`no commit ${id}`);
    return found;
  }

  onMain(commit: Commit): boolean {
    return this.main.contains.includes(commit.id);
  }

  changes(commit: Commit): string[] {
    return commit.contains.map((id) => this.find(id).change).filter((change) => change !== null);
  }

  current(stack: "staging" | "production"): Release | undefined {
    return this.had[stack].at(-1);
  }

  standing(commit: Commit, release: Release | undefined): Standing | null {
    if (!release) return null;
    const contains = commit.contains.includes(release.commit);
    const isContained = this.find(release.commit).contains.includes(commit.id);
    return { ...release, relation: toRelation({ known: true, contains, isContained }) };
  }

  missing(commit: Commit): MissingCommit[] {
    const current = this.current("production");
    if (!current) return [];
    const own = this.changes(commit);
    return this.find(current.commit)
      .contains.filter((id) => !commit.contains.includes(id))
      .map((id) => this.find(id))
      .map(({ id, change }) => ({ commit: id, covered: change === null || own.includes(change) }));
  }

  /** Makes the tag that was decided and answers it. */
  tag(decision: TagDecision, commit: Commit): string | undefined {
    if (!decision.ok) return undefined;
    if (decision.isNew) {
      const { tag, trailers } = decision;
      this.tags.push({ tag, commit: commit.id, trailers });
      this.made.push({ tag, commit: commit.id });
    }
    return decision.tag;
  }

  tagFacts(commit: Commit) {
    const counted = this.made.filter((each) => this.onMain(this.find(each.commit))).map(({ tag }) => tag);
    return { commit: commit.id, tags: this.tags, taken: this.made.map(({ tag }) => tag), counted, releasedBy: "ada" };
  }

  stagingTag(commit: Commit): string {
    return this.tag({ ok: true, ...planStagingTag(this.tagFacts(commit)) }, commit) ?? "";
  }

  promotion(commit: Commit, drops: string[]): TagDecision {
    return assessPromotion({
      ...this.tagFacts(commit),
      onMain: this.onMain(commit),
      succeededOnStaging: this.had.staging.some((each) => each.commit === commit.id),
      current: this.standing(commit, this.current("production")),
      missing: this.missing(commit),
      drops,
      newMajor: false,
    });
  }

  hotfix(commit: Commit): TagDecision {
    const current = this.standing(commit, this.current("production"));
    return assessHotfix({ ...this.tagFacts(commit), onMain: this.onMain(commit), current });
  }

  /** Sends a deploy that, when taken, succeeds. */
  deploy(stack: "staging" | "production", tag: string, rollback = false): DeployDecision {
    const release = this.tags.find((each) => each.tag === tag);
    if (!release) throw new Error(`no tag ${tag}`);
    const commit = this.find(release.commit);
    const newest = this.#requests[stack].at(-1);
    // A hotfix is taken from people only.
    const replayable = !rollback && (stack === "staging" || this.onMain(commit));
    const facts: DeployFacts = {
      stack,
      target: {
        tag,
        commit: commit.id,
        firstCommit: commit.id,
        kind: release.trailers.kind,
        drops: release.trailers.drops,
        onMain: this.onMain(commit),
        proof: { by: "ada" },
      },
      rollback,
      replayable,
      mayHotfix: false,
      current: this.standing(commit, this.current(stack)),
      newest: this.standing(commit, newest),
      askedBefore: this.#requests[stack].slice(0, -1).some((each) => each.commit === commit.id),
      hadHere: this.had[stack].some((each) => each.commit === commit.id),
      succeededOnStaging: this.had.staging.some((each) => each.commit === commit.id),
      missing: this.missing(commit),
      missingTags: this.tags,
    };
    const decision = assessDeploy(facts);
    if (decision.ok) {
      this.#requests[stack].push({ tag, commit: commit.id });
      this.had[stack].push({ tag, commit: commit.id });
    }
    return decision;
  }
}
