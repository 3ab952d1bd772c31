import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { openStore } from "../../../automation/store/open.ts";
import type { Store } from "../../../automation/store/store.ts";
import type { Engine } from "./engines.ts";

/** Two runners' stores on one database, which is another for each test. */
export interface Pair {
  url: string;
  store: Store;
  second: Store;
}

/** Opens them before each test of the block that this is called in, and closes them after it. */
export function usePair(engine: Engine, opened: (pair: Pair) => Promise<void> | void): void {
  let pair: Pair | undefined;
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());
  beforeEach(async () => {
    const url = await engine.createUrl();
    pair = { url, store: await openStore(url), second: await openStore(url) };
    await opened(pair);
  });
  afterEach(async () => {
    await pair?.store.close();
    await pair?.second.close();
  });
}
