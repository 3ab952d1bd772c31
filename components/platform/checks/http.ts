import { z } from "zod";
import type { CheckKind, Patience } from "./kind.ts";

/** A request that has to be answered after a deployment. */
export interface HttpCheck extends Patience {
  /** The whole address, e.g. `https://${context.hostOf("auth")}/-/health/ready/`. */
  url: string;
  /** Expected status. Default 200. */
  expect?: number | undefined;
}

/** Its keys in a stack's file. */
export const httpShape = {
  url: z
    .url({ protocol: /^https?$/, error: "is no address; write `https://auth.example.org/health`" })
    .describe("A request; redirects are not followed."),
  expect: z.int().min(100).max(599).optional().describe("The status that `url` has to answer with. 200 unless given."),
};

/** Made by the provider (components/dokploy/checks.ts), and repeated by every update until it is answered. */
export const http: CheckKind<HttpCheck> = {
  key: "url",
  noun: "a request",
  shape: httpShape,
  only: { expect: "has no status; leave `expect` out" },
};
