import type { Command } from "commander";
import * as hotfix from "./hotfix.ts";
import * as list from "./list.ts";
import * as next from "./next.ts";
import * as notes from "./notes.ts";
import * as promote from "./promote.ts";
import * as publish from "./publish.ts";

/** `dockmaster release` */
export function define(command: Command): void {
  command.addHelpText(
    "after",
    "\nExamples:\n  dockmaster release next            # the next release for staging\n  dockmaster release promote v1.2.4  # … for production\n  dockmaster release list --json",
  );
  next.define(command.command("next").description("Make the next release for staging."));
  promote.define(
    command.command("promote").description("Make a release that succeeded on staging one for production."),
  );
  hotfix.define(command.command("hotfix").description("Make a release for production alone, upon what it has."));
  notes.define(command.command("notes").description("Tell what a release brings."));
  publish.define(command.command("publish").description("Make a GitHub Release of one, with its notes."));
  list.define(command.command("list").description("List releases, and what is deployed where."));
}
