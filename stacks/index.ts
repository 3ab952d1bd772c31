import "../tools/shortcuts/fewer-stack-traces.ts";
import * as pulumi from "@pulumi/pulumi";

/** What a stack answers. */
interface Outputs {
  /** Names of its services, in the order of their dependencies. */
  services: string[];
  /** Of bootstrap only: address of the runner, and the image that it runs. */
  url?: string;
  image?: pulumi.Output<string>;
}

/** The stack's name picks the program. Only that is loaded: the SDKs of bootstrap's providers are large. */
async function program(stack: string): Promise<Outputs> {
  if (stack === "bootstrap") return (await import("./bootstrap.ts")).bootstrap();
  return (await import("./platform.ts")).platform(stack);
}

// A default export, because an output that one of the programs lacks must not be named.
// biome-ignore lint/style/noDefaultExport: what the engine reads
export default await program(pulumi.getStack());
