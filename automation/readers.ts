// How texts of variables become settings, and what is wrong with one that cannot.
import { z } from "zod";
import { ALLOWED_HOSTS } from "../tools/outgoing/insecure.mjs";

export const port = z.coerce.number("must be a port number").int().min(0).max(65_535);
export const number = (unit: string) => z.coerce.number(`must be a number of ${unit}`);
export const seconds = (least: number) =>
  number("seconds")
    .min(least, `must be at least ${least} seconds`)
    .transform((value) => value * 1000);
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
