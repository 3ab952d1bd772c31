// Preloaded into every Node process that the engine starts for us: `shortcutEnvironment` puts it there.
require("./load-late.cjs");
require("./end-with-engine.cjs");
