import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Why tests with real Docker cannot run here: no engine that answers, no Compose plugin, or an image that is not there. Undefined when
 * they can. `images`: what the tests start.
 */
export async function whyNoDocker(...images: string[]): Promise<string | undefined> {
  const questions = [
    { lacks: "no Docker engine answers", words: ["version", "--format", "{{.Server.Version}}"] },
    { lacks: "Docker has no Compose plugin", words: ["compose", "version"] },
    ...images.map((image) => ({ lacks: `there is no image ${image}`, words: ["image", "inspect", image] })),
  ];
  for (const { lacks, words } of questions) {
    const reason = await run("docker", words).then(
      () => undefined,
      (error: { stderr?: string }) => String(error.stderr || error).trim(),
    );
    if (reason !== undefined)
      return `${lacks} here: run node test/tools/docker/setup.mjs and node test/tools/docker/images.mjs (${reason.split("\n")[0]})`;
  }
  return undefined;
}
