import type { Command } from "commander";
import * as get from "./get.ts";
import * as list from "./list.ts";
import * as rotate from "./rotate.ts";
import * as set from "./set.ts";

/** `dockmaster secret` */
export function define(command: Command): void {
  command.addHelpText(
    "after",
    "\nExamples:\n  dockmaster secret list staging --json\n  dockmaster secret get staging redis redis_password --reveal\n  pass show smtp | dockmaster secret set production authentik smtp_password\n  dockmaster secret rotate staging redis",
  );
  list.define(command.command("list").description("List the secrets of a stack; no value is shown."));
  get.define(command.command("get").description("Show one secret, masked unless --reveal."));
  set.define(command.command("set").description("Give a secret a value of your own, read from stdin."));
  rotate.define(command.command("rotate").description("Give every generated secret of a service a new value."));
}
