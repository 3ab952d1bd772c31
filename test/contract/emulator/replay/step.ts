/** A request of the walk and what the real server answered. */
export interface RequestStep {
  method: string;
  /** With its query, as recorded: ids are the real server's. */
  path: string;
  /** `admin`, `wrong`, `<SOME_KEY>` of an earlier answer; left out: none. */
  key?: string;
  bearer?: string;
  headers?: Record<string, string>;
  contentType?: string;
  json?: unknown;
  /** A body that is not JSON. */
  text?: string;
  /** Dot-path → number of characters: bodies too large to keep. */
  fill?: Record<string, number>;
  answer: Answer;
  /** The walk's script did this without showing it; it is here so that what follows meets the same state. */
  unrecorded?: true;
}

export interface Answer {
  /** Null: no answer came. */
  status: number | null;
  json?: unknown;
  text?: string;
  /** The record was cut: these values of it are known. */
  partial?: unknown;
  /** Deployment ids to learn, by title. */
  partialByTitle?: Record<string, string>;
}

/** Waits until no deployment runs, then looks at the service and at its newest deployments. */
export interface SettleStep {
  settle: { composeId: string; composeStatus?: string; deployments?: [string, string][]; newestId?: string };
}

/** Something that the walk saw on the server's disk or in its containers. */
export interface CheckStep {
  check:
    | { volumesOf: string; left: string[] }
    | { files: string; are: string[] }
    | { container: string; env: Record<string, string> }
    | { running: string[] }
    | { gone: string };
}

export type ControlStep =
  | { control: "restart" }
  | { control: "clearFaults" }
  | { control: "deleteServicesOf"; environmentId: string }
  | { fault: { kind: "stuck"; service: string } | { kind: "slow-deploy"; service: string; ms: number } };

export type Step = RequestStep | SettleStep | CheckStep | ControlStep;

export interface Section {
  section: string;
  title: string;
  steps: Step[];
}
