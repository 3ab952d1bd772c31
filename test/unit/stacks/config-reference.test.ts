import { expect, it } from "vitest";
import { catalogue } from "../../../stacks/catalogue.ts";
import { platformSettings } from "../../../stacks/config.ts";
import { configReference } from "../../../stacks/config-reference.ts";

const reference = configReference();

it.each(Object.keys(platformSettings.shape))("explains platform:%s", (key) => {
  expect(reference).toMatch(new RegExp(`^\\| \`platform:${key}\` \\| .+ \\| .+ \\| \\S.+ \\|$`, "m"));
});

it.each(catalogue.flatMap(({ name, settings }) => Object.keys(settings.shape).map((key) => [name, key])))(
  "explains %s' setting %s",
  (_name, key) => {
    expect(reference).toMatch(new RegExp(`^\\| \`${key}\` \\| .+ \\| .+ \\| \\S.+ \\|$`, "m"));
  },
);
