import { z } from "zod";
import { PLANS } from "../../components/bootstrap/github/features.ts";
import {
  DOOR_SECRETS,
  ENGINE_SECRETS,
  isOptionalSecret,
  OPTIONAL_SECRETS,
  OWN_SIGN_IN,
} from "../../components/bootstrap/runner/secrets.ts";
import { httpChecks } from "../../components/platform/checks/checks.ts";
import { commonSettings, memory } from "../../components/platform/service.ts";
import { signInSettings } from "../config/config-vault.ts";
import { RELEASE_TAG } from "../release-tag.ts";

const isSecret = (name: string) =>
  [...DOOR_SECRETS, ...ENGINE_SECRETS, ...OWN_SIGN_IN].some((each) => each === name) || isOptionalSecret(name);
const OPTIONAL = `${OPTIONAL_SECRETS.join(", ")}, NOTIFY_…`;
const OURS = ["HOST", "PORT", "DATA_DIR", "HOME", "npm_config_cache"];

/** Why a variable of the runner cannot be set here. */
function refuseVariable(name: string): string | undefined {
  if (isSecret(name)) return "is a secret; name it below `secrets`, its value comes from Vault";
  if (OURS.includes(name) || /^ENGINES$|^ENGINE_/.test(name)) return "is set by the platform; leave it out";
  if (/^[A-Z_][A-Z0-9_]*$/.test(name)) return undefined;
  return "is no variable of the runner; use capital letters, digits and `_`";
}

const image = z.strictObject({
  repository: z
    .string({ error: "is missing; write where the image is pushed, as `ghcr.io/you/dockmaster`" })
    .regex(
      /^[a-z0-9]([a-z0-9.-]*(:\d+)?\/)?[a-z0-9._/-]+$/,
      "is no name of an image; write it without tag, as `ghcr.io/you/dockmaster`",
    )
    .describe("Where the image is pushed, without a tag, e.g. `ghcr.io/you/dockmaster`."),
  use: z
    .string()
    .regex(
      new RegExp(`^(${RELEASE_TAG.source.slice(1, -1)}(@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64})$`),
      "names no image; write a release (`v1.2.4`), a digest (`sha256:…`), or both (`v1.2.4@sha256:…`)",
    )
    .optional()
    .describe(
      "A release or digest that is in `repository` already; nothing is built then. CI prints the digest of what it pushed to `ghcr.io/<owner>/<repository>`.",
    ),
  platform: z
    .enum(["linux/amd64", "linux/arm64"])
    .default("linux/amd64")
    .describe("Of the server that the runner runs on."),
  scan: z
    .boolean()
    .optional()
    .describe(
      "Look for known holes with [Trivy](https://trivy.dev) before an image that is built here is pushed: `true` fails without Trivy, `false` never looks. Unless given: where Trivy is installed; elsewhere the update warns.",
    ),
  push: z
    .string()
    .optional()
    .describe("User who pushes; the password is `REGISTRY_PASSWORD`. The laptop's own `docker login` unless given."),
  pull: z
    .string()
    .optional()
    .describe(
      "User as whom Dokploy pulls; the password is `REGISTRY_PULL_PASSWORD`. Leave it out where everybody may pull.",
    ),
});

const variables = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .superRefine((env, { addIssue }) => {
    for (const name of Object.keys(env)) {
      const message = refuseVariable(name);
      if (message) addIssue({ code: "custom", path: [name], message });
    }
  })
  .default({});

const engine = z.strictObject({
  memory: memory("1g").unwrap().optional().describe("Memory limit of this worker. `runner.memory` unless given."),
  env: variables.describe(
    "Plain variables of this worker alone, e.g. a `DOKPLOY_URL`. They count before `runner.env`.",
  ),
});

const runner = z.strictObject({
  memory: memory("1g").describe(
    "Memory limit of each engine worker, which runs the updates of one stack. An update takes 0.5 GB, one of 400 services 1 GB: give it `2g` then.",
  ),
  doorMemory: memory("512m").describe(
    "Memory limit of the door, which takes the requests and fetches the repository: one of several gigabytes may need more.",
  ),
  branch: z
    .string()
    .regex(/^[A-Za-z0-9][\w./-]*$/, "is no name of a branch")
    .default("main")
    .describe("Branch that releases are cut from."),
  env: variables.describe(
    "More plain variables, of the door and of all engine workers, e.g. `LOG_LEVEL`, `REQUIRE_V2`, `RUN_TIMEOUT`, `WEBHOOK_TAG`.",
  ),
  engines: z
    .record(z.string(), engine)
    .default({})
    .describe("What differs for one stack's engine worker: stack → settings."),
  secrets: z
    .array(z.string().refine(isOptionalSecret, `is no secret of the runner; known are ${OPTIONAL}`))
    .default([])
    .describe(
      `More secrets that door or workers read from Vault: ${OPTIONAL}. What the state's backend needs is added by itself.`,
    ),
  kept: z
    .string()
    .regex(
      /^[\w-]+(\/[\w-]+)*$/,
      "is no path below the KV mount; write it without mount and `data`, as `bootstrap/iac_runner`",
    )
    .optional()
    .describe("A path in Vault, below the KV mount, that holds the door's secrets already and is kept."),
  signIn: z.int().min(1).default(1).describe("Raise it to give the workers and all agents new secret ids at Vault."),
  checks: httpChecks
    .optional()
    .describe("Requests that must be answered after a deployment. `/health/live` at its address unless given."),
  waitTimeout: commonSettings.waitTimeout.default(180).describe("Seconds until it has to be healthy."),
  adopt: commonSettings.adopt,
});

const vault = z.strictObject({
  kv: z
    .string()
    .regex(/^[\w-]+$/, "is no mount; write its path without slashes, as `secret`")
    .default("secret")
    .describe("KV v2 mount of the secrets."),
  approle: z
    .string()
    .regex(/^[\w-]+$/, "is no mount; write its path without slashes, as `approle`")
    .default("approle")
    .describe("AppRole mount."),
  existing: z.boolean().default(false).describe("Both mounts are there already and belong to somebody else."),
  // Of the runner and its agent; each stack says them for its own services.
  ...signInSettings,
});

const github = z.strictObject({
  repository: z
    .string({ error: "is missing; write `owner/name`" })
    .regex(/^[\w.-]+\/[\w.-]+$/, "is no repository; write `owner/name`")
    .describe("`owner/name`; it must exist."),
  trigger: z
    .enum(["actions", "webhook"])
    .default("actions")
    .describe("What deploys a push to staging: the workflow, or the push webhook."),
  reviewers: z
    .array(z.string().regex(/^(team:)?[\w-]+$/, "is neither user nor team; write `anna` or `team:platform`"))
    .max(6, "GitHub takes six reviewers at most; name a team")
    .default([])
    .describe("Who approves deployments to production: `anna`, or `team:platform`. Nobody approves their own."),
  tagMakers: z
    .array(z.string().regex(/^(team:)?[\w-]+$/, "is neither user nor team; write `anna` or `team:platform`"))
    .optional()
    .describe(
      "Who may make tags `v*` beside administrators and deploy keys: `anna`, or `team:platform`. The workflows get a deploy key then. Whoever may push, unless given.",
    ),
  waitMinutes: z.int().min(0).max(43_200).default(0).describe("Minutes that a deployment to production waits."),
  approvals: z.int().min(0).max(10).default(1).describe("Approvals that a pull request needs."),
  checks: z.array(z.string().min(1)).default([]).describe("Checks that must have passed before a merge."),
  plan: z.enum(PLANS).optional().describe("The owner's plan. Asked for unless given; not every token may know it."),
  api: z
    .url({ protocol: /^https?$/, error: "is no address; write `https://github.example.org/api/v3`" })
    .default("https://api.github.com")
    .describe("Address of the REST API, for a GitHub of your own."),
});

const host = z.strictObject({
  address: z.string({ error: "is missing; write the host's name or address" }).min(1).describe("Name or address."),
  user: z.string().min(1).default("root").describe("Root, or somebody who may use `sudo` without a password."),
  port: z.int().min(1).max(65_535).default(22).describe("Port of its SSH server."),
  hostKey: z
    .string({ error: "is missing; write what `ssh-keyscan -t ed25519 <host>` prints after the name" })
    .regex(/^(ssh-ed25519|ecdsa-sha2-\S+|ssh-rsa) [A-Za-z0-9+/=]+$/, "is no public key; write `ssh-ed25519 AAAA…`")
    .describe("Its public key, so that nobody in between can answer."),
});

/** The keys below `bootstrap:`. */
export const bootstrapSettings = z.strictObject({
  domain: z
    .string({ error: "is missing; the runner answers at `iac.<domain>`: write `example.org`" })
    .regex(
      /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$/,
      "is no domain name; write it in small letters, as `example.org`",
    )
    .describe("The runner answers at `iac.<domain>`."),
  image: image.describe("The runner's image."),
  runner: runner.prefault({}).describe("The runner itself."),
  vault: vault.prefault({}).describe("Where secrets and roles are in Vault."),
  github: github.optional().describe("The GitHub repository. Nothing is set up there unless given."),
  host: host.optional().describe("The host that Dokploy runs on. Nothing is prepared there unless given."),
});

/** Settings of the bootstrap stack, checked. */
export type BootstrapSettings = z.infer<typeof bootstrapSettings>;
