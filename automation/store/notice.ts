/** Something to tell people, written in the same transaction as what it tells of. */
export interface Notice {
  /** Makes it unique within its run or observation, e.g. `failed:slack`: a second one is left alone, so each goes out once. */
  key: string;
  /** Where it goes: `slack`, `feishu`, `webhook`. */
  target: string;
  payload: unknown;
}
