// `command:local:Command`, as far as this project uses it. For machines that can reach package registries only: there Pulumi's own plugin
// cannot be had. See plugins.ts for when it is used.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import { differing, type Props, plain } from "../props.ts";

process.stderr.write("stand-in for pulumi-resource-command: the real plugin is not installed here\n");

const provider: Provider = {
  version: "1.2.1",
  schema: "{}",
  async check(_urn, _olds, news) {
    return { inputs: news };
  },
  async diff(_id, _urn, olds, news) {
    const changed = differing(olds, news);
    return { changes: changed.length > 0, replaces: changed.filter((key) => key === "triggers") };
  },
  async create(_urn, inputs) {
    return { id: randomBytes(16).toString("hex"), outs: await run(inputs, "create") };
  },
  async read(id, _urn, props) {
    return { id, props };
  },
  async update(_id, _urn, _olds, news) {
    return { outs: await run(news, "update") };
  },
  async delete(_id, _urn, props) {
    if (plain(props).delete !== undefined) await run(props, "delete");
  },
};

await main(provider, process.argv.slice(2));

async function run(inputs: Props, step: "create" | "update" | "delete"): Promise<Props> {
  const { environment = {}, ...props } = plain(inputs);
  const command = String(props[step] ?? props.create);
  const env = { ...process.env, ...(environment as NodeJS.ProcessEnv) };
  try {
    const { stdout, stderr } = await promisify(execFile)("/bin/sh", ["-c", command], { env });
    return { ...inputs, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    throw new Error(`exit status ${code}: running "${command}":\n${stdout}${stderr}`);
  }
}
