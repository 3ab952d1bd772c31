/** When a check has to hold: until an update may end well, or in the time after it. */
export const MOMENTS = ["release", "watch"] as const;
export type Moment = (typeof MOMENTS)[number];

/** What every check has. */
export interface Timed {
  /** Default: the release only; left out then, as in states of before there was another. */
  during?: readonly Moment[];
}

export interface TimedInput {
  during?: Moment | readonly Moment[] | undefined;
}

/** `during` in its one form. */
export function fullDuring({ during = "release" }: TimedInput): Timed {
  const moments = MOMENTS.filter((moment) => [during].flat().includes(moment));
  return moments.length === 0 || (moments.length === 1 && moments[0] === "release") ? {} : { during: moments };
}

/** Those of the checks that have to hold then. */
export function checksDuring<Check extends TimedInput>(checks: readonly Check[], moment: Moment): Check[] {
  return checks.filter((check) => (fullDuring(check).during ?? ["release"]).includes(moment));
}
