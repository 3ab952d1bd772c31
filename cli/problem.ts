import { EXIT } from "./exit.ts";

/** A mistake or a failure that is explained to the person at the keyboard: what is wrong, and what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** Short and constant, for programs that read `--json`. */
  readonly code: string;
  readonly hint: string;
  readonly exitCode: number;

  /** `exitCode` is 1 unless given. No text may hold a secret. */
  constructor(code: string, message: string, hint: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = hint;
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

/** A command used wrongly: exit code 2. */
export function wrongUse(message: string, hint: string): CliError {
  return new CliError("wrong_use", message, hint, { exitCode: EXIT.wrongUse });
}
