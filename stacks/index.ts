import * as pulumi from "@pulumi/pulumi";
import { platform } from "./platform.ts";

/** The stack's name picks the program. */
async function program(stack: string): Promise<{ services: string[] }> {
  if (stack === "bootstrap") {
    throw new pulumi.RunError("the bootstrap stack is not part of this release  (run `staging` or `production`)");
  }
  return platform(stack);
}

/** Names of the stack's services, in the order of their dependencies. */
export const { services } = await program(pulumi.getStack());
