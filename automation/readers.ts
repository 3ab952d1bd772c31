// How texts of variables become settings, and what is wrong with one that cannot.
import { z } from "zod";
import { ALLOWED_HOSTS } from "../tools/outgoing/insecure.mjs";
import { parseUsers, type RunUser } from "./work/users.ts";

export const port = z.coerce.number("must be a port number").int().min(0).max(65_535);
export const number = (unit: string) => z.coerce.number(`must be a number of ${unit}`);
export const seconds = (least: number, most = Number.POSITIVE_INFINITY) =>
  number("seconds")
    .min(least, `must be at least ${least} seconds`)
    .max(most, `must be at most ${most} seconds`)
    .transform((value) => value * 1000);
/** Seconds between two of what is done again and again: oftener than once a second is a mistake. */
export const interval = (most: number) =>
  seconds(0, most).refine((ms) => ms === 0 || ms >= 1000, "must be 0 (never) or at least 1 second");
export const days = number("days")
  .min(1, "must be at least 1 day")
  .transform((value) => value * 24 * 3_600_000);

/** `ext::` and other remote helpers run commands, and a leading dash would be an option of git's. */
export const gitUrl = z
  .string("is missing: the repository that holds the platform, e.g. https://github.com/you/platform.git")
  .regex(
    /^((https?|ssh|git|file):\/\/[^\s]+|\/[^\s]+|[\w.-]+@[\w.-]+:[^\s]+)$/,
    "must be an https://, ssh://, git://, file:// address, user@host:path, or an absolute path",
  );

export const branch = z
  .string()
  .regex(/^[A-Za-z0-9][\w./-]*$/, "must be a branch name")
  .refine((name) => !name.includes(".."), "must be a branch name");

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "silent"] as const;

export const hosts = z
  .string()
  .regex(ALLOWED_HOSTS, "must be hosts separated by commas, e.g. dokploy:3000,vault, without http://");

/** One engine worker that the door connects to. */
export interface EngineAddress {
  /** The stack that it gets runs of; `*`: any that no other has. */
  stack: string;
  socket: string;
}

const STACK = /^[a-z][a-z0-9-]{0,62}$/;

export function toEngines(text: string, context: z.RefinementCtx): EngineAddress[] {
  const engines = text.split(",").map((part) => {
    const [, stack = "", socket = ""] = /^([^=]*)=(.*)$/.exec(part.trim()) ?? [];
    return { stack, socket };
  });
  const isGood = ({ stack, socket }: EngineAddress) => (stack === "*" || STACK.test(stack)) && socket.startsWith("/");
  if (!engines.every(isGood))
    context.addIssue("must be like `staging=/run/engines/staging/engine.sock,*=/run/engine.sock`");
  if (new Set(engines.map(({ stack }) => stack)).size < engines.length) context.addIssue("names a stack twice");
  return engines;
}

export function toStackNames(text: string, context: z.RefinementCtx): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (!names.every((name) => STACK.test(name))) context.addIssue("must be names of stacks, separated by commas");
  return names;
}

export function toUsers(text: string, context: z.RefinementCtx): RunUser[] {
  const users = parseUsers(text);
  if (!users) context.addIssue("must be a range of at least two numbers of users, like `20000-20007`");
  return users ?? [];
}
