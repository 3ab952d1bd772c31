import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";
import { openConnections, request } from "../../tools/outgoing/request.mjs";
import { findS3, type S3Place } from "./s3-place.ts";
import type { StateMark } from "./state-mark.ts";

/** How long one answer may take, in milliseconds. */
const TIMEOUT = 5_000;

/** A server tells the time in whole seconds. */
const SECOND = 1_000;

/** A file in a bucket, as a list tells it. */
export interface Listed {
  key: string;
  /** What it holds: another text has another one. */
  etag: string;
  /** When it was written, by the server's clock, in milliseconds since the epoch. */
  writtenAt: number;
}

/**
 * Which state a bucket has of a stack, and whether that is locked: by two lists, as the engine itself asks (pulumi/pulumi,
 * pkg/backend/diy/state.go and lock.go). Throws where the server is away, or refuses.
 */
export async function readS3Mark(
  backendUrl: string,
  project: string,
  stack: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<StateMark> {
  const config = await readFile(join(homedir(), ".aws", "config"), "utf8").catch(() => "");
  const place = findS3(backendUrl, env, config);
  if ("unknown" in place) return place;
  const clear = findInsecure(place.url, allowedHosts(env));
  if (clear !== undefined) return { unknown: `the state's address ${explainInsecure(clear).message}` };
  const connections = openConnections(new URL(place.url), 1, TIMEOUT);
  try {
    const list = (key: string) => listFrom(place, `${place.prefix}.pulumi/${key}`, connections);
    // Locks first: who ends between the two has written the state before it is asked for.
    const locks = await list(`locks/organization/${project}/${stack}/`);
    if (locks.files.length > 0) return { locked: true };
    const states = await list(`stacks/${project}/${stack}.json`);
    return markOf(states, `${place.prefix}.pulumi/stacks/${project}/${stack}.json`);
  } finally {
    connections.destroy();
  }
}

/** What a list says of a state, in whichever of the engine's forms: of several the engine takes the newest. Pure. */
export function markOf({ files, askedAt, saidAt }: Answered, name: string): StateMark {
  const found = files.filter(({ key }) => [name, `${name}.gz`, `${name}.zst`].includes(key));
  if (found.length === 0) return { unknown: "its state is not where it was" };
  const text = found.map(({ key, etag, writtenAt }) => `${key} ${etag} ${writtenAt}\n`).join("");
  // How old it is by the server's own clock, and at most: one of whole seconds cannot say that nobody wrote within the second in which the
  // engine ended. Who did, with an engine, held its lock just before, and what that changed in Dokploy a look sees.
  const oldest = saidAt + SECOND - Math.max(...found.map(({ writtenAt }) => writtenAt));
  return { mark: createHash("sha256").update(text).digest("hex"), writtenAt: askedAt - Math.max(oldest, 0) };
}

/** What a server answered to the question for a list. */
export interface Answered {
  files: Listed[];
  /** When it was asked, by this machine's clock, and when it answered, by its own. */
  askedAt: number;
  saidAt: number;
}

async function listFrom(
  place: S3Place,
  prefix: string,
  connections: ReturnType<typeof openConnections>,
): Promise<Answered> {
  const { AwsV4Signer } = await import("aws4fetch");
  const url = `${place.url}?${new URLSearchParams({ "list-type": "2", prefix })}`;
  const signed = await new AwsV4Signer({ url, ...place.keys, region: place.region, service: "s3" }).sign();
  const askedAt = Date.now();
  const headers = Object.fromEntries(signed.headers);
  const { status, text, date = "" } = await request(signed.url, { headers, timeoutMs: TIMEOUT, connections });
  const saidAt = Date.parse(date);
  if (status !== 200 || Number.isNaN(saidAt)) throw new Error(`the state's server answered ${status}`);
  return { files: parseList(text), askedAt, saidAt };
}

/** The files of a list (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html). Throws for what is none. Pure. */
export function parseList(text: string): Listed[] {
  if (!/<ListBucketResult[\s>]/.test(text)) throw new Error("the state's server answered no list");
  return [...text.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry = ""]) => {
    const [key, etag, written] = ["Key", "ETag", "LastModified"].map((name) => {
      return new RegExp(`<${name}>([^<]+)</${name}>`).exec(entry)?.[1];
    });
    const writtenAt = Date.parse(written ?? "");
    if (key === undefined || etag === undefined || Number.isNaN(writtenAt))
      throw new Error("the state's server answered a list that says not enough");
    return { key, etag, writtenAt };
  });
}
