import { parse } from "yaml";

/**
 * For the engine's process of one update: the whole state is written once, at the end, not after every step (pulumi/pulumi,
 * pkg/backend/snapshot.go, unsafeServiceLoop). What a killed update did is then in no state: the next one finds it again by its marker,
 * and by what the last deployment brought. Nothing where the state alone knows something, see `isFoundAgain`. Pure.
 */
export function checkpointSettings(stackFile: string): Record<string, string> {
  return isFoundAgain(stackFile) ? { PULUMI_SKIP_CHECKPOINTS: "true" } : {};
}

/**
 * Whether all that an update makes can be found again without the state that it would have written. Vault shows a secret id once, and
 * not which rotation was the last: a second try would mint another one, and rotate once more. Pure.
 */
export function isFoundAgain(stackFile: string): boolean {
  const { config } = (parse(stackFile) ?? {}) as { config?: Record<string, unknown> | null };
  return config?.["platform:secrets"] !== "vault";
}
