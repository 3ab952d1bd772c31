import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StackPlace } from "../state/backend.ts";
import { lockFolder, removeLock, takeLock } from "../state/locks.ts";
import { ORGANIZATION, serveState } from "./service.ts";
import { settleJournal } from "./settle.ts";
import { awaitUpdate } from "./update.ts";

/** How long the engine gathers steps before it sends them, in milliseconds: each waits for that, and costs less the more there are. */
const BATCH = 5;

/** A stack that is held for one `pulumi up`. */
export interface JournaledUpdate {
  /** Id of the stack's lock. */
  lock: string;
  /** For the engine: where it finds the state, and how it gets in. */
  env: Record<string, string>;
  /** Records what was done, however the engine ended, and lets go of the stack. */
  close(): Promise<void>;
}

/**
 * Holds a stack of a `file://` backend for one `pulumi up` whose engine writes a journal: every step is on disk once, before it
 * begins and after it ended, instead of the whole state each time. When the update is over, or cut off, the journal becomes the
 * state. The engine's key to it lies in the folder `credentials`. Throws StackLocked, JournalConflict.
 */
export async function openJournaledUpdate(place: StackPlace, credentials: string): Promise<JournaledUpdate> {
  const locks = lockFolder(place);
  const lock = await takeLock(locks);
  const release = () => removeLock(locks, lock);
  try {
    await settleJournal(place);
    // One that the program has for Pulumi Cloud goes before any other: then it is the key to this service too.
    const token = process.env.PULUMI_ACCESS_TOKEN || randomBytes(24).toString("base64url");
    const update = awaitUpdate(place, () => BigInt(Date.now()) * 1_000_000n);
    const service = await serveState(place.folder, update, token);
    await logIn(credentials, service.url, token);
    return {
      lock,
      env: {
        PULUMI_BACKEND_URL: service.url,
        PULUMI_CREDENTIALS_PATH: credentials,
        PULUMI_JOURNALING_BATCH_PERIOD: String(BATCH),
      },
      async close() {
        await service.close();
        // Whatever becomes of the files, the stack is let go.
        await update
          .end()
          .finally(release)
          .finally(() => rm(credentials, { recursive: true, force: true }));
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** What `pulumi login` notes (pulumi/pulumi, sdk/go/common/workspace/creds.go): no token in anybody's environment, no word about it. */
async function logIn(folder: string, url: string, token: string): Promise<void> {
  const account = {
    accessToken: token,
    username: ORGANIZATION,
    organizations: [ORGANIZATION],
    lastValidatedAt: new Date(),
  };
  const credentials = { current: url, accessTokens: { [url]: token }, accounts: { [url]: account } };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "credentials.json"), JSON.stringify(credentials), { mode: 0o600 });
}
