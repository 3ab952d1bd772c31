import * as pulumi from "@pulumi/pulumi";
import { fromEngine, type RawConfig } from "./raw-config.ts";
import { fromStackFile, readStackFile } from "./stack-file.ts";

/** The stack's config as the engine hands it to this program; places of keys, and what is in clear, come from the stack's file. */
export function readEngineConfig(stack: string): RawConfig {
  // The SDK has no public way to ask which keys are secrets without reading each of them as an Output.
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  const file = fromStackFile(stack, readStackFile(stack) ?? "");
  return fromEngine(stack, pulumi.runtime.allConfig(), isConfigSecret, file.raw);
}
