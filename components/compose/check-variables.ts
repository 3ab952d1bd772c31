import type { Context } from "./context.ts";
import type { ComposeFile } from "./model.ts";
import { brokenVariable, variablesIn } from "./variables.ts";
import { scalars } from "./walk.ts";

/** Every `${NAME}` has a value, none holds a secret, and no `$` is one that Compose would refuse. */
export function checkVariables(compose: ComposeFile, context: Context): void {
  const known = new Set([...Object.keys(context.variables), ...Object.keys(context.env)]);
  const secretKeys = new Set(Object.values(compose.secrets ?? {}).map((secret) => secret.environment));
  for (const { path, value } of scalars(compose)) {
    if (typeof value !== "string") continue;
    const broken = brokenVariable(value);
    if (broken !== undefined) {
      context.report(path, `\`${broken}\` is no variable that Compose knows`, "write `$$` for a literal `$`");
    }
    for (const { name, operator } of variablesIn(value)) {
      if (secretKeys.has(name)) {
        const hint = "read it from /run/secrets: values in the environment show in `docker inspect`";
        context.report(path, `\`${name}\` holds a secret`, hint);
      } else if (!known.has(name) && !operator?.match(/[-+]/)) {
        const hint = `write \`$$${name}\` when the container's shell should resolve it; a secret goes into \`secrets:\`, and is read from /run/secrets; else give it a default or a plain value in the service's env`;
        context.report(path, `variable \`${name}\` has no value`, hint);
      }
    }
  }
}
