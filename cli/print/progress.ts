import { type Live, openLive, silentLive } from "./live.ts";

/** Where progress goes: nowhere when a program reads the answer. */
export function progressFor({ json }: { json?: boolean }): Live {
  return json ? silentLive() : openLive();
}
