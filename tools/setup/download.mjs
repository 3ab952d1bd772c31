import { createHash } from "node:crypto";
import { createWriteStream, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ENGINE_VERSION } from "../engine-path.mjs";
import { openStream } from "../outgoing/request.mjs";
import { withProgress } from "./progress.mjs";
import { runStep } from "./run.mjs";

/** Where the official releases lie; a mirror can take its place. */
const RELEASES = process.env.DOCKMASTER_ENGINE_URL || "https://get.pulumi.com/releases/sdk";
/** Behind a closed firewall a connection may hang; then the build is the quicker way. */
const ANSWER_WITHIN_MS = 8_000;

const OS = { linux: "linux", darwin: "darwin" };
const ARCH = { x64: "x64", arm64: "arm64" };

/** What the official archives are: lines as of `sha256sum`, of Pulumi's own tap (https://github.com/pulumi/homebrew-tap). */
const CHECKSUMS = new URL("../engine-checksums.txt", import.meta.url);

/**
 * Downloads the official CLI into `folder`, when it is the one that the repository knows.
 * @param {string} folder
 * @param {AbortSignal} signal ends it early
 * @param {string} [checksums] lines as of `sha256sum`; default: the repository's
 * @returns {Promise<void>} rejects when there is none for this machine, the server does not answer in time, or it is another archive
 */
export async function downloadEngine(folder, signal, checksums = readFileSync(CHECKSUMS, "utf8")) {
  const os = OS[/** @type {keyof typeof OS} */ (process.platform)];
  const arch = ARCH[/** @type {keyof typeof ARCH} */ (process.arch)];
  if (!os || !arch) throw new Error(`no official download for ${process.platform} ${process.arch}`);
  const name = `pulumi-v${ENGINE_VERSION}-${os}-${arch}.tar.gz`;
  const url = `${RELEASES}/${name}`;
  const expected = checksums
    .split("\n")
    .find((line) => line.endsWith(`  ${name}`))
    ?.slice(0, 64);
  if (!expected) throw new Error(`tools/engine-checksums.txt has no line for ${name}`);
  const archive = join(folder, "pulumi.tar.gz");
  try {
    const hash = createHash("sha256");
    await withProgress(`Downloading Pulumi ${ENGINE_VERSION}`, async () => {
      // Nothing secret goes along, so it may come from wherever the releases are kept now.
      const { status, body } = await openStream(url, { timeoutMs: ANSWER_WITHIN_MS, signal, redirect: "follow" });
      if (status !== 200) {
        body.on("error", () => {}).destroy();
        throw new Error(`status ${status}`);
      }
      await pipeline(
        body,
        async function* (/** @type {AsyncIterable<Buffer>} */ chunks) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(archive),
      );
    });
    // Nothing of an archive that is another one is unpacked.
    const found = hash.digest("hex");
    if (found !== expected) throw new Error(`${name} has the checksum ${found}, not ${expected}`);
    await runStep("Unpacking Pulumi", "tar", ["-xzf", archive, "--strip-components=1", "-C", folder], { signal });
  } catch (error) {
    const reason =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : error;
    throw new Error(`download from ${new URL(url).host}: ${reason}`);
  } finally {
    rmSync(archive, { force: true });
  }
}
