import { openStore } from "../../../automation/store/open.ts";
import { request } from "./requests.ts";

/** Accepts one request after the other until it is killed and reports each only once it was accepted. */
const [url] = process.argv.slice(2);
if (!url) throw new Error("usage: acceptor.ts <databaseUrl>");

const store = await openStore(url);
for (let index = 0; ; index += 1) {
  const commit = index.toString(16).padStart(40, "0");
  const { run } = await store.accept(request({ commit }), Date.now());
  process.send?.({ run: run.id });
}
