// The resource types that this project uses, made in a real Vault through its API. For machines that can reach package registries only:
// there Pulumi's own plugin cannot be had. See plugins.ts for when it is used.
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import { takeConfiguration } from "../configuration.ts";
import { differing, marked, plain } from "../props.ts";
import { configure } from "./api.ts";
import { FUNCTIONS, RESOURCE_TYPES, type ResourceType } from "./resources.ts";

process.stderr.write("stand-in for pulumi-resource-vault: the real plugin is not installed here\n");
takeConfiguration(configure);

const provider: Provider = {
  version: "7.8.0",
  schema: "{}",
  async check(_urn, _olds, news) {
    return { inputs: news };
  },
  async diff(_id, urn, olds, news) {
    const changed = differing(olds, news);
    const replaces = changed.filter((key) => typeOf(urn).fixed.includes(key));
    return { changes: changed.length > 0, replaces };
  },
  async create(urn, inputs) {
    const type = typeOf(urn);
    const { id, outs } = await type.create(plain(inputs));
    return { id, outs: marked(outs, type.secret ?? []) };
  },
  async read(id, urn, props) {
    const type = typeOf(urn);
    const found = await type.read(id, plain(props));
    return found ? { id, props: marked(found, type.secret ?? []) } : {};
  },
  async update(id, urn, _olds, news) {
    const type = typeOf(urn);
    if (!type.update) throw new Error(`${urn} cannot be updated`);
    return { outs: marked(await type.update(id, plain(news)), type.secret ?? []) };
  },
  async delete(id, urn, props) {
    await typeOf(urn).remove(id, plain(props));
  },
  async invoke(token, args) {
    const run = FUNCTIONS[token];
    if (!run) throw new Error(`the stand-in does not know ${token}`);
    return { outputs: await run(plain(args)) };
  },
};

await main(provider, process.argv.slice(2));

function typeOf(urn: string): ResourceType {
  const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const type = RESOURCE_TYPES[token];
  if (!type) throw new Error(`the stand-in does not know ${token}`);
  return type;
}
