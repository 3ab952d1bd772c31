import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Checkout } from "./checkout.ts";

/** The name in `Pulumi.yaml`, which states and markers carry. */
export function readProject({ folder }: Checkout): string {
  const { name } = parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8")) as { name: string };
  return name;
}
