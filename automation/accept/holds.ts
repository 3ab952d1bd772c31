import type { z } from "zod";
import type { holdBody, liftBody } from "../api/requests.ts";
import type { Signature } from "../api/signature.ts";
import type { Hold } from "../domain/gates/hold.ts";
import { UPDATES } from "../domain/run-kinds.ts";
import type { Variables } from "../environment.ts";
import { RequestError } from "../errors.ts";
import { tellHold } from "../notify/hold-notices.ts";
import type { Store } from "../store/store.ts";
import { askTwice, type Repository, requireStack } from "./release-request.ts";
import { requireRight } from "./runs.ts";

/** What stacks are held with. */
export interface HoldingBack extends Repository {
  store: Store;
  variables: Pick<Variables, "get">;
}

/** Holds a stack. Throws RequestError when there is no such stack, or its time is over already. */
export async function acceptHold(
  on: HoldingBack,
  { env, reason, until: asked, triggered_by: by }: z.output<typeof holdBody>,
  signature: Signature,
): Promise<{ hold: Hold; duplicate: boolean; underWay: string | null }> {
  requireRight(signature, env);
  const until = asked ?? null;
  await askTwice(
    on,
    () => requireStack(on, env),
    () => true,
    { offline: true },
  );
  if (until !== null && until <= on.now()) {
    throw new RequestError("body_invalid", "until: must be in the future", {
      hint: "name a later moment, or leave it out",
    });
  }
  const made = await on.store.hold({ stack: env, by, reason, until }, on.now(), tellHold(on, "held"));
  const [running] = await on.store.runs({ stack: env, kinds: UPDATES, states: ["running"], limit: 1 });
  return { ...made, underWay: running?.id ?? null };
}

/** Lifts a hold. Throws RequestError `hold_not_found`, `hold_ended`. */
export async function liftHold(
  on: Pick<HoldingBack, "store" | "variables" | "now">,
  id: string,
  { triggered_by: by }: z.output<typeof liftBody>,
  signature: Signature,
): Promise<Hold> {
  const hold = await on.store.readHold(id);
  if (!hold) throw new RequestError("hold_not_found");
  requireRight(signature, hold.stack);
  const ended = await on.store.endHold(id, by, on.now(), tellHold(on, "hold_ended"));
  if (!ended) throw new RequestError("hold_ended");
  return ended;
}
