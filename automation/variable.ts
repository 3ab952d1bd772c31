import type { z } from "zod";

/** Who sees a variable besides the runner: the engine with the program that it runs, and what fetches releases and their packages. */
export type Viewer = "program" | "git" | "npm";

/** One environment variable. Every one can also be given as `<NAME>_FILE`. */
export interface Variable {
  /** Its meaning, for the documentation; absent for what is not the runner's own. */
  docs?: string;
  /** Value when it is not set, as one would write it. */
  default?: string;
  /** The same where it depends on others, in words. */
  defaultIs?: string;
  /** How its text becomes a setting, and below which name `Config` has that. */
  reads?: z.ZodType;
  setting?: string;
  /** `whole`: its value must never be seen. `password`: it is an address that may hold one. */
  secret?: "whole" | "password";
  /**
   * How long it must be, so that nobody guesses it: as a `whole`, or each of its `parts` between commas; what is shorter counts as none.
   * `advised`: a shorter one is only warned of, since what it encrypted needs it as it is.
   */
  strength?: "whole" | "parts" | "advised";
  seenBy?: readonly Viewer[];
  /** As a field of the runner's secret in Vault: `always`, when somebody names it, or minted by the bootstrap stack. */
  inVault?: "always" | "named" | "minted";
  /** Who of the runner's two processes reads it: the door, unless this says otherwise. What the program or npm sees the engine worker has. */
  readBy?: "engine" | "both";
  /** Without it the stack's file has to have it: said at the start. */
  orInStackFile?: true;
  /** An address that keys or releases go to: refused when that is in clear, to a host that ALLOW_INSECURE does not name. */
  encrypted?: true;
}
