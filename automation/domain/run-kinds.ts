/** What is to know of one kind of run. */
export interface RunKindFacts {
  /** What it does, as `POST /<kind>` says it. */
  summary: string;
  /** What its engine is told to do. */
  job: "update" | "preview" | "drift";
  /** Whether it writes to its stack: the newest one wins, and who comes next clears away what it left. All others only look. */
  changesStack: boolean;
  /** Whether its request says which release the stack shall have; all others take the one that it has, or none. */
  choosesRelease: boolean;
  /** Whether it goes on without the remote repository, with what the stack has or had. A rollback does in any case. */
  worksOffline: boolean;
  /** What its services tell when it ended well: what was done, what would be done, what somebody changed by hand. */
  answers: "update" | "plan" | "drift";
  /** Seconds that its answer waits for its end unless the caller says otherwise. */
  wait: number;
}

const WAIT = 60;

/** Every kind of run. A request for one is `POST /<kind>`. */
export const RUN_KINDS = {
  deploy: {
    summary: "Bring an environment to a release",
    job: "update",
    changesStack: true,
    choosesRelease: true,
    worksOffline: false,
    answers: "update",
    wait: WAIT,
  },
  sync: {
    summary: "Bring an environment once more to the release it has",
    job: "update",
    changesStack: true,
    choosesRelease: false,
    worksOffline: true,
    answers: "update",
    wait: WAIT,
  },
  preview: {
    summary: "What a deploy would change",
    job: "preview",
    changesStack: false,
    choosesRelease: false,
    worksOffline: false,
    answers: "plan",
    wait: WAIT,
  },
  drift: {
    summary: "What was changed by hand since the last update",
    job: "drift",
    changesStack: false,
    choosesRelease: false,
    worksOffline: true,
    answers: "drift",
    wait: WAIT,
  },
} as const satisfies Record<string, RunKindFacts>;

/** What a run was asked to do. */
export type RunKind = keyof typeof RUN_KINDS;

/** The kinds of which all these facts are true; without any, all kinds. */
export function kindsWith(facts: Partial<RunKindFacts> = {}): RunKind[] {
  const kinds = Object.keys(RUN_KINDS) as RunKind[];
  return kinds.filter((kind) =>
    Object.entries(facts).every(([fact, value]) => RUN_KINDS[kind][fact as keyof RunKindFacts] === value),
  );
}

/** The kinds that write to their stack. */
export const UPDATES = kindsWith({ changesStack: true });
