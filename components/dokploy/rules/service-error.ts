/** Why a service could not be brought to what the program says. */
export type ErrorCode =
  | "dokploy_auth"
  | "dokploy_unreachable"
  | "dokploy_elsewhere"
  | "docker_unreachable"
  | "deployment_failed"
  | "unhealthy"
  | "check_failed"
  | "timeout"
  | "canceled"
  | "config_invalid"
  | "program_error";

/** A failure in words for people: what happened, what to do, and the end of the log that shows it (not yet masked). */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly log: string[];

  constructor(code: ErrorCode, message: string, hint: string, log: string[] = []) {
    super(message);
    this.name = "ServiceError";
    this.code = code;
    this.hint = hint;
    this.log = log;
  }
}
