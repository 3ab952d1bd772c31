import { serverUrl } from "./api/connection.ts";
import type { Context } from "./context.ts";
import { ServiceError } from "./rules/service-error.ts";

/** Throws unless the server that the state names is the one that answers now, under this or another known address. */
export function requireSameServer(
  context: Pick<Context, "alsoAt"> & { dokploy: { readonly url: string } },
  recorded: string,
): void {
  const { url } = context.dokploy;
  const there = URL.canParse(recorded) ? serverUrl(recorded) : recorded;
  if (there === url || context.alsoAt.includes(there)) return;
  throw new ServiceError(
    "config_invalid",
    `the state is about the Dokploy at ${recorded}, but DOKPLOY_URL is ${url}`,
    `set DOKPLOY_URL back; if both are addresses of the same server, set DOKPLOY_ALSO_AT=${recorded}`,
  );
}
