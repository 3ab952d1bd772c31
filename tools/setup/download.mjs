import { createWriteStream, rmSync } from "node:fs";
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

/**
 * Downloads the official CLI into `folder`.
 * @param {string} folder
 * @param {AbortSignal} signal ends it early
 * @returns {Promise<void>} rejects when there is none for this machine or the server does not answer in time
 */
export async function downloadEngine(folder, signal) {
  const os = OS[/** @type {keyof typeof OS} */ (process.platform)];
  const arch = ARCH[/** @type {keyof typeof ARCH} */ (process.arch)];
  if (!os || !arch) throw new Error(`no official download for ${process.platform} ${process.arch}`);
  const url = `${RELEASES}/pulumi-v${ENGINE_VERSION}-${os}-${arch}.tar.gz`;
  const archive = join(folder, "pulumi.tar.gz");
  try {
    await withProgress(`Downloading Pulumi ${ENGINE_VERSION}`, async () => {
      // Nothing secret goes along, so it may come from wherever the releases are kept now.
      const { status, body } = await openStream(url, { timeoutMs: ANSWER_WITHIN_MS, signal, redirect: "follow" });
      if (status !== 200) {
        body.on("error", () => {}).destroy();
        throw new Error(`status ${status}`);
      }
      await pipeline(body, createWriteStream(archive));
    });
    await runStep("Unpacking Pulumi", "tar", ["-xzf", archive, "--strip-components=1", "-C", folder], { signal });
  } catch (error) {
    const reason =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : error;
    throw new Error(`download from ${new URL(url).host}: ${reason}`);
  } finally {
    rmSync(archive, { force: true });
  }
}
