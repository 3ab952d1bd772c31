import { z } from "zod";
import type { HttpCheckInput } from "../../dokploy/rules/checks/http.ts";
import { type CheckKind, ONLY_PATIENT, patience } from "./kind.ts";

/**
 * A request that has to be answered. `url` is the whole address, e.g. `https://${context.hostOf("auth")}/-/health/ready/`; or one that
 * names a container of the stack by its full name, `http://platform-auth-staging:9000/`: then it is sent from beside the containers.
 */
export type HttpCheck = HttpCheckInput;

/** Its keys in a stack's file. */
export const httpShape = {
  url: z
    .url({ protocol: /^https?$/, error: "is no address; write `https://auth.example.org/health`" })
    .describe(
      "A request; redirects are not followed. An address that names a container, as `http://platform-redis-staging:6379/`, is asked in the platform's network.",
    ),
  expect: z.int().min(100).max(599).optional().describe("The status that `url` has to answer with. 200 unless given."),
};

/** Made by the provider (components/dokploy/checks.ts) and repeated by every update until it is answered; or by a container (inside.ts). */
export const http: CheckKind<HttpCheck> = {
  key: "url",
  noun: "a request",
  shape: { ...httpShape, ...patience },
  only: { expect: "has no status; leave `expect` out", ...ONLY_PATIENT },
};
